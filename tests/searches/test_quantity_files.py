"""Tables of quantities as people have them: kinds of files, names, units."""

from __future__ import annotations

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from oddjet.runs.errors import UserError
from oddjet.searches import Dijet, DijetConfig
from oddjet.searches.quantity_files import read_quantities
from toy_dijets import TINY_DIJET, dijet_table

MASS, JET = np.array([3.1, 3.5, 4.0]), np.array([80.0, 91.0, 120.0])
RECORDS = np.array(list(zip(MASS, JET, strict=True)), [("m_jj", "f8"), ("m_1", "f4")])


def parquet(path):
    pq.write_table(pa.table({"m_jj": MASS, "m_1": JET, "label": ["a", "b", "c"]}), path)


def csv(path):
    pa.csv.write_csv(pa.table({"m_jj": MASS, "m_1": JET}), path)


def hdf5(path):
    with h5py.File(path, "w") as file:
        file["m_jj"], file["m_1"] = MASS, JET


def pandas_fixed(path):
    with h5py.File(path, "w") as file:
        file["df/block0_values"] = np.column_stack([MASS, JET])
        file["df/block0_items"] = np.array([b"m_jj", b"m_1"])
        file["df/axis1"] = np.arange(3)


def npz(path):
    np.savez(path, m_jj=MASS, m_1=JET)


def records(path):
    np.save(path, RECORDS)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.parquet", parquet),
        ("a.csv", csv),
        ("a.h5", hdf5),
        ("b.hdf5", pandas_fixed),
        ("a.npz", npz),
        ("a.npy", records),
    ],
)
def test_every_kind_of_file_gives_the_same_numbers(tmp_path, name, write):
    write(tmp_path / name)
    found = read_quantities(
        tmp_path / name, {"mass_jj": "m_jj", "mass_1": "m_1"}, {"mass_jj": 1000}
    )
    assert list(found) == ["mass_jj", "mass_1"]
    np.testing.assert_allclose(found["mass_jj"], 1000 * MASS)
    np.testing.assert_allclose(found["mass_1"], JET)
    plain = read_quantities(tmp_path / name, {}, {})
    np.testing.assert_allclose(plain["m_jj"], MASS)
    assert "label" not in plain


def test_columns_without_names_are_numbered(tmp_path):
    np.save(tmp_path / "a.npy", np.column_stack([MASS, JET]))
    found = read_quantities(tmp_path / "a.npy", {"mass_1": "1"}, {})
    np.testing.assert_array_equal(found["mass_1"], JET)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["features"] = np.column_stack([MASS, JET])
    found = read_quantities(tmp_path / "a.h5", {"mass_1": "features.1"}, {})
    np.testing.assert_array_equal(found["mass_1"], JET)


def test_what_is_no_table_is_one_sentence(tmp_path):
    parquet(tmp_path / "a.parquet")
    for columns, factors, name in (
        ({"x": "tau"}, {}, "tau"),
        ({"x": "label"}, {}, "label"),
        ({}, {"tau": 2.0}, "tau"),
    ):
        with pytest.raises(
            UserError, match=f"no column {name} of numbers; it has m_jj"
        ):
            read_quantities(tmp_path / "a.parquet", columns, factors)
    with pytest.raises(UserError, match=r"must end in one of \.parquet, \.csv"):
        read_quantities(tmp_path / "a.root", {}, {})
    (tmp_path / "bad.h5").write_bytes(b"no file")
    (tmp_path / "bad.npy").write_bytes(b"no file")
    (tmp_path / "bad.csv").write_bytes(b"a,b\n1\n")
    for name in ("bad.h5", "bad.npy", "bad.csv", "gone.parquet"):
        with pytest.raises(UserError, match="cannot be read as a table"):
            read_quantities(tmp_path / name, {}, {})
    np.savez(tmp_path / "a.npz", x=MASS, y=JET[:2])
    with pytest.raises(UserError, match=r"different lengths \(x 3, y 2\)"):
        read_quantities(tmp_path / "a.npz", {}, {})


def test_a_search_takes_names_and_units_of_others(tmp_path):
    """As features of the LHC Olympics come: masses in TeV, columns without names."""
    pytest.importorskip("iminuit", reason="needs the extra [stats]")
    pytest.importorskip("torch", reason="needs the extra [train]")
    table = dijet_table(1, 9000, signal=200)
    pq.write_table(table, tmp_path / "data.parquet")
    values = np.column_stack([table[name].to_numpy() for name in ("mass_jj", "a", "b")])
    np.save(tmp_path / "data.npy", values / [1000, 1, 1])
    small = {n: value for n, value in TINY_DIJET.items() if n != "simulation"} | {
        "scan": {"first_gev": 2600, "last_gev": 3200},
        "templates": ["sideband"],
        "pseudo_experiments": 0,
        "high_sideband_min": -1.0,
    }
    given = {
        "files": ["data.npy"], "content": "table", "role": "pseudo-data",
        "columns": {"mass_jj": "0", "a": "1", "b": "2"}, "factors": {"mass_jj": 1000},
    }  # fmt: skip
    (point,) = Dijet(DijetConfig(**small | {"data": given}), base=tmp_path).run(
        tmp_path / "r"
    )["points"]
    (same,) = Dijet(DijetConfig(**small), base=tmp_path).run(tmp_path / "s")["points"]
    assert point["significance"] == pytest.approx(same["significance"], rel=1e-6)
    assert point["significance"] > 3
    with pytest.raises(ValueError, match="must have content: table for columns"):
        DijetConfig(**small | {"data": {"files": ["x"], "columns": {"a": "b"}}})
