"""Training samples beside the original one: with copies, with more luminosity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oddjet.runs.config import ConfigModel
from oddjet.studies.augmentation import ORIGINAL, AugmentationConfig
from oddjet.studies.repeats import Repeated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from oddjet.studies.augmentation import Augmentations

    Point = Mapping[str, Any]

__all__ = ["EFFECT_CAPTION", "Variant", "effect_rows", "spelled", "variants_of"]

EFFECT_CAPTION = (
    "All samples were split before they were augmented; copies of an event train"
    " together with it and never validate or test. The change is the mean of the paired"
    " differences to the original, repeat by repeat, with its error. Twice the"
    " luminosity has twice the signal and twice the background, so that its S/sqrt(B)"
    " is larger by sqrt(2): it is the number of events that one copy pretends to have."
)


class Variant(ConfigModel):
    """A training sample: how much luminosity, and which copies."""

    name: str
    luminosity: float = 1.0
    augmentation: AugmentationConfig | None = None


def variants_of(
    luminosities: Sequence[float], augmentations: Augmentations
) -> list[Variant]:
    """List what is trained: the original, more luminosity, copies.

    Examples
    --------
    >>> [variant.name for variant in variants_of([2.0], {})]
    ['original', 'luminosity_x2']
    """
    return [
        Variant(name=ORIGINAL),
        *(
            Variant(name=f"luminosity_x{factor:g}", luminosity=factor)
            for factor in luminosities
        ),
        *(Variant(name=name, augmentation=how) for name, how in augmentations.items()),
    ]


def effect_rows(
    points: Sequence[Point], key: str, label: str
) -> tuple[list[str], list[list[str]]] | None:
    """Compare every training sample with the original one at the same point.

    Parameters
    ----------
    points : sequence of mapping
        Each with `variant`, the value of `key`, `summary` and `repeats`, of which
        `auc` and `accuracy` are compared.
    key : str
        What was varied besides.
    label : str
        Of its column.

    Returns
    -------
    (list of str, list of list of str) or None
        Head and rows; None if there is only the original.
    """
    compared = {p[key] for p in points if p["variant"] != ORIGINAL}
    if not compared:
        return None
    rows = []
    originals = {p[key]: p for p in points if p["variant"] == ORIGINAL}
    for point in sorted(
        (p for p in points if p[key] in compared), key=lambda p: float(p[key])
    ):
        row = [spelled(point["variant"]), f"{point[key]:g}"]
        for name in ("auc", "accuracy"):
            row.append(str(Repeated(**point["summary"][name])))
            row.append(_change(point, originals[point[key]], name))
        rows.append([*row, str(point["summary"]["auc"]["repeats"])])
    head = ["training sample", label, "AUC", "change", "best accuracy", "change"]
    return [*head, "trainings"], rows


def spelled(variant: str) -> str:
    """Write the name of a variant for people."""
    return variant.replace("_", " ")


def _change(point: Point, original: Point, name: str) -> str:
    if point["variant"] == ORIGINAL:
        return ""
    found = Repeated.of(
        [
            one[name] - other[name]
            for one, other in zip(point["repeats"], original["repeats"], strict=True)
        ]
    )
    if found.error is None:
        return f"{found.mean:+.3f}"
    return f"{found.mean:+.3f} ± {found.error:.3f}"
