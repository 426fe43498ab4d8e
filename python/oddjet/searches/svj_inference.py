"""The tasks of a search for semi-visible jets: from cuts to closure and limits."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.runs.atomic import write_json_atomic, write_text_atomic
from oddjet.runs.errors import UserError
from oddjet.searches.svj_data import OBSERVED
from oddjet.searches.svj_scan import read_scan, scan_of_part, write_scan
from oddjet.searches.svj_tasks import mass_bin, scored
from oddjet.searches.svj_yields import yields_json, yields_of
from oddjet.stats.abcd import closure_tests_of_processes
from oddjet.stats.abcd_likelihood import (
    AbcdLikelihood,
    AbcdUncertainties,
    normalisation_shifts,
)
from oddjet.stats.abcd_limits import abcd_limit, toy_cls
from oddjet.stats.abcd_workspace import REGIONS, abcd_workspace, combine_card
from oddjet.stats.binned_closure import binned_closure_test
from oddjet.stats.region_yields import FourRegions, RegionYields, count_regions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.runs.progress import Progress
    from oddjet.searches.svj_config import UncertaintiesConfig
    from oddjet.searches.svj_events import SvjEvents
    from oddjet.stats.abcd_scan import WorkingPointRules

__all__ = ["CARD", "EVALUATION", "LIMIT", "WORKSPACE", "evaluate", "limit"]

EVALUATION, LIMIT = "evaluation.json", "limit.json"
WORKSPACE, CARD = "workspace.json", "combine.txt"


def evaluate(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a task
    *,
    rules: WorkingPointRules,
    mass_edges_gev: Sequence[float],
    asimov: bool,
) -> None:
    """Test the prediction on events that neither training nor scan has seen.

    Also scans the cuts there, which chooses nothing: it shows what moving the
    boundaries does.
    """
    scan = read_scan(inputs["scan"])
    if scan.cut is None:
        raise UserError(str(scan.reason))
    cut = scan.cut
    events, scores = scored(inputs)
    weight = events.whole_weight("test")
    bin_of = mass_bin(events.mass, mass_edges_gev)

    def count(chosen: NDArray[np.bool_]) -> RegionYields:
        rows = chosen & (weight != 0)
        return count_regions(
            *scores[:, rows],
            cut=cut,
            weights=weight[rows],
            bin_of=bin_of[rows],
            num_bins=len(mass_edges_gev) - 1,
            source=events.source[rows],
        )

    inside = {"SP": events.in_signal_plane, "VP": ~events.in_signal_plane}
    planes = {
        plane: _plane(
            events, {name: count(here & events.of(name)) for name in events.names}
        )
        for plane, here in inside.items()
    }
    write_json_atomic(
        directory / EVALUATION,
        {"cut": cut, "mass_edges_gev": list(mass_edges_gev), "planes": planes},
    )
    again = scan_of_part(
        events,
        scores,
        "test",
        rules=rules,
        mass_edges_gev=mass_edges_gev,
        asimov=asimov,
    )
    write_scan(directory, replace(again, chosen=scan.chosen))


def _plane(events: SvjEvents, yields: Mapping[str, RegionYields]) -> dict[str, Any]:
    backgrounds = {name: yields[name] for name in events.backgrounds}
    closures = closure_tests_of_processes(
        {name: each.total() for name, each in backgrounds.items()}
    )
    first, *others = backgrounds.values()
    total = sum(others, start=first)
    summed = total.total()
    effective = {
        region: _effective(getattr(summed.weight, region), variance)
        for region, variance in zip(
            REGIONS, summed.variance.named.values(), strict=True
        )
    }
    return {
        "yields": {name: yields_json(each) for name, each in yields.items()},
        "total": yields_json(total),
        "closures": {name: asdict(each) for name, each in closures.items()},
        "binned": asdict(binned_closure_test(total)),
        "effective_events": effective,
    }


def _effective(weight: float, variance: float) -> float:
    return weight**2 / variance if variance > 0 else 0.0


def limit(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a task
    *,
    point: str,
    uncertainties: UncertaintiesConfig,
    normalisation: Mapping[str, float],
    toys: int,
    seed: int,
) -> None:
    """Set limits on one point of the signal; write what other programs need.

    Without data in the signal plane the control regions are those that simulation
    expects, and limits are expected ones.
    """
    found = json.loads((inputs["evaluation"] / EVALUATION).read_text("utf-8"))
    plane = found["planes"]["SP"]
    signal = yields_of(plane["yields"][point]).weight
    sizes = AbcdUncertainties(
        {
            name: size
            for name, size in (
                ("luminosity", uncertainties.luminosity),
                ("acceptance", uncertainties.acceptance),
            )
            if size > 0
        },
        _non_closure(plane, uncertainties.non_closure_min),
        _shifts(plane, normalisation),
    )
    observed, blind = yields_of(plane["total"]).weight, True
    if "observed" in inputs:
        data = json.loads((inputs["observed"] / OBSERVED).read_text("utf-8"))
        observed, blind = yields_of(data["SP"]["yields"]).weight, False
    answer = abcd_limit(observed, signal, sizes, blind=blind)
    result: dict[str, Any] = {
        **asdict(answer),
        "signal_events": float(np.sum(signal.pass_pass)),
    }
    if answer.status == "ok":
        likelihood = AbcdLikelihood(observed, signal, sizes)
        if blind:
            likelihood = likelihood.blinded()
        found_significance = _expected_significance(likelihood)
        result["expected_significance"] = _finite(found_significance)
        if toys and answer.expected is not None:
            # Of what was observed; without data the median is what is observed.
            at = answer.expected[2] if answer.observed is None else answer.observed
            drawn = toy_cls(likelihood, at, toys=toys, seed=seed)
            checked = {"value": _finite(drawn.value), "error": _finite(drawn.error)}
            result["toys"] = {"mu": at, "failed": drawn.failed, **checked}
        write_json_atomic(directory / WORKSPACE, abcd_workspace(likelihood))
        write_text_atomic(directory / CARD, combine_card(likelihood))
    write_json_atomic(directory / LIMIT, result)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _expected_significance(likelihood: AbcdLikelihood) -> float:
    """Of the signal at mu = 1, on data that are what background and signal expect."""
    predicted = FourRegions(*likelihood.predicted())
    with_signal = FourRegions(
        *(
            background + signal
            for background, signal in zip(
                predicted.named.values(), likelihood.signal.named.values(), strict=True
            )
        )
    )
    return replace(likelihood, observed=with_signal).significance()


def _non_closure(plane: Mapping[str, Any], least: float) -> NDArray[np.float64]:
    """Give the uncertainty of every bin of the prediction, relative to it.

    That is how far found over predicted is from one in simulation, or the error of
    this ratio, or the least, whichever is largest. A bin that simulation cannot test
    may be off by a factor of two.
    """
    sizes = []
    for each in plane["binned"]["bins"]:
        if each["non_closure"] is None:
            sizes.append(1.0)
            continue
        ratio = 1 / (1 + each["non_closure"])
        error = each["non_closure_error"] * ratio**2
        sizes.append(max(abs(ratio - 1), error, least))
    return np.array(sizes)


def _shifts(
    plane: Mapping[str, Any], normalisation: Mapping[str, float]
) -> dict[str, NDArray[np.float64]]:
    if not normalisation:
        return {}
    processes = {
        name: yields_of(each)
        for name, each in plane["yields"].items()
        if name in plane["closures"]
    }
    try:
        return normalisation_shifts(processes, normalisation)
    except ValueError as error:
        raise UserError(str(error)) from error
