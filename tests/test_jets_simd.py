"""Every path of vector instructions runs when asked for, and gives the same bits."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# Lattices of equal distances beside continuous angles, in events that fill blocks, end
# within one, and are compacted several times.
PROGRAM = """
import hashlib
import numpy as np
import awkward as ak
from oddjet.jets import cluster, simd_path

random = np.random.default_rng(5)
counts = [0, 1, 7, 8, 9, 64, 130, 701]
size = sum(counts)
digest = hashlib.sha256()
for step in (0.0, 0.1):
    eta, phi = random.normal(0.0, 2.0, size), random.uniform(-3.14, 3.14, size)
    if step:
        eta, phi = np.round(eta / step) * step, np.round(phi / step) * step
    pt = np.round(random.exponential(5.0, size)) + 1.0
    columns = {"pt": pt, "eta": eta, "phi": phi, "mass": 0.0 * pt}
    events = ak.unflatten(ak.zip(columns, with_name="Momentum4D"), counts)
    for algorithm in ("antikt", "kt", "cambridge_aachen"):
        for radius in (0.4, 1.0, 5.0):
            jets = cluster(events, algorithm=algorithm, radius=radius)
            for name in ("pt", "eta", "phi", "mass"):
                digest.update(ak.to_numpy(ak.flatten(jets[name])).tobytes())
            index = ak.to_numpy(ak.flatten(jets.constituent_index, axis=None))
            digest.update(index.tobytes())
print(simd_path(), digest.hexdigest())
"""


def run_with(path):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"ODDJET_SIMD": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def scalar_digest():
    path, digest = run_with("scalar").stdout.split()
    assert path == "scalar"
    return digest


@pytest.mark.parametrize("path", ["avx2", "avx512"])
def test_path_runs_and_gives_the_same_bits(path, scalar_digest):
    run = run_with(path)
    if f"this machine cannot run '{path}'" in run.stderr:
        pytest.skip(f"no {path} on this machine")
    assert run.stdout.split() == [path, scalar_digest]


def test_unknown_path_is_refused():
    run = run_with("mmx")
    message = "ValueError: ODDJET_SIMD must be scalar, avx2 or avx512, got 'mmx'"
    assert message in run.stderr
