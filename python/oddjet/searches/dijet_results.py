"""The results of a dijet search: every spectrum, the largest excess, its global p."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.report.dijet_wording import judged_significance
from oddjet.searches.dijet_hunts import HUNT, LARGEST
from oddjet.stats.trials import global_significance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from oddjet.campaigns.campaign import Outcome
    from oddjet.searches.dijet_config import DijetConfig
    from oddjet.searches.dijet_graph import Hunt
    from oddjet.stats.non_closure import NonClosure

__all__ = ["dijet_results", "significance_of"]

_METHOD = "signed root of the profile likelihood ratio, largest of the scan, global"


def dijet_results(
    config: DijetConfig,
    hunts: Sequence[tuple[Hunt, Outcome]],
    pseudo: Sequence[Path],
    *,
    non_closure: Mapping[tuple[str, str, float], NonClosure],
    retrained: Sequence[float | None],
    blinded: bool,
    unblinded: bool,
) -> dict[str, Any]:
    """Put the tasks together.

    Parameters
    ----------
    config : DijetConfig
    hunts : sequence of (Hunt, Outcome)
    pseudo : sequence of Path
        Results of the pseudo-experiments; none if there were none.
    non_closure : mapping of (features, template, efficiency) to NonClosure
        What the method finds without a signal, where that is known.
    retrained : sequence of float or None
        Largest significances of pseudo-experiments that trained everything anew.
    blinded, unblinded : bool

    Returns
    -------
    dict
        The content of results.json: `points` has an entry a spectrum; `significance`
        is the global one of the largest local excess, corrected for non-closure.
    """
    points = [
        _corrected(_point(hunt, outcome), non_closure.get(hunt.kind))
        for hunt, outcome in hunts
    ]
    good = [point for point in points if point.get("significance") is not None]
    largest = max(good, key=judged_significance) if good else None
    results: dict[str, Any] = {
        "schema_version": 1,
        "search": "dijet",
        "oddjet_version": version("oddjet"),
        "seed": config.seed,
        "status": "ok" if good or blinded else "not_determined",
        "blinded": blinded,
        "unblinded": unblinded,
        "is_null_test": False,
        "significance": None,
        "p_value": None,
        "uncertainty": {"statistical": None, "systematic": None},
        "points": points,
        "largest": largest,
    }
    if not good and not blinded:
        reasons = [point["reason"] for point in points if point["reason"]]
        results["reason"] = f"every window failed; the first: {reasons[0]}"
    if largest is not None and pseudo:
        results |= _global(largest, pseudo)
    if good and retrained:
        # As they come, before the correction that is made of these experiments.
        excess = max(point["significance"] for point in good)
        results["global_retrained"] = _trials(excess, retrained)
    return results


def significance_of(outcome: Outcome) -> float | None:
    """Read the significance of a hunt, None if it has none."""
    if outcome.reason is not None:
        return None
    found = json.loads((outcome.place / HUNT).read_text("utf-8"))
    value: float | None = found.get("significance")
    return value


def _corrected(point: dict[str, Any], closure: NonClosure | None) -> dict[str, Any]:
    """Put the corrected significance beside the other one."""
    if closure is None or point.get("significance") is None:
        return point
    centre = (point["low_gev"] + point["high_gev"]) / 2
    mean, spread = closure.at(centre)
    return point | {
        "corrected": closure.corrected(point["significance"], centre),
        "non_closure": {"mean": mean, "spread": spread},
    }


def _point(hunt: Hunt, outcome: Outcome) -> dict[str, Any]:
    named = {
        "features": hunt.features,
        "template": hunt.template,
        "efficiency": hunt.efficiency,
    }
    if outcome.reason is not None:
        window = hunt.window
        return {
            **named,
            "low_gev": window.low_gev,
            "high_gev": window.high_gev,
            "status": "failed",
            "reason": outcome.reason,
            "significance": None,
        }
    found: dict[str, Any] = json.loads((outcome.place / HUNT).read_text("utf-8"))
    return named | found


def _global(largest: dict[str, Any], pseudo: Sequence[Path]) -> dict[str, Any]:
    drawn: list[float | None] = []
    for place in pseudo:
        drawn += json.loads((place / LARGEST).read_text("utf-8"))
    found = _trials(judged_significance(largest), drawn)
    significance = {"sigma": found.pop("sigma"), "method": _METHOD}
    known = found["p_value"] is not None
    return {
        "significance": significance if known else None,
        "p_value": found.pop("p_value"),
        "global": found,
    }


def _trials(excess: float, drawn: Sequence[float | None]) -> dict[str, Any]:
    """Compare an excess with pseudo-experiments, None of which is a failed one."""
    values = np.array([np.nan if z is None else z for z in drawn])
    try:
        found = global_significance(excess, values)
    except ValueError:
        failed = int(np.sum(np.isnan(values)))
        reason = f"{failed} of {len(values)} pseudo-experiments failed in every window"
        return {"p_value": None, "sigma": None, "reason": reason}
    return {
        "p_value": found.p_value,
        "sigma": found.significance,
        "p_value_interval": list(found.interval),
        "pseudo_experiments": found.num_experiments,
        "as_large": found.num_as_large,
        "is_bound": found.is_bound,
    }
