"""Unlabelled jets with the scores of a model, and which of them teach or test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.io.read import iterate
from oddjet.learn.folds import half_of, in_reserve
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from oddjet.deploy.scorer import Scorer
    from oddjet.io.paths import Paths
    from oddjet.runs.progress import Progress

__all__ = ["CALIBRATES", "TEACHES", "TESTS", "UnlabelledJets", "scored_jets"]

TEACHES, CALIBRATES, TESTS = 0, 1, 2
# Share of the events that the student never trains on.
HELD_OUT = 0.3


@dataclass(frozen=True)
class UnlabelledJets:
    """Jets and what a model says about them.

    Attributes
    ----------
    values : float32, shape (jets, n, features)
    mask : bool, shape (jets, n)
    score : float32, shape (jets,)
        The model's, finite.
    weight : float64, shape (jets,)
    part : int64, shape (jets,)
        TEACHES, CALIBRATES or TESTS: by a hash of the event's source, so that copies
        of an event are in one part.
    """

    values: NDArray[np.float32]
    mask: NDArray[np.bool_]
    score: NDArray[np.float32]
    weight: NDArray[np.float64]
    part: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.score)

    def of_part(self, part: int) -> UnlabelledJets:
        """Give the jets of one part."""
        chosen = self.part == part
        columns = (self.values, self.mask, self.score, self.weight, self.part)
        return UnlabelledJets(*(column[chosen] for column in columns))


def scored_jets(
    scorer: Scorer, paths: Paths, *, most: int, progress: Progress
) -> UnlabelledJets:
    """Read events and score their leading jets, until there are enough.

    Parameters
    ----------
    scorer : Scorer
    paths : str, Path or sequence of them
    most : int
        Jets at most; what is behind them in the files is not read.
    progress : Progress

    Returns
    -------
    UnlabelledJets
        Events without a jet that can be scored are left out.

    Raises
    ------
    UserError
        As `oddjet.iterate` and `Scorer.prepare`; none of the events has a jet.
    """
    parts, found = [], 0
    with progress.task("jets", total=most) as task:
        for events in iterate(paths, 4096, columns=[scorer.feature_spec.source]):
            values, mask, _ = scorer.prepare(events)
            score, _ = scorer.score_tensors(values, mask)
            usable = np.isfinite(score)
            reserved = in_reserve(events.id, HELD_OUT)
            part = np.where(reserved, CALIBRATES + half_of(events.id), TEACHES)
            weight = events.weight.to_numpy().astype(np.float64)
            columns = (values, mask, score, weight, part)
            parts.append([column[usable] for column in columns])
            task.advance(int(usable.sum()))
            found += int(usable.sum())
            if found >= most:
                break
    if not found:
        message = f"no event of {paths} has a jet that the model can score"
        raise UserError(message)
    return UnlabelledJets(
        *(np.concatenate(column)[:most] for column in zip(*parts, strict=True))
    )
