"""A model file in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from oddjet.deploy.bundle import read_bundle
from oddjet.deploy.working_points import LIMIT_CONFIDENCE
from oddjet.features import FeatureSpec, LundSpec, TableSpec

if TYPE_CHECKING:
    from pathlib import Path

    from oddjet.deploy.bundle import Bundle, ModelSpec
    from oddjet.deploy.working_points import WorkingPoint

__all__ = ["describe_model", "working_point_line"]


def describe_model(path: Path | str) -> str:
    """Say what a model takes, gives and was made from.

    Parameters
    ----------
    path : Path or str
        A model file; its digest is checked.

    Returns
    -------
    str
        Lines of text.

    Raises
    ------
    UserError
        As `read_bundle`.
    """
    bundle = read_bundle(path)
    score = "the score of that name" if isinstance(bundle.spec, TableSpec) else "score"
    lines = [
        f"{path}: a model of oddjet, {len(bundle.model):,} bytes, digest verified",
        f"  scores: {_scores(bundle)}",
        *_input(bundle.spec),
        f"  digest: {bundle.digest}",
        f"working points (select {score} > threshold):",
    ]
    lines += [
        working_point_line(point) for point in bundle.working_points.values()
    ] or ["  none"]
    lines.append("made from:")
    lines += [f"  {key} = {value}" for key, value in bundle.provenance.items()]
    return "\n".join(lines)


def _scores(bundle: Bundle) -> str:
    article = "an" if bundle.unit[0] in "aeiou" else "a"
    each = f"{article} {bundle.unit}"
    if isinstance(bundle.spec, TableSpec):
        return f"{' and '.join(bundle.spec.scores)} of {each}, from 0 to 1"
    return f"one {each}, the mean of {bundle.folds} networks, and that of each"


def _input(spec: ModelSpec) -> list[str]:
    if isinstance(spec, TableSpec):
        return [f"  input: a table with the columns {', '.join(spec.columns)}"]
    return _trees(spec) if isinstance(spec, LundSpec) else _constituents(spec)


def _constituents(spec: FeatureSpec) -> list[str]:
    features = [
        f"{name} (version {version})"
        for name, version in zip(spec.features, spec.versions, strict=True)
    ]
    jet = f"{spec.jet} {spec.algorithm} jet, R = {spec.radius:g}, of `{spec.source}`"
    return [
        f"  jet: {jet} [GeV, radians]",
        f"  input: its {spec.num_constituents} hardest constituents, fewer are padded",
        f"  features: {', '.join(features)}",
    ]


def _trees(spec: LundSpec) -> list[str]:
    jets = f"{spec.num_jets} hardest {spec.algorithm} jets, R = {spec.radius:g}"
    cuts = f"pt >= {spec.pt_min_gev:g}, |eta| <= {spec.abs_eta_max:g}"
    tree = [f"{spec.plane} Lund tree of each (version {spec.version})"]
    if spec.kt_min_gev:
        tree.append(f"kt >= {spec.kt_min_gev:g} ({spec.below_kt})")
    if spec.leaves:
        tree.append("ends of branches are nodes")
    return [
        f"  jets: the {jets}, of `{spec.source}` [GeV, radians], with {cuts}",
        f"  input: {', '.join(tree)}",
        f"  variables of a node: {', '.join(spec.variables)}; psi: {spec.psi}",
    ]


def working_point_line(point: WorkingPoint) -> str:
    """Say where a working point cuts and what passes it."""
    efficiency = "efficiency not measured"
    if point.efficiency == 0:
        # Models of earlier releases carry no limit.
        confidence = f"{100 * LIMIT_CONFIDENCE:g} % confidence"
        limit = f"efficiency below {point.uncertainty:.2g} at {confidence}"
        efficiency = limit if point.uncertainty > 0 else "no event passed"
    elif math.isfinite(point.efficiency):
        efficiency = f"efficiency {point.efficiency:.3g} ± {point.uncertainty:.1g}"
    return f"  {point.name}: {point.threshold:g}, {efficiency} ({point.measured_on})"
