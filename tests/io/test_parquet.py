"""Parquet files give back exactly the events that were written."""

from __future__ import annotations

from itertools import pairwise

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from oddjet.events import Events
from oddjet.io import iterate, read, source_digest, write_events
from oddjet.io.writers.parquet import ROW_GROUP_EVENTS
from oddjet.runs.errors import UserError


def sample(num_events=2500, *, first=1, role="mc"):
    rng = np.random.default_rng(first)
    counts = rng.poisson(3, num_events)
    counts[:2] = 0

    def momenta(counts, **fields):
        size = int(counts.sum())
        flat = {
            "pt": rng.exponential(9, size).astype(np.float32),
            "eta": rng.normal(0, 2, size).astype(np.float32),
            "phi": rng.uniform(-3, 3, size).astype(np.float32),
            "mass": np.zeros(size, np.float32),
        }
        flat |= {name: rng.integers(-3, 3, size, dtype=d) for name, d in fields.items()}
        return ak.unflatten(ak.zip(flat), counts)

    leptons = momenta(rng.poisson(1, num_events), charge=np.int8, flavour=np.int64)
    leptons["isolation"] = ak.mask(leptons.pt, leptons.pt > 3)
    jets = momenta(rng.poisson(2, num_events))
    jets["constituent_index"] = ak.local_index(ak.singletons(jets.pt, axis=1), axis=2)
    met = {"pt": rng.uniform(0, 9, num_events), "phi": rng.uniform(-3, 3, num_events)}
    ids = {"run": np.full(num_events, 7, np.uint32), "event": np.arange(num_events)}
    array = {
        "particles": momenta(counts, charge=np.int8, pdg_id=np.int32),
        "leptons": leptons,
        "jets": jets,
        "met": ak.zip(met | {"contains_muons": rng.uniform(size=num_events) > 0.5}),
        "weight": rng.normal(1, 2, num_events),
        "id": ak.zip(ids),
        "truth": ak.zip({"process": rng.choice(["zjet", "svj"], num_events).tolist()}),
        "trigger": ak.from_numpy(rng.uniform(size=(num_events, 2)) > 0.5),
    }
    return Events(ak.Array(array), role=role)


def stored(events):
    ids = [name for name in events.id.fields if name not in {"file", "entry"}]
    array = events.array[[name for name in events.fields if name != "id"]]
    return ak.with_field(array, events.id[ids], "id")


def assert_same(left, right):
    assert left.role == right.role
    assert ak.array_equal(
        stored(left), stored(right), dtype_exact=True, check_parameters=True
    )


def test_round_trip_is_lossless(tmp_path):
    events = sample()
    assert_same(read(write_events(tmp_path / "a.parquet", events)), events)
    kept = events[ak.num(events.particles) > 2]
    assert_same(read(write_events(tmp_path / "b.parquet", kept)), kept)


@pytest.mark.parametrize("num_events", [0, 1, 2, 1024, 1025])
def test_round_trip_of_few_events(tmp_path, num_events):
    events = sample(2000)[:num_events]
    copy = read(write_events(tmp_path / "a.parquet", events))
    assert_same(copy, events)
    (chunk,) = iterate(tmp_path / "a.parquet", step=5000)
    assert_same(chunk, events)


def test_bytes_depend_on_the_events_alone(tmp_path):
    events = sample()
    one = write_events(tmp_path / "one.parquet", events)
    cuts = [0, 1, 700, 700, 1500, 2500]
    pieces = (events[a:b] for a, b in pairwise(cuts))
    many = write_events(tmp_path / "many.parquet", pieces)
    shuffled = events[::-1][::-1]
    again = write_events(tmp_path / "again.parquet", shuffled)
    assert one.read_bytes() == many.read_bytes() == again.read_bytes()
    sizes = pq.ParquetFile(one).metadata
    assert sizes.row_group(0).num_rows == ROW_GROUP_EVENTS


