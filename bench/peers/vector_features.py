"""Constituent features with awkward and vector, as an analysis would write them."""

from __future__ import annotations

import awkward as ak
import numpy as np


def vector_features(jets, num_constituents):
    """Return (values, mask) with the seven features in float32."""
    constituents = jets.constituents
    order = ak.argsort(constituents.pt, ascending=False, stable=True)
    constituents = constituents[order][:, :num_constituents]
    delta_rapidity = constituents.rapidity - jets.rapidity
    delta_azimuth = constituents.deltaphi(jets)
    columns = [
        delta_rapidity,
        delta_azimuth,
        np.log(constituents.pt),
        np.log(constituents.pt / jets.pt),
        np.log(constituents.energy),
        np.log(constituents.energy / jets.energy),
        np.sqrt(delta_rapidity**2 + delta_azimuth**2),
    ]
    padded = [
        ak.to_numpy(ak.fill_none(ak.pad_none(column, num_constituents), 0.0))
        for column in columns
    ]
    slots = np.arange(num_constituents)
    mask = slots < ak.to_numpy(ak.num(constituents))[:, np.newaxis]
    return np.stack(padded, axis=-1).astype(np.float32), mask
