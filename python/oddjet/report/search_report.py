"""Everything a report page shows, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CONTROL_REGION",
    "SIGNAL_REGION",
    "CutRow",
    "SearchReport",
    "close_signal_region",
    "is_blinded",
]

SIGNAL_REGION = "signal_region"
CONTROL_REGION = "control_region"

CutRow = tuple[str, int, float, float]

# A list of what may be shown, not of what may not: a number that is added to
# results.json later stays closed until somebody decides otherwise.
_OPEN_RESULTS = (
    "schema_version",
    "search",
    "oddjet_version",
    "seed",
    "scoring",
    "blinded",
)
_OPEN_COUNTS = ("n_cr_total", "cr_efficiency", "threshold")
_OPEN_FOLD = ("fold", "k", "num_cr", "threshold")


@dataclass(frozen=True)
class SearchReport:
    """The content of one report page.

    Attributes
    ----------
    title : str
        Heading of the page.
    results : mapping
        The content of results.json. ``uncertainty`` is that of
        ``n_sr - n_expected``, in jets.
    cutflows : mapping of region to rows
        Of several control regions one each, "control_region-" and its name. Rows are
        (name of the cut, events, sum of weights, sum of squared weights), first row
        first.
    scores : mapping of region to float array, shape (events,)
        Calibrated scores of the ``signal_region`` and the ``control_region``; NaN
        where an event could not be scored.
    threshold : float or None
        Calibrated score above which jets are counted; None if there is none.
    truth : mapping of region to array of str, shape (events,), optional
        Names of the simulated processes. Shown under that name, used for nothing.
    observables : mapping of observable to float array, shape (events,)
        Of the jets of the signal region, in the order of its scores.
    selected : bool, shape (events,), optional
        Which of them were counted.
    weights : mapping of region to float array, shape (events,), optional
        Event weights of the score figures; one each if absent.
    folds : sequence of mappings
        One row a fold. The folds of ``results["counts"]`` if empty.
    training_history : sequence of sequences of float
        Loss of each epoch, for each network.
    training_names : sequence of str
        Of the networks; folds if empty.
    config_yaml : str
        The resolved configuration.
    provenance : mapping
        Versions and machine, without dates, hosts and paths.

    Raises
    ------
    ValueError
        Truth or weights do not match the scores of their region.
    """

    title: str
    results: Mapping[str, Any]
    cutflows: Mapping[str, Sequence[CutRow]]
    scores: Mapping[str, NDArray[np.floating]]
    threshold: float | None
    truth: Mapping[str, NDArray[Any]] | None = None
    observables: Mapping[str, NDArray[np.floating]] = field(default_factory=dict)
    selected: NDArray[np.bool_] | None = None
    weights: Mapping[str, NDArray[np.floating]] | None = None
    folds: Sequence[Mapping[str, Any]] = ()
    training_history: Sequence[Sequence[float]] = ()
    training_names: Sequence[str] = ()
    config_yaml: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, arrays in (("truth", self.truth), ("weights", self.weights)):
            for region, array in (arrays or {}).items():
                num_scores = len(self.scores.get(region, ()))
                if len(array) != num_scores:
                    message = (
                        f"SearchReport: {name} of {region} has {len(array)} entries,"
                        f" its scores have {num_scores}"
                    )
                    raise ValueError(message)


def is_blinded(results: Mapping[str, Any]) -> bool:
    """Whether the signal region must stay closed."""
    return bool(results.get("blinded", False))


def close_signal_region(report: SearchReport) -> SearchReport:
    """Keep only what may be seen while the search is blind.

    The training history goes as well: the loss of a network that tells the signal
    region from the control region is a measurement of the signal region.
    """
    counts = report.results.get("counts") or {}
    results = _only(report.results, _OPEN_RESULTS)
    results["blinded"] = True
    results["counts"] = _only(counts, _OPEN_COUNTS)
    folds = report.folds or counts.get("folds", ())
    return replace(
        report,
        results=results,
        cutflows={
            name: rows
            for name, rows in report.cutflows.items()
            # One of several control regions has its name after a hyphen.
            if name.partition("-")[0] == CONTROL_REGION
        },
        scores=_only(report.scores, (CONTROL_REGION,)),
        truth=None,
        observables={},
        selected=None,
        weights=_only(report.weights, (CONTROL_REGION,)) if report.weights else None,
        folds=[_only(fold, _OPEN_FOLD) for fold in folds],
        training_history=(),
        training_names=(),
    )


def _only(mapping: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: mapping[key] for key in keys if key in mapping}
