"""Regions put together from their parts: reweighted, mixed by share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.errors import UserError
from oddjet.searches.regions import REGIONS, SIGNAL_REGION, spoken
from oddjet.searches.reweighting import reweighted_control
from oddjet.searches.tensors import TENSORS, JetTensors, read_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from oddjet.searches.parts import RegionPart
    from oddjet.searches.reweighting import ReweightConfig

__all__ = ["mixed", "mixed_regions"]


def mixed_regions(
    inputs: Mapping[str, Path],
    parts: Sequence[RegionPart],
    reweight: ReweightConfig | None,
    *,
    blinded: bool,
) -> dict[str, JetTensors]:
    """Read the parts of both regions and mix each region by its shares.

    Parameters
    ----------
    inputs : mapping of stage to directory
        "prepare-" and the name of the part.
    parts : sequence of RegionPart
    reweight : ReweightConfig, optional
        Make each control part look like the signal region first.
    blinded : bool
        Errors must not tell what is in the signal region.

    Returns
    -------
    dict of region to JetTensors
        With `source` where a region has several parts.

    Raises
    ------
    UserError
        A part that cannot be reweighted, or whose weights do not sum to more than
        zero.
    """
    tensors = {
        part.name: read_tensors(inputs[f"prepare-{part.name}"] / TENSORS)
        for part in parts
    }
    regions: dict[str, JetTensors] = {}
    for region in REGIONS:
        own = [part for part in parts if part.region == region]
        if reweight is not None and region != SIGNAL_REGION:
            for part in own:
                tensors[part.name] = reweighted_control(
                    tensors[part.name],
                    regions[SIGNAL_REGION],
                    reweight,
                    name=part.name,
                    blinded=blinded,
                )
        regions[region] = mixed(own, [tensors[part.name] for part in own])
    return regions


def mixed(parts: Sequence[RegionPart], tensors: Sequence[JetTensors]) -> JetTensors:
    """Put parts of one region together, each with its share of the weight.

    Parameters
    ----------
    parts : sequence of RegionPart
    tensors : sequence of JetTensors
        Of each part.

    Returns
    -------
    JetTensors
        One after the other. The weight of part i is multiplied by r_i / W_i times the
        number of events of all parts, r the shares and W the sums of weights, so an
        event has the mean weight 1. One part alone is left as it is.

    Raises
    ------
    UserError
        Weights of a part that do not sum to more than zero.
    """
    if len(parts) == 1:
        return tensors[0]
    size = sum(map(len, tensors))
    weights = []
    for part, jets in zip(parts, tensors, strict=True):
        total = float(jets.weight.sum())
        if not total > 0:
            message = (
                f"the weights of the {spoken(part.name)} sum to {total:g}; they must be"
                " positive to give it a share of the mixture"
            )
            raise UserError(message)
        weights.append(jets.weight * (part.share * size / total))
    return JetTensors(
        values=np.concatenate([jets.values for jets in tensors]),
        mask=np.concatenate([jets.mask for jets in tensors]),
        weight=np.concatenate(weights),
        ids=_common_ids(tensors),
        kinematics=_kinematics(tensors),
        source=np.repeat([part.source for part in parts], [len(j) for j in tensors]),
    )


def _common_ids(tensors: Sequence[JetTensors]) -> dict[str, np.ndarray]:
    """Join the ids that all parts have: run numbers only if every file knows them."""
    names = [name for name in tensors[0].ids if all(name in j.ids for j in tensors)]
    return {name: np.concatenate([j.ids[name] for j in tensors]) for name in names}


def _kinematics(tensors: Sequence[JetTensors]) -> np.ndarray | None:
    columns = [jets.kinematics for jets in tensors if jets.kinematics is not None]
    return np.concatenate(columns) if len(columns) == len(tensors) else None
