"""The counting stage: from scores to results.json."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.learn.folds import RESERVE
from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.provenance import oddjet_version
from oddjet.runs.seeds import derive_seed
from oddjet.searches import cross_checks
from oddjet.searches.composition import transfer_budget
from oddjet.searches.regions import CONTROL_REGION, SIGNAL_REGION
from oddjet.searches.scores import read_scores
from oddjet.searches.search import RESULTS
from oddjet.searches.stages import SCORES
from oddjet.stats.counting import counting_test

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from oddjet.runs.progress import Progress
    from oddjet.searches.monojet_config import CountingConfig
    from oddjet.searches.scores import RegionScores
    from oddjet.stats.counting import CountingResult
    from oddjet.stats.fold_counts import FoldCount

SCHEMA_VERSION = 1


def count(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a stage
    *,
    search: str,
    seed: int,
    scoring: str,
    is_null_test: bool,
    counting: CountingConfig,
    shares: Mapping[str, float],
    blinded: bool,
    unblinded: bool,
) -> None:
    """Count above the thresholds and write results.json."""
    regions = read_scores(inputs["score"] / SCORES)
    control = regions[CONTROL_REGION]
    cr_efficiency = counting.cr_efficiency
    results: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "search": search,
        "oddjet_version": oddjet_version(),
        "seed": seed,
        "scoring": scoring,
        "is_null_test": is_null_test,
        "blinded": blinded,
        "unblinded": unblinded,
        "deployed": _deployed(control, cr_efficiency),
    }
    if blinded:
        results |= _blinded(control, cr_efficiency)
    else:
        found = _Found(regions[SIGNAL_REGION].in_folds(), control.in_folds(), counting)
        results |= found.counts()
        if found.test.significance is not None:
            results |= found.checks(shares, derive_seed(seed, "efficiency scan"))
    write_json_atomic(directory / RESULTS, results)


def nominal_threshold(cr_efficiency: float) -> float:
    """Give the calibrated score that a control fraction `cr_efficiency` exceeds."""
    return -math.log10(cr_efficiency)


class _Found:
    """What is counted in two open regions."""

    def __init__(
        self, signal: RegionScores, control: RegionScores, counting: CountingConfig
    ) -> None:
        self.signal, self.control, self.counting = signal, control, counting
        self.test = counting_test(
            signal.score,
            control.score,
            efficiency=counting.cr_efficiency,
            sr_folds=signal.fold,
            cr_folds=control.fold,
            sr_weights=signal.weight,
            cr_weights=control.weight,
        )

    def counts(self) -> dict[str, Any]:
        """Give the entries of results.json that every search has."""
        test, cr_efficiency = self.test, self.counting.cr_efficiency
        results: dict[str, Any] = {
            "status": test.status,
            "significance": None,
            "p_value": test.p_value,
            "log10_p_value": test.log10_p,
            "uncertainty": {
                "statistical": test.uncertainty.get("statistical"),
                "systematic": None,
            },
            "counts": {
                "n_sr": test.n_sr,
                "n_expected": test.n_expected,
                "n_sr_total": len(self.signal),
                "n_cr_total": len(self.control),
                "num_not_scored": test.num_excluded_sr + test.num_excluded_cr,
                "cr_efficiency": cr_efficiency,
                "threshold": nominal_threshold(cr_efficiency),
                "folds": [_fold_row(fold) for fold in test.folds],
            },
            "paper_formula": _paper_formula(test),
        }
        if test.reason is not None:
            results["reason"] = test.reason
        if test.significance is not None:
            sigma = {"sigma": test.significance, "method": test.method}
            results["significance"] = sigma
        return results

    def checks(self, shares: Mapping[str, float], seed: int) -> dict[str, Any]:
        """Give the entries that stand beside a significance, or change it."""
        test, counting = self.test, self.counting
        results: dict[str, Any] = {
            "mismodelling": cross_checks.mismodelling(test),
            "low_tail": cross_checks.low_tail(
                self.signal, self.control, counting.cr_efficiency
            ),
        }
        transfer = transfer_budget(self.control, test, shares, counting)
        if transfer["total"] > 0:
            results["transfer"] = transfer
            results |= cross_checks.with_transfer(test, transfer["total"])
        if counting.scan_efficiencies:
            results["scan"] = cross_checks.scan(
                self.signal, self.control, counting.scan_efficiencies, seed
            )
        return results


def _blinded(control: RegionScores, cr_efficiency: float) -> dict[str, Any]:
    """Say nothing that depends on the signal region."""
    return {
        "status": "not_determined",
        "reason": "the signal region of these data is blinded; see --unblind",
        "significance": None,
        "p_value": None,
        "log10_p_value": None,
        "uncertainty": {"statistical": None, "systematic": None},
        "counts": {
            "n_cr_total": len(control.in_folds()),
            "cr_efficiency": cr_efficiency,
            "threshold": nominal_threshold(cr_efficiency),
        },
        "paper_formula": None,
    }


def _fold_row(fold: FoldCount) -> dict[str, Any]:
    return {
        "fold": fold.fold,
        "threshold": fold.threshold,
        "k": fold.k,
        "num_sr": fold.num_sr,
        "num_cr": fold.num_cr,
        "n_sr": fold.n_sr,
        "n_expected": fold.n_expected,
    }


def _paper_formula(test: CountingResult) -> dict[str, Any] | None:
    if test.paper_significance is None:
        return None
    return {
        "sigma": test.paper_significance,
        "formula": "(n_SR - n_exp) / sqrt(2 n_exp), arXiv:2204.11889; for samples of"
        " equal size",
        "sigma_unequal_sizes": test.two_sample_significance,
    }


def _deployed(control: RegionScores, cr_efficiency: float) -> dict[str, Any] | None:
    """Measure the efficiency of the deployed score on events no network saw."""
    reserve = (control.fold == RESERVE) & np.isfinite(control.deployed)
    total = control.weight[reserve].sum()
    if not total > 0:
        return None
    threshold = nominal_threshold(cr_efficiency)
    above = reserve & (control.deployed > threshold)
    return {
        "threshold": threshold,
        "efficiency": float(control.weight[above].sum() / total),
        "num_events": int(np.count_nonzero(reserve)),
    }
