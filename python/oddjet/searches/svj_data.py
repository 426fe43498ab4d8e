"""Recorded events of a search for semi-visible jets: only what may be looked at."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from oddjet.deploy.jet_status import SCORED
from oddjet.deploy.scorer import Scorer
from oddjet.io import describe, iterate
from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.errors import UserError
from oddjet.searches.event_table import read_event_table
from oddjet.searches.svj_events import PLANES
from oddjet.searches.svj_scan import read_scan
from oddjet.searches.svj_tasks import JET_SCORES, NETWORKS, mass_bin
from oddjet.searches.svj_yields import yields_json
from oddjet.select.svj import select_svj
from oddjet.stats.binned_closure import binned_closure_test
from oddjet.stats.region_yields import count_regions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from oddjet.runs.progress import Progress
    from oddjet.searches.event_table import EventTable
    from oddjet.select.svj import SvjCuts

__all__ = ["DATA_SCORES", "OBSERVED", "observe", "score_jets"]

DATA_SCORES, OBSERVED = "data_scores.npz", "observed.json"


def score_jets(
    directory: Path,
    inputs: Mapping[str, Path],  # noqa: ARG001 - the signature of a stage
    progress: Progress,
    *,
    cuts: SvjCuts,
    planes: Sequence[str],
    threads: int,
    model: str,
    paths: Sequence[str],
) -> None:
    """Score both jets of selected data by LundNet, in the open planes only.

    Rows are those of the table of the data; what is closed has NaN.
    """
    scorer = Scorer(model, "cpu", threads)
    found: dict[str, list[np.ndarray]] = {name: [] for name in JET_SCORES}
    with progress.task("score data", total=describe(paths).num_events) as task:
        for events in iterate(paths, columns=["particles", "met", "weight", "id"]):
            chosen = select_svj(events, cuts)
            plane = np.where(chosen.in_signal_plane, "SP", "VP")
            open_rows = np.isin(plane, list(planes))
            scores = np.full((len(plane), len(JET_SCORES)), np.nan)
            jets = scorer.score(events[chosen.mask][open_rows])
            for i in range(len(JET_SCORES)):
                scores[open_rows, i] = jets.score[:, i].to_numpy()
            for i, name in enumerate(JET_SCORES):
                found[name].append(scores[:, i])
            task.advance(len(events))
    columns = {name: np.concatenate(parts) for name, parts in found.items()}
    np.savez(directory / DATA_SCORES, allow_pickle=False, **columns)


def observe(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a task
    *,
    planes: Sequence[str],
    delta_eta_max: float,
    mass_edges_gev: Sequence[float],
    table: str,
    jet_scores: str | None,
) -> None:
    """Count the data in the planes that may be looked at, and no others."""
    scan = read_scan(inputs["scan"])
    if scan.cut is None:
        raise UserError(str(scan.reason))
    data = _with_scores(read_event_table(Path(table)), jet_scores)
    scorer = Scorer(inputs["model"] / NETWORKS, "cpu")
    in_signal_plane = data.columns["delta_eta"] < delta_eta_max
    found = {}
    for plane in PLANES:
        if plane not in planes:
            continue
        # Only these rows are scored: what is closed has no score anywhere.
        here = data[in_signal_plane == (plane == "SP")]
        scores = scorer.score(here.columns)
        _require_scored(scores.status.to_list())
        yields = count_regions(
            scores.x.to_numpy(),
            scores.y.to_numpy(),
            cut=scan.cut,
            bin_of=mass_bin(here.columns["transverse_mass"], mass_edges_gev),
            num_bins=len(mass_edges_gev) - 1,
        )
        found[plane] = {
            "events": len(here),
            "yields": yields_json(yields),
            "binned": asdict(binned_closure_test(yields)),
        }
    write_json_atomic(directory / OBSERVED, found)


def _require_scored(status: Sequence[str]) -> None:
    bad = [each for each in status if each != SCORED]
    if bad:
        message = (
            f"{len(bad)} events of the data have no scores; what is wrong with the"
            f" first: {bad[0]}"
        )
        raise UserError(message)


def _with_scores(table: EventTable, jet_scores: str | None) -> EventTable:
    if jet_scores is None:
        return table
    with np.load(jet_scores) as stored:
        added = {name: stored[name] for name in JET_SCORES}
    return replace(table, columns={**table.columns, **added})
