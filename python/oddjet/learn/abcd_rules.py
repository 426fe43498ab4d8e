"""A rule for the targets of ABCD constraints: what the analysis needs and events show.

A target follows from the non-closure that the analysis allows. Where the events are too
few to show it, it is raised to one and a half times what fluctuations alone leave; a
term that then asks for nothing is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oddjet.learn.abcd_config import ClosureTerm, DecorrelationTerm
from oddjet.stats.closure_targets import (
    closure_floor,
    closure_target,
    distance_correlation_floor,
    distance_correlation_target,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from oddjet.learn.abcd_config import AbcdTrainingConfig
    from oddjet.learn.abcd_sample import AbcdSample

__all__ = ["terms_by_rule"]

#: Above what fluctuations leave on average, so that a constraint can be met.
_MARGIN = 1.5
#: A symmetric closure of 0.3 is a prediction off by a factor of 1.9.
_USELESS = 0.3
#: Events of the best cut over those that a drawn one must leave: few cuts are the best.
_ROOM = 4
#: Fractions of background that pass a cut, for the rule of the distance correlation.
_PASSING = 0.1


def terms_by_rule(
    sample: AbcdSample,
    config: AbcdTrainingConfig,
    *,
    non_closure: float,
    independent_of: Sequence[str],
) -> AbcdTrainingConfig:
    """Give a training the terms of the talk, with targets by rule.

    Parameters
    ----------
    sample : AbcdSample
    config : AbcdTrainingConfig
        Of which the terms are replaced.
    non_closure : float
        That the analysis allows, relative.
    independent_of : sequence of str
        Variables of the sample from which both scores are decorrelated.

    Returns
    -------
    AbcdTrainingConfig
        With R(X, Y), R(X, v) and R(Y, v) for each variable, and for each plane with
        enough events its closure in total and in bins; each bin has the target that
        its own events can show, and those with too few of them none.
    """
    effective = max(sample.effective_background(config.batch_events), 1.0)
    wanted = distance_correlation_target(non_closure, pass_x=_PASSING, pass_y=_PASSING)
    target = max(wanted, _MARGIN * distance_correlation_floor(effective))
    pairs = [("X", "Y")]
    pairs += [(score, name) for name in independent_of for score in ("X", "Y")]
    decorrelate = tuple(DecorrelationTerm(between=p, target=target) for p in pairs)
    bins = [sample.bin_of == i for i in range(sample.num_bins)]
    closure = []
    for plane, inside in sample.planes.items():
        targets = [
            _closure_target(sample, place, non_closure, config)
            for place in (inside, *(inside & each for each in bins))
        ]
        whole, *in_bins = targets
        if whole is not None:
            closure.append(ClosureTerm(plane=plane, target=whole))
        if any(target is not None for target in in_bins):
            term = ClosureTerm(plane=plane, binned=True, target=tuple(in_bins))
            closure.append(term)
    return config.model_copy(
        update={"decorrelate": decorrelate, "closure": tuple(closure)}
    )


def _closure_target(
    sample: AbcdSample,
    place: NDArray[np.bool_],
    non_closure: float,
    config: AbcdTrainingConfig,
) -> float | None:
    """Give the target that the events of a place can show; None if they cannot."""
    # At best a cut leaves a quarter of the events in each region.
    quarter = sample.effective_background(config.batch_events, place) / 4
    share = min((config.batch_events or len(sample)) / len(sample), 1.0)
    drawn = share * int((place & ~sample.is_signal).sum()) / 4
    if quarter < 1 or drawn < _ROOM * config.cut_min_events:
        return None
    target = max(closure_target(non_closure), _MARGIN * closure_floor(*[quarter] * 4))
    return target if target < _USELESS else None