def test_writing_is_atomic_and_complete(tmp_path):
    target = tmp_path / "a.parquet"
    write_events(target, sample(10))
    before = target.read_bytes()

    def interrupted():
        yield sample(3000)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_events(target, interrupted())
    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]


def test_chunks_must_be_of_one_kind(tmp_path):
    events = sample(10)
    with pytest.raises(UserError, match=r"chunks differ, mc .* followed by data"):
        write_events(tmp_path / "a.parquet", [events, sample(10, role="data")])
    with pytest.raises(UserError, match="chunks differ"):
        write_events(tmp_path / "a.parquet", [events, events.without("met")])
    with pytest.raises(UserError, match="there are no events, not even an empty"):
        write_events(tmp_path / "a.parquet", [])


def test_ids_name_file_and_entry(tmp_path):
    first = write_events(tmp_path / "a.parquet", sample(1500))
    second = write_events(tmp_path / "b.parquet", sample(1200, first=2))
    events = read([first, second])
    np.testing.assert_array_equal(events.id.entry, [*range(1500), *range(1200)])
    files = ak.to_numpy(events.id.file)
    assert files.dtype == np.uint64
    assert len(set(files[:1500])) == len(set(files[1500:])) == 1
    assert files[0] != files[-1]
    np.testing.assert_array_equal(events.id.run, 7)
    renamed = first.rename(tmp_path / "c.parquet")
    assert read(renamed).id.file[0] == files[0]
    copied = write_events(tmp_path / "d.parquet", read(renamed)[10:])
    np.testing.assert_array_equal(read(copied).id.entry, range(1490))


def test_entry_range_spans_files(tmp_path):
    first = write_events(tmp_path / "a.parquet", sample(2500))
    second = write_events(tmp_path / "b.parquet", sample(1200, first=2))
    whole = read([first, second])
    for start, stop in [(0, 1), (1000, 1100), (1023, 1025), (2400, 2600), (2500, 9999)]:
        part = read([first, second], entry_range=(start, stop))
        assert_same(part, whole[start:stop])
        np.testing.assert_array_equal(part.id.entry, whole[start:stop].id.entry)
    assert len(read(first, entry_range=(7, 7))) == 0
    assert len(read(first, entry_range=(9000, 9001))) == 0
    with pytest.raises(UserError, match="0 <= start <= stop"):
        read(first, entry_range=(3, 2))


def test_columns_are_chosen(tmp_path):
    path = write_events(tmp_path / "a.parquet", sample())
    events = read(path, columns=["met", "particles.pt"])
    assert set(events.fields) == {"met", "particles", "weight", "id"}
    assert events.particles.fields == ["pt"]
    assert set(events.id.fields) == {"file", "entry", "run", "event"}
    empty = read(path, columns=["met", "particles.pt"], entry_range=(0, 0))
    assert empty.array.type.content == events.array.type.content
    with pytest.raises(UserError, match=r"no column 'partcles' .*did you mean 'part"):
        read(path, columns=["partcles"])


def damage_after(path, start):
    data = bytearray(path.read_bytes())
    data[start : start + 2000] = b"\xff" * 2000
    path.write_bytes(data)


def test_other_rows_and_columns_are_not_read(tmp_path):
    path = write_events(tmp_path / "a.parquet", sample(4096))
    rows = pq.ParquetFile(path).metadata.row_group(3)
    first = rows.column(0)
    assert first.path_in_schema.startswith("particles")
    damage_after(path, first.data_page_offset)
    assert len(read(path, entry_range=(0, 3 * 1024))) == 3 * 1024
    assert len(read(path, columns=["met"])) == 4096
    with pytest.raises(UserError, match=r"a.parquet is damaged \("):
        read(path)
    with pytest.raises(UserError, match=r"a.parquet is damaged \("):
        list(iterate(path))


