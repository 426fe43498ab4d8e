"""Which tensors a model was made for, as text that travels with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from oddjet import _core
from oddjet.features.spec_text import ALGORITHMS, SpecText

#: Version of each feature's definition; it changes with the feature's values.
FEATURE_VERSIONS: dict[str, int] = _core.feature_versions()


@dataclass(frozen=True)
class FeatureSpec(SpecText):
    """The jet and the constituent features that a model was made for.

    It travels with a model as plain `key = value` text and says, word for word,
    which tensors the model may be given.

    Attributes
    ----------
    source : str
        Collection of the events that is clustered.
    algorithm : str
        "antikt", "kt" or "cambridge_aachen".
    radius : float
        Jet radius R.
    jet : str
        "leading": the hardest jet of the event.
    num_constituents : int
        Hardest constituents that are kept; fewer are padded with zeros.
    features : tuple of str
        Names and order, see `oddjet.features.constituent_features`.
    versions : tuple of int
        Version of each feature's definition; those of this oddjet if left out.

    Raises
    ------
    ValueError
        A value that no jet or feature has; the message names it.

    Examples
    --------
    >>> spec = FeatureSpec(radius=1.0, features=("log_pt", "delta_r"))
    >>> FeatureSpec.from_text(spec.to_text()) == spec
    True
    >>> spec.differences(FeatureSpec(radius=0.8, features=("log_pt", "delta_r")))
    ['radius is 1.0 here and 0.8 there']
    """

    source: str = "particles"
    algorithm: str = "antikt"
    radius: float = 0.8
    jet: str = "leading"
    num_constituents: int = 40
    features: tuple[str, ...] = (
        "delta_rapidity",
        "delta_azimuth",
        "log_pt",
        "log_pt_ratio",
        "log_energy",
        "log_energy_ratio",
        "delta_r",
    )
    versions: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Fill in the versions and refuse what no kernel could compute."""
        object.__setattr__(self, "features", tuple(self.features))
        object.__setattr__(self, "versions", tuple(self.versions))
        if not self.versions:
            current = tuple(FEATURE_VERSIONS.get(name, 0) for name in self.features)
            object.__setattr__(self, "versions", current)
        object.__setattr__(self, "radius", float(self.radius))
        self.raise_problems()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of a constituent."""
        return self.features

    def problems(self) -> list[str]:
        """Say what is wrong, for `raise_problems`."""
        known = ", ".join(FEATURE_VERSIONS)
        unknown = [name for name in self.features if name not in FEATURE_VERSIONS]
        checks = {
            f"source must be a collection's name, got {self.source!r}": (
                self.source.isidentifier()
            ),
            f"algorithm must be one of {', '.join(ALGORITHMS)}, "
            f"got {self.algorithm!r}": self.algorithm in ALGORITHMS,
            f"radius must be > 0 and <= 1000, got {self.radius}": (
                0 < self.radius <= 1000
            ),
            f"jet must be 'leading', got {self.jet!r}": self.jet == "leading",
            f"num_constituents must be >= 1, got {self.num_constituents}": (
                self.num_constituents >= 1
            ),
            "at least one feature is needed": len(self.features) > 0,
            f"unknown features {', '.join(unknown)}; known are {known}": not unknown,
            f"a feature is named twice in {', '.join(self.features)}": (
                len(set(self.features)) == len(self.features)
            ),
            f"versions must be one per feature ({len(self.features)}), "
            f"got {len(self.versions)}": len(self.versions) == len(self.features),
        }
        return [problem for problem, fine in checks.items() if not fine]

    def check_versions(self) -> None:
        """Refuse a definition that this oddjet does not compute.

        Raises
        ------
        ValueError
            The feature and both versions are named.
        """
        for name, version in zip(self.features, self.versions, strict=True):
            if version != FEATURE_VERSIONS[name]:
                message = (
                    f"feature {name} is wanted in version {version}, this oddjet "
                    f"computes version {FEATURE_VERSIONS[name]}; use the release the "
                    "spec is from"
                )
                raise ValueError(message)

    @staticmethod
    def parsers() -> dict[str, Callable[[str], Any]]:
        """How the text of each attribute is read."""
        return {
            "radius": float,
            "num_constituents": int,
            "features": lambda words: tuple(words.split()),
            "versions": lambda words: tuple(int(word) for word in words.split()),
        }
