"""What every background template gives, and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from oddjet.background.latent import LatentSpaces

__all__ = ["FeatureTable", "Template"]


@dataclass(frozen=True)
class FeatureTable:
    """Events as a table.

    Attributes
    ----------
    features : float64, shape (events, features)
    mass_gev : float64, shape (events,)
        The resonant variable.
    folds : int64, shape (events,)
        Of the source of each event (`oddjet.learn.folds.fold_of`).
    weights : float64, shape (events,)

    Raises
    ------
    UserError
        Columns of different lengths, or a value that is not finite (its row is
        named).
    """

    features: NDArray[np.float64]
    mass_gev: NDArray[np.float64]
    folds: NDArray[np.int64]
    weights: NDArray[np.float64]

    def __post_init__(self) -> None:
        columns = (self.mass_gev, self.folds, self.weights)
        if self.features.ndim != 2 or any(
            column.shape != self.features.shape[:1] for column in columns
        ):
            shapes = [self.features.shape, *(column.shape for column in columns)]
            message = (
                "a feature table needs features (events, features) and one mass, fold "
                f"and weight an event, got the shapes {shapes}"
            )
            raise UserError(message)
        finite = np.isfinite(self.features).all(axis=1)
        bad = ~(finite & np.isfinite(self.mass_gev) & np.isfinite(self.weights))
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            message = f"a feature, mass or weight of row {row} is not finite"
            raise UserError(message)

    def __len__(self) -> int:
        """Count the events."""
        return len(self.features)

    def __getitem__(
        self, chosen: NDArray[np.bool_] | NDArray[np.int64]
    ) -> FeatureTable:
        """Select events."""
        return FeatureTable(
            self.features[chosen],
            self.mass_gev[chosen],
            self.folds[chosen],
            self.weights[chosen],
        )


@dataclass(frozen=True)
class Template:
    """A background template in the signal region.

    Attributes
    ----------
    method : str
        What made it.
    table : FeatureTable
        Its folds split training from validation: copies of an event have its fold,
        and events drawn from a density any of those that taught it.
    sources : int64, shape (events,)
        Rows of the table that the template was made of; -1 for events that belong to
        no single one (drawn from a density).
    held_out : int64, shape (events,), optional
        The fold that the model behind an event has not seen. Without it the features
        of an event are those of its source.
    beside : FeatureTable, optional
        What the models make of the sidebands, to be compared with the data there. Its
        folds are those that the model behind an event has not seen. None where the
        template is the sidebands.
    spaces : LatentSpaces, optional
        Carry the data to where the template is, for the networks of each fold. None
        where both have the same features.
    """

    method: str
    table: FeatureTable
    sources: NDArray[np.int64]
    held_out: NDArray[np.int64] | None = None
    beside: FeatureTable | None = None
    spaces: LatentSpaces | None = None

    def seen_by(self, fold: int) -> NDArray[np.bool_]:
        """Choose the events that a network may see which is to score a fold.

        A network that saw copies of the events that it scores calls them background:
        that fakes an excess.

        Parameters
        ----------
        fold : int

        Returns
        -------
        bool, shape (events,)
        """
        if self.held_out is None:
            return np.asarray(self.table.folds != fold)
        return np.asarray((self.held_out == fold) & (self.table.folds != fold))
