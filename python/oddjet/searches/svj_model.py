"""The model file of X and Y, with the boundaries that the search chose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oddjet.deploy.bundle import read_bundle, rewrite_bundle
from oddjet.deploy.working_points import WorkingPoint, selected_fraction
from oddjet.runs.errors import require
from oddjet.searches.svj_scan import read_scan
from oddjet.searches.svj_tasks import NETWORKS, scored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.runs.progress import Progress
    from oddjet.searches.svj_events import SvjEvents

__all__ = ["name_boundaries"]

#: Names of the scores in the file, in the order of the cuts of a scan.
_NAMES = ("x", "y")


def name_boundaries(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a task
    *,
    tagger: str | None,
) -> None:
    """Write the model of X and Y once more, with the cuts as its working points.

    Each has the name of its score. How much of the background passes it is measured in
    the signal plane on events that neither training nor scan has seen. Without an
    allowed pair of cuts the model has no working points. `tagger` is the digest of the
    LundNet whose scores are among its columns.
    """
    bundle = read_bundle(inputs["train"] / NETWORKS)
    graph = require("onnx", extra="onnx").load_model_from_string(bundle.model).graph
    cut = read_scan(inputs["scan"]).cut
    points = [] if cut is None else list(_points(cut, *scored(inputs)))
    rewrite_bundle(
        directory / NETWORKS,
        graph,
        bundle,
        provenance=bundle.provenance | ({"tagger": tagger} if tagger else {}),
        working_points=points,
    )


def _points(
    cut: tuple[float, float], events: SvjEvents, scores: NDArray[np.float64]
) -> Iterator[WorkingPoint]:
    weight = events.whole_weight("test")
    here = (weight != 0) & events.in_signal_plane & ~events.is_signal
    number = np.unique(events.source[here]).size
    for name, threshold, score in zip(_NAMES, cut, scores[:, here], strict=True):
        passing = selected_fraction(
            score > threshold, weight[here], events.source[here]
        )
        yield WorkingPoint(
            name,
            threshold,
            *passing,
            f"background of the signal plane, {number} simulated events that neither "
            "training nor scan has seen",
        )
