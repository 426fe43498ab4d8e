"""cutflow.csv: the cut flows of both regions in one file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from oddjet.searches.parts import ERAS, refuse_other_eras
from oddjet.searches.regions import SIGNAL_REGION
from oddjet.searches.stages import CUTFLOW
from oddjet.select.cutflow import CutFlow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from oddjet.runs.progress import Progress


def collect_cutflows(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a stage
    *,
    parts: Mapping[str, str],
    blinded: bool,
) -> None:
    """Put the cut flows of the parts together; a blinded one stays out.

    `parts` gives the region of each.

    Raises
    ------
    UserError
        Parts of different eras.
    """
    refuse_other_eras(
        {
            name: json.loads((inputs[f"prepare-{name}"] / ERAS).read_text("utf-8"))
            for name in parts
        }
    )
    shown = [
        name
        for name, region in parts.items()
        if not (blinded and region == SIGNAL_REGION)
    ]
    cutflows = {
        name: CutFlow.from_csv((inputs[f"prepare-{name}"] / CUTFLOW).read_text("utf-8"))
        for name in shown
    }
    (directory / CUTFLOW).write_text(write_cutflows(cutflows), encoding="utf-8")


def write_cutflows(cutflows: Mapping[str, CutFlow]) -> str:
    """Write the cut flows of several regions as one CSV text."""
    header, rows = "", []
    for region, cutflow in cutflows.items():
        header, *lines = cutflow.to_csv().splitlines()
        rows += [f"{region},{line}" for line in lines]
    return "\n".join([f"region,{header}", *rows]) + "\n"


def read_cutflows(text: str) -> dict[str, CutFlow]:
    """Read what `write_cutflows` wrote."""
    header, *lines = text.splitlines()
    columns = header.partition(",")[2]
    by_region: dict[str, list[str]] = {}
    for line in lines:
        region, _, row = line.partition(",")
        by_region.setdefault(region, []).append(row)
    return {
        region: CutFlow.from_csv("\n".join([columns, *rows]) + "\n")
        for region, rows in by_region.items()
    }
