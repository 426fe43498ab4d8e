"""From every format that is read to every format that is written, nothing is lost."""

from __future__ import annotations

import awkward as ak
import pytest

from made_files import FORMATS, write_format
from oddjet.io import read
from oddjet.io.conversion import convert_files
from oddjet.io.readers.registry import open_source

OUTPUTS = {"parquet": "b.parquet", "ttree": "b.root", "rntuple": "c.root"}


@pytest.mark.parametrize("kind", OUTPUTS)
@pytest.mark.parametrize("name", FORMATS)
def test_every_pair(tmp_path, name, kind):
    path = write_format(tmp_path / "a", name)
    events, output = read(path), tmp_path / OUTPUTS[kind]
    done = convert_files(path, output, kind=kind, workers=2)
    again = read(output)
    assert done.num_events == len(events) == len(again) == 40
    assert again.role == events.role
    assert set(again.fields) == set(events.fields)
    for collection in events.fields:
        ours, theirs = again.array[collection], events.array[collection]
        if collection == "id":  # file and entry name the place in the new file
            assert set(ours.fields) == set(theirs.fields)
            names = [n for n in theirs.fields if n not in {"file", "entry"}]
            ours, theirs = ours[names], theirs[names]
        assert ours.to_list() == theirs.to_list(), collection
    with open_source(output) as source:
        assert source.records_role


@pytest.mark.parametrize("kind", OUTPUTS)
def test_what_was_converted_converts_back(tmp_path, kind):
    path = write_format(tmp_path / "a", "nano_ttree")
    middle, end = tmp_path / OUTPUTS[kind], tmp_path / "end.parquet"
    convert_files(path, middle, kind=kind)
    convert_files(middle, end)
    events, again = read(path), read(end)
    for collection in ("particles", "met", "weight"):
        assert ak.array_equal(again.array[collection], events.array[collection])
