"""What the uncertain composition of a mixed control region does to the transfer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.stats.fold_counts import above_thresholds
from oddjet.stats.transfer import composition_uncertainty, explaining_mismodelling

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oddjet.searches.monojet_config import CountingConfig
    from oddjet.searches.scores import RegionScores
    from oddjet.stats.counting import CountingResult

__all__ = ["transfer_budget"]


def transfer_budget(
    control: RegionScores,
    test: CountingResult,
    shares: Mapping[str, float],
    counting: CountingConfig,
) -> dict[str, Any]:
    """Add up what is not known about the transfer from control to signal region.

    Parameters
    ----------
    control : RegionScores
        In folds, with `source` if there are several control regions.
    test : CountingResult
        Determined.
    shares : mapping of source to float
        Empty for one control region.
    counting : CountingConfig

    Returns
    -------
    dict
        Relative uncertainties of the pass rate: "given" by the configuration, that of
        the "composition", and their quadratic sum "total". With several control
        regions also "sources" (a row each, as `_row` gives it) and the
        "relative_uncertainty" of every share.
    """
    given = counting.transfer_uncertainty
    relative = counting.composition_uncertainty
    efficiency = _efficiencies(control, test, shares)
    if not any(value > 0 for value in efficiency.values()):
        return {"given": given, "composition": 0.0, "total": given}
    # Changes are linear in the uncertainty, so those of 1 serve for any.
    unit = composition_uncertainty(efficiency, shares, relative=1.0)
    composition = relative * unit["total"]
    explains = explaining_mismodelling(test.folds).explains
    return {
        "given": given,
        "composition": composition,
        "total": math.hypot(given, composition),
        "relative_uncertainty": relative,
        "sources": {
            source: {
                "share": shares[source],
                "num_events": int(np.count_nonzero(control.source == source)),
                "efficiency": efficiency[source],
                "shift": relative * unit[source],
                "explains": _explaining(explains, unit[source]),
            }
            for source in shares
        },
    }


def _efficiencies(
    control: RegionScores, test: CountingResult, shares: Mapping[str, float]
) -> dict[str, float]:
    """Give the weighted fraction of each control region above the thresholds."""
    if control.source is None:
        return {}
    every = np.ones(len(control), np.bool_)
    above = above_thresholds(test.folds, control.score, control.fold, every)
    found = {}
    for source in shares:
        weight = control.weight * (control.source == source)
        total = float(weight.sum())
        found[source] = float(weight[above].sum()) / total if total > 0 else 0.0
    return found


def _explaining(explains: float, change: float) -> float | None:
    """Relative change of a share that gives all of the excess; None if none does.

    A share cannot fall by more than all of itself.
    """
    if change == 0:
        return None
    wanted = explains / change
    return wanted if wanted >= -1 else None
