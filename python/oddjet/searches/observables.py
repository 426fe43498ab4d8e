"""What an analyst looks at in jets that were selected: a few numbers for each.

Made of the tensors that the network saw, so that they describe the same jets. Nothing
is trained on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from oddjet.searches.mixing import mixed_regions
from oddjet.searches.regions import SIGNAL_REGION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.features import FeatureSpec
    from oddjet.runs.progress import Progress
    from oddjet.searches.parts import RegionPart

__all__ = ["OBSERVABLES", "describe_jets", "jet_observables", "read_observables"]

OBSERVABLES = "observables.parquet"


def describe_jets(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a stage
    *,
    parts: tuple[RegionPart, ...],
    spec: FeatureSpec,
    blinded: bool,
) -> None:
    """Describe the jets of the signal region in the order of their scores, as a stage.

    Of a blinded region nothing is written. Only the report page depends on it.
    """
    columns: dict[str, NDArray[np.float32]] = {}
    if not blinded:
        jets = mixed_regions(inputs, parts, None, blinded=False)[SIGNAL_REGION]
        columns = jet_observables(
            jets.values, jets.mask, spec.features, jets.kinematics
        )
    pq.write_table(pa.table(columns), directory / OBSERVABLES, compression="zstd")


def read_observables(path: Path) -> dict[str, NDArray[np.float32]]:
    """Read what `describe_jets` wrote; empty for a blinded region."""
    table = pq.read_table(path)
    return {name: table[name].to_numpy() for name in table.column_names}


def jet_observables(
    values: NDArray[np.float32],
    mask: NDArray[np.bool_],
    features: Sequence[str],
    kinematics: NDArray[np.float64] | None,
) -> dict[str, NDArray[np.float32]]:
    """Describe jets by their constituents and by the event.

    Parameters
    ----------
    values : float32, shape (jets, constituents, features)
    mask : bool, shape (jets, constituents)
    features : sequence of str
        Names of the features; what they do not allow is left out.
    kinematics : float64, shape (jets, 3), optional
        pT [GeV] and eta of the hardest jet, MET or recoil [GeV].

    Returns
    -------
    dict of str to float32, shape (jets,)
        ``constituents`` (of those kept); with z = pT / pT(jet) of a constituent:
        ``leading_fraction`` max z, ``pt_dispersion`` sqrt(sum z^2), ``width`` sum z
        Delta R; ``jet_pt``, ``jet_eta``, ``recoil``. A jet without constituents has
        zeros.

    Examples
    --------
    >>> values = np.log([[[0.75], [0.25]]]).astype(np.float32)
    >>> found = jet_observables(values, np.ones((1, 2), bool), ["log_pt_ratio"], None)
    >>> {name: float(column[0]) for name, column in found.items()}
    {'constituents': 2.0, 'leading_fraction': 0.75, 'pt_dispersion': 0.7905694246292114}
    """
    found: dict[str, NDArray[np.floating]] = {"constituents": mask.sum(axis=1)}
    if "log_pt_ratio" in features:
        ratio = values[:, :, list(features).index("log_pt_ratio")]
        z = np.where(mask, np.exp(ratio), np.float32(0))
        found["leading_fraction"] = z.max(axis=1)
        found["pt_dispersion"] = np.sqrt(np.square(z).sum(axis=1))
        if "delta_r" in features:
            delta_r = values[:, :, list(features).index("delta_r")]
            found["width"] = (z * delta_r).sum(axis=1)
    if kinematics is not None:
        names = ("jet_pt", "jet_eta", "recoil")
        found |= dict(zip(names, kinematics.T, strict=True))
    return {name: column.astype(np.float32) for name, column in found.items()}
