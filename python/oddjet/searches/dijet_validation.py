"""Samples without signal, searched before the data to tell whether to believe them.

Three kinds: events beside the selection, simulation enlarged by a model of it, and
down-up-sampled data, whose features a model of a few events gives, so that no signal
is left in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from oddjet.campaigns.task import Task
from oddjet.events.source_hash import source_hash
from oddjet.runs.seeds import derive_seed
from oddjet.searches.dijet_graph import hunts_in
from oddjet.searches.event_table import (
    EventTable,
    read_event_table,
    write_event_table,
)
from oddjet.searches.table_source import TABLE
from oddjet.stats.non_closure import NonClosure, fit_non_closure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from oddjet.runs.progress import Progress
    from oddjet.searches.dijet_config import DijetConfig, ValidationConfig
    from oddjet.searches.dijet_graph import Hunt

__all__ = [
    "Validation",
    "largest_of_repeats",
    "non_closures",
    "resample",
    "validations_of",
    "verdicts",
]

SampleName = Literal["control", "simulation", "down_up"]
_SALT = 0x6F64646A65740007


@dataclass(frozen=True)
class Validation:
    """One spectrum of a sample without signal.

    Attributes
    ----------
    sample : "control", "simulation" or "down_up"
    repeat : int
        Number of the sample among those of its kind.
    hunt : Hunt
    """

    sample: SampleName
    repeat: int
    hunt: Hunt


def validations_of(
    config: DijetConfig, tables: Mapping[str, Task], number: int
) -> list[Validation]:
    """Compose the searches of all samples without signal.

    Parameters
    ----------
    config : DijetConfig
        With `validation`.
    tables : mapping of str to Task
        `data`; where there are such `simulation`, `control`, `control-simulation`.
    number : int
        Events of the data, and so of every sample that is drawn.

    Returns
    -------
    list of Validation
    """
    wanted = config.validation
    if wanted is None:
        return []
    windows = config.scan.windows()
    found: list[Validation] = []

    def searched(sample: SampleName, repeat: int, inputs: dict[str, Task]) -> None:
        hunts = hunts_in(config, inputs, windows, blinded=False)
        found.extend(Validation(sample, repeat, hunt) for hunt in hunts)

    if "control" in tables:
        inputs = {"data": tables["control"]}
        if "control-simulation" in tables:
            inputs["simulation"] = tables["control-simulation"]
        searched("control", 0, inputs)
    beside = {name: tables[name] for name in ("simulation",) if name in tables}
    sources: dict[SampleName, tuple[str, float]] = {
        "down_up": ("data", wanted.fraction)
    }
    if beside and wanted.simulation:
        sources["simulation"] = ("simulation", 1.0)
    for sample, (source, fraction) in sources.items():
        for repeat in range(wanted.repeats):
            drawn = _drawn(
                config, tables[source], sample, repeat,
                fraction=fraction, number=number,
            )  # fmt: skip
            searched(sample, repeat, {"data": drawn, **beside})
    return found


def _drawn(
    config: DijetConfig,
    source: Task,
    sample: str,
    repeat: int,
    *,
    fraction: float,
    number: int,
) -> Task:
    used = [name for names in config.feature_sets.values() for name in names]
    return Task(
        "resampled",
        resample,
        {
            "features": list(dict.fromkeys(used)),
            "mass": config.mass,
            "fraction": fraction,
            "number": number,
            "preset": config.template_preset,
            "seed": derive_seed(config.seed, "validation", sample, repeat),
        },
        {"events": source},
    )


def resample(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a task
    *,
    features: Sequence[str],
    mass: str,
    fraction: float,
    number: int,
    preset: Literal["cpu", "published"],
    seed: int,
) -> None:
    """Draw a sample from a model p(features | mass) of a fraction of `events`."""
    from oddjet.background.resampling import down_up_sample
    from oddjet.background.template import FeatureTable
    from oddjet.learn.flows.config import FLOW_MATCHING_PRESETS

    table = read_event_table(inputs["events"] / TABLE)
    columns = np.stack([table.columns[name] for name in features], axis=1)
    good = np.isfinite(columns).all(axis=1)
    events = FeatureTable(
        columns[good],
        table.columns[mass][good],
        np.zeros(np.count_nonzero(good), np.int64),
        table.weights[good],
    )
    made = down_up_sample(
        events,
        fraction=fraction,
        seed=seed,
        number=number,
        config=FLOW_MATCHING_PRESETS[preset],
    )
    drawn = {name: made.features[:, i] for i, name in enumerate(features)}
    ids = {"file": np.zeros(number, np.int64), "entry": np.arange(number)}
    write_event_table(
        directory / TABLE,
        EventTable(
            {mass: made.mass_gev, **drawn}, made.weights, source_hash(ids, _SALT)
        ),
    )


def verdicts(
    wanted: ValidationConfig, found: Sequence[tuple[Validation, float | None]]
) -> list[dict[str, Any]]:
    """Judge every window with every sample.

    Of the significances that all feature sets, templates, efficiencies and repeats of
    a sample give in a window, neither the median, of whichever sign, nor the standard
    deviation may reach the limits of the configuration.

    Parameters
    ----------
    wanted : ValidationConfig
    found : sequence of (Validation, float or None)
        With the significance, None where the window failed.

    Returns
    -------
    list of dict
        An entry for each window and sample; `passes` is False without two
        significances.
    """
    rows: dict[tuple[float, float, SampleName], list[float | None]] = {}
    for one, significance in found:
        window = one.hunt.window
        key = (window.low_gev, window.high_gev, one.sample)
        rows.setdefault(key, []).append(significance)
    judged = []
    for (low, high, sample), values in sorted(rows.items()):
        z = np.array([value for value in values if value is not None])
        enough = len(z) >= 2
        median = float(np.median(z)) if enough else None
        spread = float(np.std(z, ddof=1)) if enough else None
        judged.append(
            {
                "low_gev": low,
                "high_gev": high,
                "sample": sample,
                "spectra": len(values),
                "failed": len(values) - len(z),
                "median": median,
                "spread": spread,
                "passes": median is not None
                and spread is not None
                and abs(median) < wanted.median_max
                and spread < wanted.spread_max,
            }
        )
    return judged


def largest_of_repeats(
    found: Sequence[tuple[Validation, float | None]],
) -> list[float | None]:
    """Give the largest significance of the scan of each down-up-sampled set.

    Each is a pseudo-experiment on background alone for which everything was trained
    anew.

    Parameters
    ----------
    found : sequence of (Validation, float or None)

    Returns
    -------
    list of float or None
        One a repeat, None where every window failed; none without such sets.
    """
    of_repeat: dict[int, list[float]] = {}
    for one, significance in found:
        if one.sample == "down_up":
            values = of_repeat.setdefault(one.repeat, [])
            values += [] if significance is None else [significance]
    return [max(values, default=None) for values in of_repeat.values()]


def non_closures(
    found: Sequence[tuple[Validation, float | None]],
) -> dict[tuple[str, str, float], NonClosure]:
    """Fit what the method finds in down-up-sampled data, for each kind of spectrum.

    Parameters
    ----------
    found : sequence of (Validation, float or None)

    Returns
    -------
    dict of (features, template, efficiency) to NonClosure
        A kind with fewer than two windows that answered twice is not in it.
    """
    kinds: dict[tuple[str, str, float], dict[float, list[float]]] = {}
    for one, significance in found:
        if one.sample == "down_up":
            window = one.hunt.window
            centre = (window.low_gev + window.high_gev) / 2
            values = kinds.setdefault(one.hunt.kind, {}).setdefault(centre, [])
            values.append(np.nan if significance is None else significance)
    fitted = {}
    for kind, windows in kinds.items():
        try:
            fitted[kind] = fit_non_closure(list(windows), list(windows.values()))
        except ValueError:
            continue  # too few windows or repeats for a line
    return fitted
