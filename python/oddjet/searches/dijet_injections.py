"""Signals put into the data, and the whole search run again on them.

What the networks learn depends on how much signal there is, so a limit must not take
their efficiency for a constant: every cross section is injected, everything that it
changes is made again, and CLs of each is tested with the efficiency found there.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.campaigns.task import Task
from oddjet.learn.ensemble import (
    combine_histograms,
    ensemble_share,
    histograms_above,
    shared_fraction,
)
from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed
from oddjet.searches.dijet_graph import hunts_in, scores_of
from oddjet.searches.dijet_hunts import HUNT, window_of
from oddjet.searches.dijet_scores import WindowScores
from oddjet.searches.dijet_tables import SIGNAL
from oddjet.searches.event_table import (
    EventTable,
    read_event_table,
    write_event_table,
)
from oddjet.searches.table_source import TABLE
from oddjet.stats.bump_hunt import hunt_window
from oddjet.stats.counting_model import CountingModel
from oddjet.stats.fit_functions import LADDER
from oddjet.stats.limits import CLs, asymptotic_cls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.runs.progress import Progress
    from oddjet.searches.dijet_config import DijetConfig, InjectionConfig
    from oddjet.searches.dijet_graph import Hunt
    from oddjet.stats.bump_hunt import Window

__all__ = [
    "POINT",
    "Injection",
    "cls_point",
    "inject",
    "injections_of",
    "window_of_signal",
]

POINT = "point.json"


@dataclass(frozen=True)
class Injection:
    """One signal of one size in one spectrum.

    Attributes
    ----------
    signal : str
        Its name.
    events : int
        Signal events put in, of all masses.
    is_discovery : bool
        Whether their number follows from sqrt(B) and is no point of the CLs curve.
    nominal, injected : Hunt
        The spectrum without and with them.
    point : Task
        CLs of this signal in the spectrum without it.
    """

    signal: str
    events: int
    is_discovery: bool
    nominal: Hunt
    injected: Hunt
    point: Task


def injections_of(
    config: DijetConfig,
    name: str,
    tables: Mapping[str, Task],
    found: Mapping[str, EventTable],
    nominal: Sequence[Hunt],
) -> list[Injection]:
    """Compose the injections of a signal, in the window that holds most of it.

    Parameters
    ----------
    config : DijetConfig
    name : str
        Of the signal, a key of `config.injections`.
    tables : mapping of str to Task
        `data`, `simulation` where there is one, and `signal`.
    found : mapping of str to EventTable
        `data` and `signal-<name>`.
    nominal : sequence of Hunt
        Of the search, whose windows and answers without a signal are used again.

    Returns
    -------
    list of Injection

    Raises
    ------
    UserError
        More events than the signal sample has, or a signal in no window.
    """
    wanted, signal = config.injections[name], found[SIGNAL + name]
    window = window_of_signal(config, signal, name)
    sizes = [(size, False) for size in wanted.events]
    if wanted.discovery_sqrt_b > 0:
        size = _discovery_size(config, found["data"], signal, window, wanted)
        sizes.append((size, True))
    largest = max((size for size, _ in sizes), default=0)
    if largest > len(signal):
        message = (
            f"the signal {name} has {len(signal)} selected events, and {largest} are to"
            " be injected; give more of them, or lower injections"
        )
        raise UserError(message)
    total = float(np.sum(signal.weights))
    before = {hunt.kind: hunt for hunt in nominal if hunt.window == window}
    made = []
    for size, is_discovery in sizes:
        mixed = Task(
            "injected",
            inject,
            {"events": size, "seed": derive_seed(config.seed, "inject", name)},
            {"data": tables["data"], "signal": tables["signal"]},
        )
        again = hunts_in(config, {**tables, "data": mixed}, [window], blinded=False)
        for hunt in again:
            point = _point(config, hunt, before[hunt.kind], tables, size / total)
            made.append(
                Injection(name, size, is_discovery, before[hunt.kind], hunt, point)
            )
    return made


def _point(
    config: DijetConfig,
    hunt: Hunt,
    nominal: Hunt,
    tables: Mapping[str, Task],
    scale: float,
) -> Task:
    signal = scores_of(
        config, tables["signal"], hunt.networks, hunt.window, hunt.features
    )
    return Task(
        "cls",
        cls_point,
        {
            "window": hunt.window,
            "efficiency": hunt.efficiency,
            "ensemble": config.ensemble,
            "collision_energy_gev": config.collision_energy_gev,
            "scale": scale,
        },
        {"nominal": nominal.task, "scores": hunt.scores, "signal": signal},
    )


def window_of_signal(config: DijetConfig, signal: EventTable, name: str) -> Window:
    """Give the window whose signal region holds most of a signal.

    Parameters
    ----------
    config : DijetConfig
    signal : EventTable
    name : str
        For the message.

    Returns
    -------
    Window

    Raises
    ------
    UserError
        No window holds any of it.
    """
    windows = config.scan.windows()
    held = [_share_inside(config, signal, window) for window in windows]
    if not max(held) > 0:
        message = (
            f"no event of the signal {name} is in a window; they have"
            f" {config.mass} from {np.min(signal.columns[config.mass]):g} to"
            f" {np.max(signal.columns[config.mass]):g}"
        )
        raise UserError(message)
    return windows[int(np.argmax(held))]


def _share_inside(config: DijetConfig, table: EventTable, window: Window) -> float:
    mass = table.columns[config.mass]
    return float(np.sum(table.weights[window.holds(mass)]) / np.sum(table.weights))


def _discovery_size(
    config: DijetConfig,
    data: EventTable,
    signal: EventTable,
    window: Window,
    wanted: InjectionConfig,
) -> int:
    """Count the signal events of which so many sqrt(B) are in the signal region."""
    background = _share_inside(config, data, window) * float(np.sum(data.weights))
    share = _share_inside(config, signal, window)
    return max(1, math.ceil(wanted.discovery_sqrt_b * math.sqrt(background) / share))


def inject(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a task
    *,
    events: int,
    seed: int,
) -> None:
    """Put events of `signal` into `data`.

    They are drawn by weight without replacement, in an order that does not depend on
    their number: a larger injection holds a smaller one, so that the points of a
    curve share their fluctuations.
    """
    data, signal = (
        read_event_table(inputs[name] / TABLE) for name in ("data", "signal")
    )
    if np.any(signal.weights <= 0):
        message = "a signal with weights of 0 or less cannot be injected"
        raise UserError(message)
    # The largest u^(1/w) are a sample by weight: Efraimidis, Spirakis, IPL 97 (2006).
    uniform = np.random.default_rng(seed).random(len(signal))
    rank = np.log(uniform) / signal.weights
    rows = np.sort(np.argsort(-rank, kind="stable")[:events])
    chosen = signal[rows]
    columns = {
        name: np.concatenate([column, chosen.columns[name]])
        for name, column in data.columns.items()
        if name in chosen.columns
    }
    weights = np.concatenate([data.weights, np.ones(len(chosen))])
    source = np.concatenate([data.source, chosen.source])
    write_event_table(directory / TABLE, EventTable(columns, weights, source))


def cls_point(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a task
    *,
    window: Window,
    efficiency: float,
    ensemble: str,
    collision_energy_gev: float,
    scale: float,
) -> None:
    """Test a signal of the injected size on the spectrum without it.

    Networks that were trained with the injection (`scores` are theirs of the injected
    data) say how many of `signal` they select, each event scored by those that have
    not seen it, injected or not; `scale` times their weight is what is expected of
    the injected size. CLs compares that with what `nominal` observed.

    What the signal adds to the sidebands raises the background that a fit expects,
    and so counts against it. That is taken from a fit to the expected background
    with the signal on top.
    """
    nominal = json.loads((inputs["nominal"] / HUNT).read_text("utf-8"))
    if nominal["status"] != "ok":
        raise UserError(nominal["reason"])
    of_networks, shared = _selected_signal(inputs, window, efficiency)
    left = ensemble_share(ensemble, len(of_networks))
    of_networks *= scale
    signal = combine_histograms(of_networks, rule=ensemble).counts
    inside = window.in_signal_region
    selected = float(np.sum(signal[inside]))
    leak = _raised_background(nominal, signal, collision_energy_gev)
    uncertainty = math.hypot(
        nominal["fit_uncertainty"], nominal["ensemble_uncertainty"]
    )
    counts = (nominal["observed"], nominal["expected"], uncertainty)
    cls = CLs(1.0, (1.0, 1.0, 1.0, 1.0, 1.0))
    if selected > leak:
        of_signal = shared + left * (1 - shared)
        dispersion = _dispersion(nominal, selected, of_signal)
        tested = CountingModel(*counts, selected - leak, dispersion)
        cls = asymptotic_cls(tested, 1.0)
    found = {
        "selected_signal": selected,
        "selected_signal_spread": float(np.std(np.sum(of_networks[:, inside], axis=1))),
        "raised_background": leak,
        "cls": cls.observed,
        "cls_expected": list(cls.expected),
    }
    write_json_atomic(directory / POINT, found)


def _selected_signal(
    inputs: Mapping[str, Path], window: Window, efficiency: float
) -> tuple[NDArray[np.float64], float]:
    """Histogram what each network selects of the signal, and tell what they share."""
    data, signal = (WindowScores.read(inputs[name]) for name in ("scores", "signal"))
    selection = signal.selection(window, data.thresholds(window, efficiency))
    weights = signal.weights
    histograms = histograms_above(*selection, num_bins=window.num_bins, weights=weights)
    return histograms, shared_fraction(*selection, weights=weights)


def _dispersion(nominal: Mapping[str, Any], selected: float, of_signal: float) -> float:
    """Mix the dispersion of the background with that of the signal on top."""
    of_background: float = nominal["dispersion"]
    if of_background == 1.0:
        return 1.0
    background: float = nominal["expected"]
    mixed = of_background * background + of_signal * selected
    return mixed / (background + selected)


def _raised_background(
    nominal: Mapping[str, Any], signal: NDArray[np.float64], collision_energy_gev: float
) -> float:
    """Tell by how much a signal raises what its sidebands predict."""
    expected = np.asarray(nominal["fitted"], np.float64)
    functions = [one for one in LADDER if one.name == nominal["function"]]

    def predicted(counts: NDArray[np.float64]) -> float:
        found = hunt_window(
            window_of(nominal),
            counts,
            high_sideband_min=-1.0,
            collision_energy_gev=collision_energy_gev,
            functions=functions,
        )
        if found.model is None:
            message = f"with the signal the sidebands have no fit: {found.reason}"
            raise UserError(message)
        return found.model.background

    # Two fits, and not a fit and a sum: what a fit stops short of drops out.
    return predicted(expected + signal) - predicted(expected)
