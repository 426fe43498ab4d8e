"""LHC Olympics, top tagging and JetClass: events and jets without their padding."""

from __future__ import annotations

import awkward as ak
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from made_files import (
    LHCO_FEATURES,
    jetclass_branches,
    lhco_block,
    top_tagging_block,
    write_lhco,
    write_lhco_features,
    write_top_tagging,
    write_tree,
)
from oddjet.io import iterate, read, source_digest
from oddjet.runs.errors import UserError


class TestLhcOlympics:
    @pytest.mark.parametrize("step", [7, "64 MB"])
    def test_particles(self, tmp_path, step):
        block = lhco_block()
        path = write_lhco(tmp_path / "events.h5", block)
        events = read(path)
        for position, name in enumerate(("pt", "eta", "phi")):
            for stored, row in zip(events.particles[name], block, strict=True):
                filled = row[:2100:3] != 0
                np.testing.assert_array_equal(stored, row[position:2100:3][filled])
        assert ak.all(events.particles.mass == 0)
        assert events.truth.signal.to_list() == (block[:, 2100] == 1).tolist()
        assert events.role == "mc"
        joined = ak.concatenate([chunk.array for chunk in iterate(path, step)])
        assert ak.array_equal(joined, events.array)

    def test_gaps_are_padding_too(self, tmp_path):
        block = lhco_block()
        block[:, 6:9] = 0
        events = read(write_lhco(tmp_path / "events.h5", block))
        for stored, row in zip(events.particles.eta, block, strict=True):
            np.testing.assert_array_equal(stored, row[1:2100:3][row[:2100:3] != 0])

    def test_black_boxes_have_no_label(self, tmp_path):
        events = read(write_lhco(tmp_path / "box.h5", lhco_block()[:, :2100]))
        assert events.role == "pseudo-data"
        assert "truth" not in events.fields

    @pytest.mark.parametrize("width", [2050, 2102])
    def test_another_number_of_columns(self, tmp_path, width):
        block = np.resize(lhco_block(), (4, width))
        path = write_lhco(tmp_path / "events.h5", block)
        with pytest.raises(UserError, match=rf"events.h5 has {width} numbers an event"):
            read(path)

    def test_a_label_that_is_no_number(self, tmp_path):
        block = lhco_block()
        block[3, 2100] = np.nan
        path = write_lhco(tmp_path / "events.h5", block)
        with pytest.raises(UserError, match=r"events.h5 has 1 events whose label is"):
            read(path)
        assert len(read(path, columns=["particles"])) == len(block)

    def test_a_digest_of_what_the_file_holds(self, tmp_path):
        block = lhco_block()
        digest = source_digest(write_lhco(tmp_path / "a.h5", block))
        block[:, 2100] = 1 - block[:, 2100]
        assert source_digest(write_lhco(tmp_path / "b.h5", block)) == digest
        block[0, 0] += 1
        assert source_digest(write_lhco(tmp_path / "c.h5", block)) != digest

    def test_features(self, tmp_path):
        random = np.random.default_rng(1)
        block = random.uniform(10, 500, (20, len(LHCO_FEATURES)))
        events = read(write_lhco_features(tmp_path / "a.h5", block))
        columns = dict(zip(LHCO_FEATURES, block.T, strict=True))
        pt = np.array(
            [np.hypot(columns[f"pxj{j}"], columns[f"pyj{j}"]) for j in (1, 2)]
        )
        np.testing.assert_allclose(events.fat_jets.pt[:, 0], pt.max(axis=0))
        np.testing.assert_allclose(events.fat_jets.pt[:, 1], pt.min(axis=0))
        first = np.where(pt[0] >= pt[1], columns["tau2j1"], columns["tau2j2"])
        np.testing.assert_array_equal(events.fat_jets.tau_2[:, 0], first)


class TestTopTagging:
    @pytest.mark.parametrize("container", ["HDF5", "Parquet"])
    def test_jets(self, tmp_path, container):
        block, labels = top_tagging_block(), np.arange(20) % 2
        path = tmp_path / "top"
        if container == "HDF5":
            write_top_tagging(path, block, labels)
        else:
            names = [f"{n}_{i}" for i in range(200) for n in ("E", "PX", "PY", "PZ")]
            columns = dict(zip(names, block.T.copy(), strict=False))
            pq.write_table(pa.table(columns | {"is_signal_new": labels}), path)
        events = read(path)
        momenta = block[:, :800].reshape(20, 200, 4)
        for position, name in enumerate(("energy", "px", "py", "pz")):
            for stored, jet in zip(events.particles[name], momenta, strict=True):
                np.testing.assert_array_equal(stored, jet[jet[:, 0] != 0, position])
        assert events.truth.signal.to_list() == (labels == 1).tolist()


class TestJetClass:
    @pytest.mark.parametrize("container", ["TTree", "RNTuple", "Parquet"])
    def test_jets(self, tmp_path, container):
        branches = jetclass_branches()
        path = tmp_path / "jets"
        if container == "Parquet":
            arrays = {k: ak.to_arrow(ak.Array(v)) for k, v in branches.items()}
            pq.write_table(pa.table(arrays), path)
        else:
            write_tree(path, branches, name="tree", kind=container)
        events = read(path)
        assert ak.all(ak.num(events.fat_jets) == 1)
        np.testing.assert_allclose(events.fat_jets.pt[:, 0], branches["jet_pt"])
        index = events.fat_jets.constituent_index[:, 0]
        assert index.to_list() == ak.local_index(events.particles.px).to_list()
        total = ak.sum(events.particles, axis=1)
        np.testing.assert_allclose(total.pt, events.fat_jets.pt[:, 0], rtol=1e-5)
        np.testing.assert_allclose(total.mass, events.fat_jets.mass[:, 0], rtol=1e-2)
        code, charge = events.particles.pdg_id, events.particles.charge
        muons = branches["part_isMuon"] == 1
        assert ak.all(code[muons] == -13 * charge[muons])
        assert ak.all(code[branches["part_isPhoton"] == 1] == 22)
        assert events.truth.label_QCD.to_list() == branches["label_QCD"].tolist()


def test_other_hdf5_is_described(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x/jets"], file["x/labels"] = np.zeros((5, 3)), np.zeros(5)
    with pytest.raises(
        UserError, match=r"none of the formats .*it holds x/jets, x/lab"
    ):
        read(tmp_path / "a.h5")
    with pytest.raises(UserError, match=r"a.h5 is not LHC Olympics HDF5, particles or"):
        read(tmp_path / "a.h5", format="lhco")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file.create_group("empty")
    with pytest.raises(UserError, match="holds no dataset, so no events"):
        read(tmp_path / "b.h5")
