"""Which tensors a model was made for, as text that travels with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from oddjet import _core
from oddjet.runs.key_values import parse_key_values

#: Version of each feature's definition; it changes with the feature's values.
FEATURE_VERSIONS: dict[str, int] = _core.feature_versions()

_ALGORITHMS = ("antikt", "kt", "cambridge_aachen")


@dataclass(frozen=True)
class FeatureSpec:
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
        for problem in self._problems():
            message = f"FeatureSpec: {problem}"
            raise ValueError(message)

    def _problems(self) -> list[str]:
        known = ", ".join(FEATURE_VERSIONS)
        unknown = [name for name in self.features if name not in FEATURE_VERSIONS]
        checks = {
            f"source must be a collection's name, got {self.source!r}": (
                self.source.isidentifier()
            ),
            f"algorithm must be one of {', '.join(_ALGORITHMS)}, "
            f"got {self.algorithm!r}": self.algorithm in _ALGORITHMS,
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

    def to_text(self) -> str:
        """Write the spec as lines of `key = value`; lists are separated by spaces.

        Returns
        -------
        str
            One line per attribute, each ended by a newline.
        """
        return "".join(f"{key} = {text}\n" for key, text in self._texts().items())

    @classmethod
    def from_text(cls, text: str) -> FeatureSpec:
        """Read what `to_text` wrote.

        Parameters
        ----------
        text : str
            Lines of `key = value`, every key once; empty lines are skipped.

        Returns
        -------
        FeatureSpec

        Raises
        ------
        ValueError
            An unknown, missing or doubled key, a line without `=`, or a value that
            does not fit.
        """
        try:
            values = parse_key_values(text)
        except ValueError as error:
            message = f"FeatureSpec: {error}"
            raise ValueError(message) from None
        names = [field.name for field in fields(cls)]
        if sorted(values) != sorted(names):
            message = (
                f"FeatureSpec: the text must have the keys {', '.join(names)}, "
                f"got {', '.join(values)}"
            )
            raise ValueError(message)
        return cls(**{name: _parsed(name, values[name]) for name in names})

    def differences(self, other: FeatureSpec) -> list[str]:
        """Say what differs between two specs.

        Parameters
        ----------
        other : FeatureSpec

        Returns
        -------
        list of str
            One sentence per attribute that differs; empty for equal specs.
        """
        mine, theirs = self._texts(), other._texts()
        return [
            f"{key} is {mine[key]} here and {theirs[key]} there"
            for key in mine
            if mine[key] != theirs[key]
        ]

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

    def _texts(self) -> dict[str, str]:
        return {
            "source": self.source,
            "algorithm": self.algorithm,
            "radius": repr(float(self.radius)),
            "jet": self.jet,
            "num_constituents": str(self.num_constituents),
            "features": " ".join(self.features),
            "versions": " ".join(str(version) for version in self.versions),
        }


def _parsed(name: str, text: str) -> Any:
    parsers: dict[str, Callable[[str], Any]] = {
        "radius": float,
        "num_constituents": int,
        "features": lambda words: tuple(words.split()),
        "versions": lambda words: tuple(int(word) for word in words.split()),
    }
    try:
        return parsers.get(name, str)(text)
    except ValueError as error:
        message = f"FeatureSpec: {name} = {text}: {error}"
        raise ValueError(message) from None