@pytest.mark.parametrize("step", [7, 90, 3000, "100 kB", "64 MB", "1B"])
def test_iterate_gives_every_event_once(tmp_path, step):
    first = write_events(tmp_path / "a.parquet", sample(110))
    second = write_events(tmp_path / "b.parquet", sample(30, first=2))
    chunks = list(iterate([first, second], step=step))
    assert_same(Events.concatenate(chunks), read([first, second]))
    whole = read([first, second])
    joined = Events.concatenate(chunks)
    np.testing.assert_array_equal(joined.id.entry, whole.id.entry)
    np.testing.assert_array_equal(joined.id.file, whole.id.file)
    if isinstance(step, int):
        assert max(map(len, chunks)) == min(step, 110)


def test_chunk_boundaries_do_not_depend_on_row_groups(tmp_path):
    path = write_events(tmp_path / "a.parquet", sample(2500))
    pq.write_table(pq.read_table(path), tmp_path / "b.parquet", row_group_size=333)
    for step in (700, "80 kB"):
        sizes = [
            [len(chunk) for chunk in iterate(file, step=step)]
            for file in (path, tmp_path / "b.parquet")
        ]
        assert sizes[0] == sizes[1]
        assert len(sizes[0]) > 3


@pytest.mark.parametrize("step", ["64", "MB", "-1 MB", 0, -5, "0 MB", "64 TB"])
def test_bad_steps_are_refused(tmp_path, step):
    path = write_events(tmp_path / "a.parquet", sample(5))
    with pytest.raises(UserError, match="step must be a size"):
        iterate(path, step=step)


def test_digest_ignores_truth_and_storage(tmp_path):
    events = sample()
    path = write_events(tmp_path / "a.parquet", events)
    digest, identity = source_digest(path), read(path).id.file[0]
    assert len(digest) == 64
    permuted = ak.with_field(events.array, events.truth[::-1], "truth")
    versions = [
        write_events(tmp_path / "b.parquet", events.without("truth")),
        write_events(tmp_path / "c.parquet", Events(permuted, role="mc")),
        write_events(tmp_path / "d.parquet", Events(events.array, role="data")),
        tmp_path / "e.parquet",
    ]
    table = pq.read_table(path).drop(["truth"])
    pq.write_table(table, versions[-1], compression="snappy", row_group_size=900)
    for version in versions:
        assert source_digest(version) == digest
        assert read(version).id.file[0] == identity
    weight = ak.to_numpy(events.weight).copy()
    weight[1234] += 1e-12
    changed = Events(ak.with_field(events.array, weight, "weight"), role="mc")
    assert source_digest(write_events(tmp_path / "f.parquet", changed)) != digest
    for other in (events[:-1], events[::-1], events.without("met")):
        assert source_digest(write_events(tmp_path / "g.parquet", other)) != digest


def test_digest_of_several_files(tmp_path):
    first = write_events(tmp_path / "a.parquet", sample(5))
    second = write_events(tmp_path / "b.parquet", sample(5, first=2))
    assert source_digest([first]) == source_digest(first)
    assert source_digest([first, second]) != source_digest([second, first])
    assert source_digest(tmp_path / "*.parquet") == source_digest([first, second])
    empty = write_events(tmp_path / "c.parquet", sample(5)[:0])
    other = write_events(tmp_path / "d.parquet", sample(5)[:0].without("met"))
    assert source_digest(empty) != source_digest(other)


def test_bad_events_are_named_by_file_and_entry(tmp_path):
    array = sample(2000).array
    pt = ak.where(ak.local_index(array.particles.pt, axis=0) == 1500, -1, array.met.pt)
    array["met", "pt"] = pt
    bad = Events.unchecked(array, role="mc")
    path = write_events(tmp_path / "a.parquet", bad)
    message = rf"met.pt of entry 1500 of {path} is negative"
    with pytest.raises(UserError, match=message):
        read(path)
    with pytest.raises(UserError, match=message):
        read(path, entry_range=(1400, 1600))
    with pytest.raises(UserError, match=message):
        list(iterate(path, step=900))
    assert len(read(path, entry_range=(0, 1024))) == 1024


