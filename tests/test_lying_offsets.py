"""Offsets that lie about their lists are refused before memory is read through them."""

from __future__ import annotations

import numpy as np
import pytest

from oddjet import _core  # noqa: TID251 awkward arrays cannot have such offsets

ONES = (np.ones(3),) * 4
COLLIDER = "pt_eta_phi_mass"
JETS = {"jet_coordinates": COLLIDER, "jet_columns": (np.ones(2),) * 4}
FEATURES = {"features": ["log_pt"], "num_constituents": 2}
IMAGE = {
    "bins": 3,
    "half_width": 1.0,
    "center": True,
    "rotate": True,
    "flip": True,
    "normalise": False,
}
FAR = 2**62


def lists(offsets):
    return {"coordinates": COLLIDER, "columns": ONES, "offsets": offsets}


def drawn(offsets):
    numbers = np.arange(len(offsets) - 1, dtype=np.uint64)
    return {"momenta": (COLLIDER, ONES, offsets), "randomness": (1, 0, numbers)}


KERNELS = {
    "constituent_features": lambda offsets: _core.constituent_features(
        **JETS, **lists(offsets), **FEATURES, threads=1
    ),
    "ragged_constituent_features": lambda offsets: _core.ragged_constituent_features(
        **JETS, **lists(offsets), **FEATURES, threads=1
    ),
    "energy_fractions": lambda offsets: _core.energy_fractions(
        **lists(offsets), pdg_id=np.array([22, 22, 22]), threads=1
    ),
    "jet_images": lambda offsets: _core.jet_images(
        **JETS, **lists(offsets), **IMAGE, threads=1
    ),
    "rotate_jets": lambda offsets: _core.rotate_jets(
        **JETS, **drawn(offsets), threads=1
    ),
    "rotate_events": lambda offsets: _core.rotate_events(
        **drawn(offsets), of_jets=False, threads=1
    ),
    "smear_directions": lambda offsets: _core.smear_directions(
        **drawn(offsets), of_jets=True, scale_gev=0.1, threads=1
    ),
    "smear_pt": lambda offsets: _core.smear_pt(
        **drawn(offsets), of_jets=True, resolution="cms_hcal", threads=1
    ),
}
LIES = {
    "falling": ([0, 3, 2], "offsets must not decrease, got 2 after 3 at index 2"),
    "negative": ([0, -1, 3], "offsets must not decrease, got -1 after 0 at index 1"),
    "beyond the end": ([0, 1, 4], "offsets must end at the number of particles, 3"),
    "far beyond": ([0, FAR, FAR], "offsets must end at the number of particles, 3"),
    "before the end": ([0, 1, 2], "offsets must end at the number of particles, 3"),
    "from elsewhere": ([1, 2, 3], "offsets must start at 0, got 1"),
    "from before": ([-1, 2, 3], "offsets must start at 0, got -1"),
}


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("lie", LIES)
def test_offsets_that_lie_are_refused(kernel, lie):
    offsets, problem = LIES[lie]
    with pytest.raises(
        ValueError, match=f"^{kernel.removeprefix('ragged_')}: {problem}"
    ):
        KERNELS[kernel](np.array(offsets))


@pytest.mark.parametrize("kernel", KERNELS)
def test_offsets_that_tell_the_truth_are_taken(kernel):
    KERNELS[kernel](np.array([0, 1, 3]))


@pytest.mark.parametrize(
    "kernel",
    [
        "constituent_features",
        "ragged_constituent_features",
        "jet_images",
        "rotate_jets",
    ],
)
@pytest.mark.parametrize("offsets", [[0, 3], [0, 1, 2, 3]])
def test_one_list_too_many_or_few_is_refused(kernel, offsets):
    with pytest.raises(ValueError, match="needs one list of constituents a jet"):
        KERNELS[kernel](np.array(offsets))
