"""Friend files have a row for every event, in its place, with its ids."""

from __future__ import annotations

import json

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

from made_files import delphes_branches, nano_branches, write_tree
from oddjet.io import iterate, read
from oddjet.io.writers.friend import FriendWriter, friend_ids, write_friend
from oddjet.runs.errors import UserError

KINDS = ["parquet", "ttree", "rntuple"]


def rows(events):
    score = ak.to_numpy(events.met.pt)
    return friend_ids(events) | {
        "score": score.astype(np.float32),
        "fold_scores": np.column_stack([score, 2 * score, 3 * score]),
        "selected": score > 40,
        "status": np.where(score > 40, "ok", "no jet"),
    }


def columns(path, kind):
    if kind == "parquet":
        table = pq.read_table(path)
        return {name: table[name].to_pylist() for name in table.column_names}
    with uproot.open(path) as file:
        arrays = file["oddjet_friend"].arrays()
        found = {name: arrays[name].to_list() for name in arrays.fields}
        if kind == "ttree":
            texts = json.loads(str(file["oddjet_friend_status_text"]))
            found["status"] = [texts[code] for code in found["status"]]
        return found


@pytest.fixture
def source(tmp_path):
    return write_tree(tmp_path / "events.root", nano_branches(50), name="Events")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", [1, 17, 1000])
def test_rows_follow_the_input(tmp_path, source, kind, step):
    path = tmp_path / f"friend.{'parquet' if kind == 'parquet' else 'root'}"
    count = write_friend(path, map(rows, iterate(source, step)), kind=kind)
    events = read(source)
    found, expected = columns(path, kind), rows(events)
    assert count == len(events) == 50
    assert set(found) == set(expected)
    for name, values in expected.items():
        assert found[name] == values.tolist(), name
    # What a TTree's AddFriend relies on: row n belongs to entry n.
    assert found["id_entry"] == list(range(50))


def test_a_pandas_like_join_finds_every_event(tmp_path, source):
    path = tmp_path / "friend.parquet"
    write_friend(path, map(rows, iterate(source, 7)))
    keys = ["id_run", "id_lumi", "id_event"]
    friend = pq.read_table(path).drop(["fold_scores"])
    shuffled = friend.take(np.random.default_rng(1).permutation(50))
    joined = pa.table(friend_ids(read(source))).join(shuffled, keys, right_suffix="_f")
    assert joined.num_rows == 50
    assert (
        joined.sort_by("id_entry")["score"].to_pylist() == friend["score"].to_pylist()
    )


def test_tables_of_pyarrow(tmp_path):
    flat = pa.array(np.arange(6, dtype=np.float32))
    table = pa.table(
        {
            "id_entry": np.arange(3),
            "fold_scores": pa.FixedSizeListArray.from_arrays(flat, 2),
            "status": ["ok", "bad", "ok"],
        }
    )
    for kind in KINDS:
        write_friend(tmp_path / "a.root", [table, table], kind=kind)
        found = columns(tmp_path / "a.root", kind)
        assert found["status"] == ["ok", "bad", "ok"] * 2
        assert found["fold_scores"] == [[0, 1], [2, 3], [4, 5]] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_no_rows(tmp_path, kind):
    path = write_tree(
        tmp_path / "a.root",
        {k: v[:0] for k, v in delphes_branches(2).items()},
        name="Delphes",
    )
    assert write_friend(tmp_path / "f", map(rows, iterate(path)), kind=kind) == 0
    assert all(values == [] for values in columns(tmp_path / "f", kind).values())


def test_bytes_of_parquet_do_not_depend_on_chunks(tmp_path, source):
    for step in (1, 50):
        write_friend(tmp_path / f"{step}.parquet", map(rows, iterate(source, step)))
    one, whole = (tmp_path / f"{step}.parquet" for step in (1, 50))
    assert one.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_of_a_failure(tmp_path, kind):
    def stop():
        with FriendWriter(tmp_path / "f", kind=kind) as friend:
            friend.write({"score": np.ones(3)})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UserError, match="there are no rows, not even none"):
        write_friend(tmp_path / "f", [], kind=kind)
    chunks = [{"score": np.ones(3)}, {"score": np.ones(3, np.float32)}]
    with pytest.raises(UserError, match=r"chunks differ, .*float64.* followed by .*32"):
        write_friend(tmp_path / "f", chunks, kind=kind)
    with pytest.raises(UserError, match="columns differ in length"):
        write_friend(tmp_path / "f", [{"a": np.ones(3), "b": np.ones(2)}], kind=kind)
    assert list(tmp_path.iterdir()) == []


def test_the_suffix_says_the_kind(tmp_path):
    with pytest.raises(UserError, match=r"scores.csv must end in .parquet or .root"):
        FriendWriter(tmp_path / "scores.csv")