class TestForeignFiles:
    def test_plain_arrow_lists(self, tmp_path):
        momentum = {"pt": 1.0, "eta": 0.0, "phi": 2.0, "mass": 0.0}
        table = pa.table({"particles": [[momentum] * 2, [], [momentum]]})
        pq.write_table(table, tmp_path / "a.parquet")
        events = read(tmp_path / "a.parquet")
        assert events.role == "data"
        assert events.particles.px.to_list()[0] == [np.cos(2.0)] * 2
        np.testing.assert_array_equal(events.weight, [1, 1, 1])

    def test_nullable_weights(self, tmp_path):
        momentum = {"pt": 1.0, "eta": 0.0, "phi": 2.0, "mass": 0.0}
        columns = {"particles": [[momentum]] * 2, "weight": [0.5, 2.0]}
        pq.write_table(pa.table(columns), tmp_path / "a.parquet")
        weight = np.asarray(read(tmp_path / "a.parquet").weight)
        assert weight.dtype == np.float64
        np.testing.assert_array_equal(weight, [0.5, 2])
        columns["weight"] = [0.5, None]
        pq.write_table(pa.table(columns), tmp_path / "b.parquet")
        with pytest.raises(UserError, match=r"weight has a missing value .* event 1"):
            read(tmp_path / "b.parquet")

    def test_no_particles(self, tmp_path):
        pq.write_table(pa.table({"a": [1], "b": [2]}), tmp_path / "a.parquet")
        with pytest.raises(UserError, match=r"none of the formats .* it holds a, b; "):
            read(tmp_path / "a.parquet")
        with pytest.raises(UserError, match=r"no column `particles` \(it has a, b\)"):
            read(tmp_path / "a.parquet", format="parquet")

    def test_newer_files(self, tmp_path):
        table = pq.read_table(write_events(tmp_path / "a.parquet", sample(3)))
        newer = {b"oddjet": b'{"role": "mc", "schema_version": 99}'}
        pq.write_table(table.replace_schema_metadata(newer), tmp_path / "a.parquet")
        with pytest.raises(UserError, match="written by a newer oddjet"):
            read(tmp_path / "a.parquet")


class TestUnreadable:
    def test_truncated(self, tmp_path):
        path = write_events(tmp_path / "a.parquet", sample(50))
        data = path.read_bytes()
        for size in (4, 8, 100, len(data) - 1):
            path.write_bytes(data[:size])
            with pytest.raises(UserError, match=r"a.parquet is truncated"):
                read(path)
        path.write_bytes(data[:100] + b"PAR1")
        with pytest.raises(UserError, match=r"a.parquet is damaged \("):
            read(path)

    def test_empty_or_something_else(self, tmp_path):
        (tmp_path / "a.parquet").touch()
        with pytest.raises(UserError, match=r"a.parquet is empty \(0 bytes\)"):
            read(tmp_path / "a.parquet")
        (tmp_path / "b.root").write_bytes(b"ruut" + bytes(100))
        with pytest.raises(UserError, match=r"b.root is not ROOT, HDF5, Parquet or"):
            read(tmp_path / "b.root")
        with pytest.raises(UserError, match=r"b.root is not ROOT, HDF5, Parquet or"):
            read(tmp_path / "b.root", format="parquet")

    def test_unknown_format(self, tmp_path):
        path = write_events(tmp_path / "a.parquet", sample(5))
        with pytest.raises(UserError, match=r"format 'root' is unknown.* parquet"):
            read(path, format="root")

    def test_different_roles(self, tmp_path):
        write_events(tmp_path / "a.parquet", sample(5))
        write_events(tmp_path / "b.parquet", sample(5, role="data"))
        with pytest.raises(UserError, match=r"a.parquet holds mc and .*b.parquet data"):
            read(tmp_path / "*.parquet")
