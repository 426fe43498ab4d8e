"""What stands beside a count: its systematic uncertainty and its cross-checks."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.stats.counting import counting_test
from oddjet.stats.efficiency_scan import efficiency_scan
from oddjet.stats.transfer import explaining_mismodelling, transfer_test

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oddjet.searches.scores import RegionScores
    from oddjet.stats.counting import CountingResult

__all__ = ["low_tail", "mismodelling", "scan", "with_transfer"]

METHOD = "marginal over the transfer"


def with_transfer(test: CountingResult, relative: float) -> dict[str, Any]:
    """Give the entries of results.json that an uncertain transfer changes.

    Parameters
    ----------
    test : CountingResult
        Determined.
    relative : float
        Uncertainty of the ratio of the pass rates, > 0.

    Returns
    -------
    dict
        significance, p_value, log10_p_value, uncertainty, statistical_only.
    """
    statistical = test.uncertainty["statistical"]
    result = transfer_test(test.folds, relative, statistical=statistical)
    return {
        "significance": {"sigma": result.significance, "method": METHOD},
        "p_value": 10.0**result.log10_p,
        "log10_p_value": result.log10_p,
        "uncertainty": {
            "statistical": result.statistical,
            "systematic": result.systematic,
        },
        "statistical_only": {
            "sigma": test.significance,
            "method": test.method,
            "log10_p_value": test.log10_p,
        },
    }


def mismodelling(test: CountingResult) -> dict[str, Any]:
    """Say how wrong the control region must be for the excess to mean nothing."""
    return asdict(explaining_mismodelling(test.folds))


def low_tail(
    signal: RegionScores, control: RegionScores, cr_efficiency: float
) -> dict[str, Any] | None:
    """Count the lowest scores as the search counts the highest.

    Jets that only the control region has collect there, so an excess or a deficit
    tells of a control region that is not one, or of memorised jets.
    """
    test = counting_test(
        -signal.score,
        -control.score,
        efficiency=cr_efficiency,
        sr_folds=signal.fold,
        cr_folds=control.fold,
        sr_weights=signal.weight,
        cr_weights=control.weight,
    )
    if test.status != "ok":
        return None
    return {
        "n_sr": test.n_sr,
        "n_expected": test.n_expected,
        "sigma": test.significance,
        "log10_p_value": test.log10_p,
    }


def scan(
    signal: RegionScores,
    control: RegionScores,
    efficiencies: Sequence[float],
    seed: int,
) -> dict[str, Any]:
    """Test at several thresholds, with the price of having a choice."""
    alike = all(len(np.unique(r.weight)) == 1 for r in (signal, control))
    result = efficiency_scan(
        signal.score,
        control.score,
        efficiencies=efficiencies,
        seed=seed,
        sr_folds=signal.fold,
        cr_folds=control.fold,
        sr_weights=signal.weight,
        cr_weights=control.weight,
        # With weights, regions are drawn and ranked anew each time, which takes longer.
        pseudo_experiments=2000 if alike else 500,
    )
    return {
        "points": [asdict(point) for point in result.points],
        "best_efficiency": result.best.efficiency,
        "global_p_value": result.global_p,
        "global_sigma": result.global_significance,
        "trial_factor": result.trial_factor,
        "pseudo_experiments": result.pseudo_experiments,
    }
