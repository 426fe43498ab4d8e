"""Numbers that were found several times: their mean and spread."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Repeated", "markdown_table", "plain_rows", "summarised"]


@dataclass(frozen=True)
class Repeated:
    """A quantity of several trainings.

    Attributes
    ----------
    repeats : int
        How many found a number.
    mean : float or None
    spread : float or None
        Standard deviation over the repeats; None for one.
    error : float or None
        Of the mean: spread / sqrt(repeats).
    """

    repeats: int
    mean: float | None
    spread: float | None
    error: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> Repeated:
        """Summarise values; those that are NaN were not determined.

        Examples
        --------
        >>> Repeated.of([0.4, 0.6, float("nan")]).mean
        0.5
        """
        found = np.array([value for value in values if math.isfinite(value)])
        count = len(found)
        spread = float(np.std(found, ddof=1)) if count > 1 else None
        return cls(
            count,
            float(np.mean(found)) if count else None,
            spread,
            None if spread is None else spread / math.sqrt(count),
        )

    def __str__(self) -> str:
        """Write mean and spread, as a table does."""
        if self.mean is None:
            return "not determined"
        if self.spread is None:
            return f"{self.mean:.3f}"
        return f"{self.mean:.3f} ± {self.spread:.3f}"


def summarised(rows: Sequence[Mapping[str, float]]) -> dict[str, dict[str, object]]:
    """Summarise each quantity of the repeats.

    Parameters
    ----------
    rows : sequence of mapping of name to float
        The same names in each.

    Returns
    -------
    dict of name to dict
        The fields of `Repeated`.
    """
    return {name: asdict(Repeated.of([row[name] for row in rows])) for name in rows[0]}


def plain_rows(rows: Sequence[Mapping[str, float]]) -> list[dict[str, float | None]]:
    """Put None in the place of what was not determined, which JSON cannot hold.

    Examples
    --------
    >>> plain_rows([{"auc": 0.5, "improvement": float("nan")}])
    [{'auc': 0.5, 'improvement': None}]
    """
    return [
        {name: value if math.isfinite(value) else None for name, value in row.items()}
        for row in rows
    ]


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table in Markdown, each line ended by a newline."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
