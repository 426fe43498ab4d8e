"""A YAML map makes events of any table."""

from __future__ import annotations

import awkward as ak
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from made_files import lhco_block, lists, write_lhco, write_tree
from oddjet.io import iterate, read
from oddjet.io.readers.column_map import ColumnMap
from oddjet.runs.errors import UserError

MAP = """
momentum_unit: MeV
role: mc
particles: {pt: cl_pt, eta: cl_eta, phi: cl_phi, mass: 0, charge: cl_q}
fat_jets: {pt: [j1_pt, j2_pt], eta: [j1_eta, j2_eta], phi: 0, mass: 1e3}
met: {pt: met_et, phi: met_phi}
weight: w
id: {run: RunNumber, event: EventNumber}
trigger: {HLT_xe110: pass_xe}
truth: {label: y}
"""


def branches(num_events=20):
    random = np.random.default_rng(1)
    counts = random.poisson(4, num_events)
    event = random.uniform(-1, 1, (9, num_events)).astype(np.float32)
    table = {
        "cl_pt": 1000 * lists(random, counts, 1, 90),
        "cl_eta": lists(random, counts, -2, 2),
        "cl_phi": lists(random, counts, -3, 3),
        "cl_q": lists(random, counts, -1, 1, np.int32),
        "met_et": 1000 * abs(event[0]),
        "met_phi": event[1],
        "w": event[2],
        "RunNumber": np.full(num_events, 7, np.int32),
        "EventNumber": np.arange(num_events),
        "pass_xe": event[3] > 0,
        "y": event[4] > 0,
    }
    names = ("j1_pt", "j2_pt", "j1_eta", "j2_eta")
    return table | dict(zip(names, abs(event[5:]), strict=True))


@pytest.fixture
def column_map(tmp_path):
    path = tmp_path / "map.yaml"
    path.write_text(MAP)
    return path


def write(path, kind):
    table = branches()
    if kind == "Parquet":
        arrays = {name: ak.to_arrow(ak.Array(a)) for name, a in table.items()}
        pq.write_table(pa.table(arrays), path)
        return path
    return write_tree(path, table, name="ntuple", kind=kind)


@pytest.mark.parametrize("kind", ["TTree", "RNTuple", "Parquet"])
def test_tables(tmp_path, column_map, kind):
    path, table = write(tmp_path / "a", kind), branches()
    events = read(path, format=column_map)
    assert events.role == "mc"
    gev = table["cl_pt"] * np.float32(1e-3)
    assert events.particles.pt.to_list() == gev.to_list()
    assert ak.all(events.particles.mass == 0)
    assert events.fat_jets.eta.to_list() == (
        np.column_stack([table["j1_eta"], table["j2_eta"]]).tolist()
    )
    assert ak.all(events.fat_jets.mass == 1)
    assert events.met.phi.to_list() == table["met_phi"].tolist()
    assert events.weight.to_list() == table["w"].tolist()
    assert events.id.run.to_list() == [7] * 20
    assert events.trigger.HLT_xe110.to_list() == table["pass_xe"].tolist()
    assert events.truth.label.to_list() == table["y"].tolist()
    pruned = read(path, format=str(column_map), columns=["met.pt"])
    assert pruned.met.fields == ["pt"]
    joined = ak.concatenate(
        [chunk.array for chunk in iterate(path, 3, format=column_map)]
    )
    assert ak.array_equal(joined, events.array)


def test_wide_blocks_lose_their_padding(tmp_path):
    block = lhco_block()
    path = write_lhco(tmp_path / "a.h5", block)
    name = "df/block0_values"
    as_map = ColumnMap(
        role="mc",
        particles={
            "pt": f"{name}[0:2100:3]",
            "eta": f"{name}[1:2100:3]",
            "phi": f"{name}[2:2100:3]",
            "mass": 0.0,
        },
        truth={"signal": f"{name}[2100]"},
    )
    mapped, known = read(path, format=as_map), read(path)
    assert ak.array_equal(mapped.particles, known.particles)
    assert mapped.truth.signal.to_list() == block[:, 2100].tolist()


