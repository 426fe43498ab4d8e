"""Which Lund trees a model was made for, as text that travels with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from oddjet import _core
from oddjet.features.spec_text import ALGORITHMS, SpecText

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LUND_TREE_VERSION", "LundSpec"]

#: Version of the trees' definition; it changes with any value or neighbour of a node.
LUND_TREE_VERSION = 1

_WITH_LOGARITHMS = ("ln_z", "ln_delta", "psi", "ln_m", "ln_kt")
_WITHOUT = ("z", "delta", "psi", "mass", "kt")


@dataclass(frozen=True)
class LundSpec(SpecText):
    """The jets of an event and the Lund tree of each that a model was made for.

    Attributes
    ----------
    source : str
        Collection of the events that is clustered.
    algorithm : str
        "antikt", "kt" or "cambridge_aachen".
    radius : float
        Jet radius R.
    pt_min_gev : float
        Jets are at or above this [GeV].
    abs_eta_max : float
        Their |eta| is at or below this; infinite for no bound.
    num_jets : int
        Hardest such jets of an event that are scored.
    variables : tuple of str
        Of a node, in order: names of `oddjet.lund_tree`, all with logarithms or all
        without.
    plane, kt_min_gev, psi, below_kt, leaves
        As in `oddjet.lund_tree`.
    version : int
        Of the definition of the trees.

    Raises
    ------
    ValueError
        A value that no jet or tree has; the message names it.

    Examples
    --------
    >>> spec = LundSpec(variables=("ln_z", "ln_delta", "ln_kt"))
    >>> LundSpec.from_text(spec.to_text()) == spec
    True
    >>> spec.differences(LundSpec(variables=spec.variables, plane="primary"))
    ['plane is full here and primary there']
    """

    source: str = "particles"
    algorithm: str = "antikt"
    radius: float = 0.8
    pt_min_gev: float = 150.0
    abs_eta_max: float = 2.4
    num_jets: int = 2
    variables: tuple[str, ...] = _WITH_LOGARITHMS
    plane: str = "full"
    kt_min_gev: float = 0.0
    psi: str = "arctan"
    below_kt: str = "follow_harder"
    leaves: bool = False
    version: int = LUND_TREE_VERSION

    def __post_init__(self) -> None:
        """Refuse what no kernel could compute."""
        object.__setattr__(self, "variables", tuple(self.variables))
        for name in ("radius", "pt_min_gev", "abs_eta_max", "kt_min_gev"):
            object.__setattr__(self, name, float(getattr(self, name)))
        self.raise_problems()
        # The kernel refuses, in its words, what it does not know.
        _core.LundOptions(
            plane=self.plane,
            psi=self.psi,
            below_kt=self.below_kt,
            empty="zeros",
            kt_min_gev=self.kt_min_gev,
            delta_min=0.0,
            leaves=self.leaves,
            logarithms=self.logarithms,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of a node."""
        return self.variables

    @property
    def logarithms(self) -> bool:
        """Whether the variables are logarithms."""
        return set(self.variables) <= set(_WITH_LOGARITHMS)

    def check_versions(self) -> None:
        """Refuse a definition that this oddjet does not compute.

        Raises
        ------
        ValueError
            Both versions are named.
        """
        if self.version != LUND_TREE_VERSION:
            message = (
                f"Lund trees are wanted in version {self.version}, this oddjet makes "
                f"version {LUND_TREE_VERSION}; use the release the spec is from"
            )
            raise ValueError(message)

    def problems(self) -> list[str]:
        """Say what is wrong, for `raise_problems`."""
        known = {*self.variables} <= {*_WITHOUT} or self.logarithms
        checks = {
            f"source must be a collection's name, got {self.source!r}": (
                self.source.isidentifier()
            ),
            f"algorithm must be one of {', '.join(ALGORITHMS)}, "
            f"got {self.algorithm!r}": self.algorithm in ALGORITHMS,
            f"radius must be > 0 and <= 1000, got {self.radius}": (
                0 < self.radius <= 1000
            ),
            f"pt_min_gev must be >= 0 and finite, got {self.pt_min_gev}": (
                0 <= self.pt_min_gev < math.inf
            ),
            f"kt_min_gev must be >= 0 and finite, got {self.kt_min_gev}": (
                0 <= self.kt_min_gev < math.inf
            ),
            f"abs_eta_max must be > 0, got {self.abs_eta_max}": self.abs_eta_max > 0,
            f"num_jets must be >= 1, got {self.num_jets}": self.num_jets >= 1,
            "variables must be different ones, of "
            f"{', '.join(_WITH_LOGARITHMS)} or of {', '.join(_WITHOUT)}, got "
            f"{', '.join(self.variables)}": (
                known and 0 < len(self.variables) == len(set(self.variables))
            ),
            "leaves have kt = delta = 0: they need variables without logarithms": (
                not (self.leaves and self.logarithms)
            ),
        }
        return [problem for problem, fine in checks.items() if not fine]

    @staticmethod
    def parsers() -> dict[str, Callable[[str], Any]]:
        """How the text of each attribute is read."""
        return {
            "radius": float,
            "pt_min_gev": float,
            "abs_eta_max": float,
            "num_jets": int,
            "variables": lambda words: tuple(words.split()),
            "kt_min_gev": float,
            "leaves": {"true": True, "false": False}.__getitem__,
            "version": int,
        }
