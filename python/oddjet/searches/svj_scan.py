"""The cuts on X and Y of a search for semi-visible jets: scanned, chosen, kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.errors import UserError
from oddjet.searches.svj_tasks import scored
from oddjet.stats.abcd_scan import ScoredEvents, WorkingPointScan, scan_cuts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.runs.progress import Progress
    from oddjet.searches.svj_events import SvjEvents
    from oddjet.stats.abcd_scan import WorkingPointRules

__all__ = ["choose_cuts", "read_scan", "scan_of_part", "write_scan"]

SCAN, SCAN_MAPS = "scan.json", "scan.npz"


def scan_of_part(
    events: SvjEvents,
    scores: NDArray[np.float64],
    part: str,
    *,
    rules: WorkingPointRules,
    mass_edges_gev: Sequence[float],
    asimov: bool,
) -> WorkingPointScan:
    """Scan the cuts on the events of one part in the signal plane.

    Raises
    ------
    UserError
        No point of the signal has a yield there.
    """
    weight = events.whole_weight(part)
    here = (weight != 0) & events.in_signal_plane

    def sample(chosen: NDArray[np.bool_]) -> ScoredEvents:
        rows = here & chosen
        x, y = scores[:, rows]
        return ScoredEvents(x, y, events.mass[rows], weight[rows])

    signals = {name: sample(events.of(name)) for name in events.signals}
    binned = (events.mass >= mass_edges_gev[0]) & (events.mass < mass_edges_gev[-1])
    signals = {
        name: each
        for name, each in signals.items()
        if weight[here & binned & events.of(name)].sum() > 0
    }
    if not signals:
        message = (
            f"no point of the signal has a yield above zero among the events to {part}"
            " in the signal plane: there is nothing to optimise for"
        )
        raise UserError(message)
    return scan_cuts(
        sample(~events.is_signal),
        signals,
        mass_edges=np.asarray(mass_edges_gev),
        rules=rules,
        asimov=asimov,
    )


def choose_cuts(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a task
    *,
    rules: WorkingPointRules,
    mass_edges_gev: Sequence[float],
    asimov: bool,
) -> None:
    """Choose the working point on events that trained nothing and are not quoted.

    A scan without an allowed point is a result with its maps.
    """
    events, scores = scored(inputs)
    found = scan_of_part(
        events,
        scores,
        "scan",
        rules=rules,
        mass_edges_gev=mass_edges_gev,
        asimov=asimov,
    )
    write_scan(directory, found)


def write_scan(directory: Path, scan: WorkingPointScan) -> None:
    """Write a scan into a directory."""
    arrays: dict[str, NDArray[Any]] = {
        f"metric {name}": each for name, each in scan.metrics.items()
    }
    arrays |= {f"rule {name}": each for name, each in scan.rules.items()}
    np.savez(directory / SCAN_MAPS, allow_pickle=False, cuts=scan.cuts, **arrays)
    write_json_atomic(
        directory / SCAN,
        {"status": scan.status, "reason": scan.reason, "chosen": scan.chosen},
    )


def read_scan(directory: Path) -> WorkingPointScan:
    """Read what `write_scan` wrote."""
    found = json.loads((directory / SCAN).read_text("utf-8"))
    chosen = None if found["chosen"] is None else tuple(found["chosen"])
    with np.load(directory / SCAN_MAPS) as stored:
        arrays = {name: stored[name] for name in stored.files}
    of_kind = {
        kind: {
            name.removeprefix(f"{kind} "): each
            for name, each in arrays.items()
            if name.startswith(f"{kind} ")
        }
        for kind in ("metric", "rule")
    }
    return WorkingPointScan(
        found["status"],
        arrays["cuts"],
        of_kind["metric"],
        of_kind["rule"],
        chosen,
        found["reason"],
    )