def test_hdf5_of_one_object_an_event(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["pt"], file["eta"] = np.arange(1.0, 6), np.zeros(5)
    momenta = {"pt": "pt", "eta": "eta", "phi": 0.0, "mass": 0.0}
    events = read(tmp_path / "a.h5", format=ColumnMap(jets=momenta))
    assert events.jets.pt.to_list() == [[1], [2], [3], [4], [5]]
    assert events.role == "data"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("cl_eta", "cl_eto"), r"no column 'cl_eto', which the map names; .*'cl_eta'"),
        (("particles:", "partcles:"), "partcles is not a known key; did you mean part"),
        (("MeV", "keV"), r"momentum_unit must be 'MeV', 'GeV' or 'TeV', got 'keV'"),
        (
            ("momentum_unit", "table: other\nmomentum_unit"),
            r"no tree 'other' \(it has n",
        ),
        (
            ("weight: w", "weight: 2.0"),
            "weight of a column map must be a column, got 2",
        ),
    ],
)
def test_wrong_maps(tmp_path, column_map, change, message):
    path = write(tmp_path / "a.root", "TTree")
    column_map.write_text(MAP.replace(*change))
    with pytest.raises(UserError, match=message):
        read(path, format=column_map)


def test_nothing_but_numbers(tmp_path):
    path = write(tmp_path / "a.root", "TTree")
    with pytest.raises(UserError, match="particles of a column map needs a column"):
        read(path, format=ColumnMap(particles={"pt": 1.0}))
    with pytest.raises(UserError, match="must name at least one column"):
        read(path, format=ColumnMap())


class TestNumpy:
    MAP = ColumnMap(
        particles={"pt": "pt", "eta": "eta", "phi": "phi", "mass": 0.0},
        met={"pt": "met", "phi": "side[1]"},
    )

    @pytest.fixture
    def arrays(self):
        random = np.random.default_rng(2)
        pt = random.exponential(9, (30, 7)).astype(np.float16)
        pt[random.uniform(size=pt.shape) < 0.5] = 0
        shape = {"eta": pt.shape, "phi": pt.shape, "met": 30, "side": (30, 2)}
        others = {name: random.uniform(0, 3, size) for name, size in shape.items()}
        return {"pt": pt, **others, "names": np.array(["not", "a", "number"])}

    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    def test_archives(self, tmp_path, arrays, save):
        save(tmp_path / "a.npz", **arrays)
        events = read(tmp_path / "a.npz", format=self.MAP)
        filled = arrays["pt"] != 0
        for name in ("pt", "eta", "phi"):
            expected = arrays[name][filled].tolist()
            assert ak.flatten(events.particles[name]).to_list() == expected
        assert events.particles.pt.layout.content.dtype == np.float32
        assert ak.num(events.particles).to_list() == filled.sum(axis=1).tolist()
        assert events.met.phi.to_list() == arrays["side"][:, 1].tolist()
        chunks = list(iterate(tmp_path / "a.npz", 7, format=self.MAP))
        joined = ak.concatenate([chunk.array for chunk in chunks])
        assert ak.array_equal(joined, events.array)

    def test_damage(self, tmp_path, arrays):
        path = tmp_path / "a.npz"
        np.savez(path, **arrays)
        data = path.read_bytes()
        for sixteenth in range(1, 16):
            path.write_bytes(data[: len(data) * sixteenth // 16])
            with pytest.raises(UserError, match=r"a.npz is damaged"):
                read(path, format=self.MAP)
        damaged = bytearray(data)
        damaged[len(data) // 2] ^= 1  # archives have checksums
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"a.npz is damaged .*CRC"):
            read(path, format=self.MAP)

    def test_pickles_are_not_opened(self, tmp_path):
        path = tmp_path / "a.npy"
        np.save(path, np.array([{}], object), allow_pickle=True)
        with pytest.raises(UserError, match=r"a.npy is damaged .*allow_pickle"):
            read(path, format=self.MAP)

    def test_no_map_and_no_numbers(self, tmp_path, arrays):
        np.savez(tmp_path / "a.npz", **arrays)
        with pytest.raises(UserError, match=r"pt, eta, .*; describe its columns in a"):
            read(tmp_path / "a.npz")
        np.savez(tmp_path / "b.npz", names=arrays["names"])
        with pytest.raises(UserError, match=r"b.npz holds no array of numbers"):
            read(tmp_path / "b.npz")
