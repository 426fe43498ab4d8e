"""Which quantities of an event a model was made for, as text that travels with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from oddjet.features.spec_text import SpecText

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TableSpec"]


@dataclass(frozen=True)
class TableSpec(SpecText):
    """The columns of a table of events that a model takes, and the scores it gives.

    Attributes
    ----------
    columns : tuple of str
        Quantities of an event, in order; names without spaces.
    scores : tuple of str
        Names of the outputs, each a number in [0, 1] an event.

    Raises
    ------
    ValueError
        Names that are missing, doubled or contain spaces; the message says which.

    Examples
    --------
    >>> spec = TableSpec(columns=("met", "transverse_ratio"), scores=("x", "y"))
    >>> TableSpec.from_text(spec.to_text()) == spec
    True
    """

    columns: tuple[str, ...]
    scores: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse names that the text could not carry."""
        for name in ("columns", "scores"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        self.raise_problems()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return self.columns

    def problems(self) -> list[str]:
        """Say what is wrong, for `raise_problems`."""
        return [
            f"{what} must be different names without spaces, got {list(names)}"
            for what, names in (("columns", self.columns), ("scores", self.scores))
            if not names
            or len(set(names)) < len(names)
            or any(name.split() != [name] for name in names)
        ]

    @staticmethod
    def parsers() -> dict[str, Callable[[str], Any]]:
        """How the text of each attribute is read."""
        return dict.fromkeys(("columns", "scores"), lambda words: tuple(words.split()))
