"""ONNX Runtime on tables of events: a row's score does not depend on its company."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import awkward as ak
import numpy as np

from oddjet.deploy.jet_status import SCORED
from oddjet.deploy.runtime import BYTES_PER_CONSTITUENT, Session
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from oddjet.features import TableSpec

__all__ = ["TableSession"]


class TableSession(Session):
    """Runs a model on the rows of a table.

    As many rows in a run as a core's cache takes. Neither the number of threads nor the
    company of a row changes its score, bit for bit, where ONNX Runtime computes the
    rows of a matrix product alike however many there are: its CPU provider does on x86
    (`tests/deploy/test_table_scorer.py`).

    Parameters
    ----------
    model : bytes
        An ONNX model as of `event_network_graph`.
    spec : TableSpec
        What it takes and gives.
    providers, threads
        As for `Session`.
    bytes_per_row : int
        What a row takes of the widest array inside the network.

    Raises
    ------
    MissingExtra, UserError
        As `Session`.
    """

    def __init__(
        self,
        model: bytes,
        spec: TableSpec,
        providers: Sequence[str] | str | None = None,
        threads: int | None = None,
        *,
        bytes_per_row: int = BYTES_PER_CONSTITUENT,
    ) -> None:
        super().__init__(model, providers, threads)
        self._spec = spec
        self._rows_per_run = max(1, self.activation_bytes // bytes_per_row)

    def score(self, table: object) -> ak.Array:
        """Score the rows of a table, as `oddjet.Scorer.score` describes."""
        is_records = isinstance(table, ak.Array) and table.ndim == 1 and table.fields
        if not (isinstance(table, Mapping) or is_records):
            message = (
                "this model scores tables of the quantities of events: give a mapping "
                "of its columns to arrays, or an awkward array with these fields"
            )
            raise UserError(message)
        features = self._features(table)
        finite = np.isfinite(features)
        usable: NDArray[np.bool_] = np.all(finite, axis=1)
        scores = self.run(np.where(usable[:, np.newaxis], features, 0))
        status = np.full(len(features), SCORED, object)
        for row in np.flatnonzero(~usable):
            name = self._spec.columns[int(np.argmin(finite[row]))]
            status[row] = f"{name} is not finite"
        columns = {
            name: np.where(usable, score, np.float32(np.nan))
            for name, score in scores.items()
        }
        return ak.Array({**columns, "status": status.astype(np.str_)})

    def run(self, features: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Score rows.

        Parameters
        ----------
        features : float32, shape (events, columns)
            Finite, in the order of the spec.

        Returns
        -------
        dict of name to float32, shape (events,)
        """
        names, size = list(self._spec.scores), self._rows_per_run
        found = {name: np.empty(len(features), np.float32) for name in names}

        def work(start: int) -> None:
            rows = slice(start, start + size)
            scores = self._session.run(names, {"features": features[rows]})
            for name, score in zip(names, scores, strict=True):
                found[name][rows] = score

        self.each(range(0, len(features), size), work)
        return found

    def _features(
        self, table: Mapping[str, ArrayLike] | ak.Array
    ) -> NDArray[np.float32]:
        names = self._spec.columns
        known = table.keys() if isinstance(table, Mapping) else table.fields
        missing = [name for name in names if name not in known]
        if missing:
            message = (
                f"the model takes the columns {', '.join(names)}; the table has no "
                f"{', '.join(missing)}"
            )
            raise UserError(message)
        columns = [np.asarray(table[name], np.float32) for name in names]
        for name, column in zip(names, columns, strict=True):
            if column.ndim != 1 or column.shape != columns[0].shape:
                message = (
                    "the columns of a table must have one number an event; "
                    f"{names[0]} has the shape {columns[0].shape} and {name} "
                    f"{column.shape}"
                )
                raise UserError(message)
        return np.stack(columns, axis=1)
