"""What studies of a signal and a background have in common: points and judgements."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.config import ConfigModel
from oddjet.stats.classification import best_accuracy, significance_improvement
from oddjet.stats.roc import area_by_label
from oddjet.studies.repeats import plain_rows, summarised

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "BACKGROUND",
    "SIGNAL",
    "judged_on_mixtures",
    "judged_on_pure_samples",
    "read_points",
    "without_files",
    "write_point",
]

SIGNAL, BACKGROUND = "signal", "background"
POINT = "point.json"

Config = TypeVar("Config", bound=ConfigModel)


def without_files(config: Config, **change: object) -> Config:
    """Leave out where the files of both samples are: what they hold enters by stages.

    Parameters
    ----------
    config : ConfigModel
        With `signal` and `background`.
    **change
        Further fields to change.

    Returns
    -------
    ConfigModel
    """
    samples = {
        name: getattr(config, name).model_copy(update={"files": ("-",)})
        for name in (SIGNAL, BACKGROUND)
    }
    return config.model_copy(update={**samples, **change})


def write_point(
    directory: Path, repeats: Sequence[Mapping[str, float]], **what: object
) -> None:
    """Write what the trainings of a point found, as its stage; `what` says which."""
    found = {"summary": summarised(repeats), "repeats": plain_rows(repeats)}
    write_json_atomic(directory / POINT, {**what, **found})


def read_points(
    inputs: Mapping[str, Path], names: Sequence[str]
) -> list[dict[str, Any]]:
    """Read what `write_point` wrote in the stages of these names."""
    return [json.loads((inputs[name] / POINT).read_text("utf-8")) for name in names]


def judged_on_pure_samples(
    score: NDArray[np.floating[Any]],
    is_signal: NDArray[np.bool_],
    weights: NDArray[np.float64],
    *,
    efficiencies: Sequence[float] = (),
    before: float = 0.0,
) -> dict[str, float]:
    """Judge a network by truth, on events that it has not seen.

    Parameters
    ----------
    score : float, shape (events,)
    is_signal : bool, shape (events,)
    weights : float64, shape (events,)
    efficiencies : sequence of float
        Shares of the background that cuts keep.
    before : float
        S / sqrt(B) before the cut.

    Returns
    -------
    dict of name to float
        `auc` (a signal scores high: never one minus it) with `auc_error`; `accuracy`,
        the best of all thresholds; for each cut `improvement_0.1` and so on, by which
        S / sqrt(B) is multiplied, and `after_0.1`, what it becomes.
    """
    auc = area_by_label(score, is_signal, weights)
    found = {
        "auc": auc.value,
        "auc_error": auc.error,
        "accuracy": best_accuracy(score, is_signal, weights),
    }
    for each in efficiencies:
        gain = significance_improvement(score, is_signal, each, weights).value
        found |= {f"improvement_{each:g}": gain, f"after_{each:g}": gain * before}
    return found


def judged_on_mixtures(
    score: NDArray[np.floating[Any]],
    is_first: NDArray[np.bool_],
    weights: NDArray[np.float64],
) -> dict[str, float]:
    """Judge a network by the labels it was trained with, on events it has not seen.

    Returns
    -------
    dict of name to float
        `auc_mixtures` and its `auc_mixtures_error`.
    """
    auc = area_by_label(score, is_first, weights)
    return {"auc_mixtures": auc.value, "auc_mixtures_error": auc.error}
