"""The hunting study put together: what knows the mass, and what was found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from oddjet.studies.hunting import FEATURES, POINT
from oddjet.studies.repeats import Repeated, markdown_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["hunting_table"]


def hunting_table(places: Mapping[str, Path]) -> dict[str, Any]:
    """Put features and points together.

    Parameters
    ----------
    places : mapping of stage to Path

    Returns
    -------
    dict
        ``features``, ``points`` and ``table``, in Markdown.
    """
    features = json.loads((places["features"] / FEATURES).read_text("utf-8"))
    points = [
        json.loads((place / POINT).read_text("utf-8"))
        for name, place in sorted(places.items())
        if name.startswith("point-")
    ]
    table = "\n".join(
        [
            "Correlation with the region variable, background:\n",
            _correlations(features["correlations"]),
            "Signal region against sidebands without a signal, unseen events:\n",
            _rounds(features["rounds"]),
            f"Trained with {', '.join(features['used'])}:\n",
            _points(points),
        ]
    )
    return {"features": features, "points": points, "table": table}


def _correlations(found: list[dict[str, Any]]) -> str:
    kinds = ("linear", "rank", "distance")
    rows = [[one["name"], *(f"{one[kind]:.3f}" for kind in kinds)] for one in found]
    return markdown_table(["feature", *kinds], rows)


def _rounds(rounds: list[dict[str, Any]]) -> str:
    rows = [
        [
            ", ".join(found["features"]),
            _with_error(found["auc"], 3),
            _with_error(found["pass_ratio"], 2),
        ]
        for found in rounds
    ]
    return markdown_table(["features", "AUC", "passed, SR over SB"], rows)


def _with_error(measured: dict[str, float], decimals: int) -> str:
    return f"{measured['value']:.{decimals}f} ± {measured['error']:.{decimals}f}"


def _points(points: list[dict[str, Any]]) -> str:
    quantities = list(points[0]["summary"])
    rows = [
        [f"x {point['times']:g}"]
        + [str(Repeated(**point["summary"][name])) for name in quantities]
        + [str(point["summary"]["auc"]["repeats"])]
        for point in points
    ]
    words = [name.replace("_", " ") for name in quantities]
    return markdown_table(["signal", *words, "trainings"], rows)
