"""Events survive ROOT files of both kinds."""

from __future__ import annotations

import awkward as ak
import pytest

from made_files import delphes_branches, nano_branches, write_tree
from oddjet.events import Events
from oddjet.io import iterate, read
from oddjet.io.writers.root import write_root
from oddjet.runs.errors import UserError


@pytest.fixture(params=["nano", "delphes"])
def source(tmp_path, request):
    if request.param == "nano":
        return write_tree(tmp_path / "a.root", nano_branches(), name="Events")
    return write_tree(tmp_path / "a.root", delphes_branches(), name="Delphes")


@pytest.mark.parametrize("kind", ["ttree", "rntuple"])
@pytest.mark.parametrize("step", [7, 1000])
def test_round_trip(tmp_path, source, kind, step):
    events = read(source)
    path = write_root(tmp_path / "b.root", iterate(source, step), kind=kind)
    copy = read(path)
    assert copy.role == events.role
    assert set(copy.fields) == set(events.fields)
    for name in events.fields:
        ours, theirs = copy.array[name], events.array[name]
        if name == "id":
            ours, theirs = ours["event"], theirs["event"]
        for field in ak.fields(theirs):
            assert ours[field].to_list() == theirs[field].to_list(), (name, field)
        if not ak.fields(theirs):
            assert ours.to_list() == theirs.to_list()


def test_text_needs_an_rntuple(tmp_path):
    array = ak.Array(
        {"truth": [{"process": "zjet"}, {"process": "svj"}], "weight": [1, 2]}
    )
    events = Events(array, role="mc")
    with pytest.raises(UserError, match="a TTree holds no text, and truth_process is"):
        write_root(tmp_path / "a.root", events)
    path = write_root(tmp_path / "a.root", events, kind="rntuple")
    assert read(path).truth.process.to_list() == ["zjet", "svj"]


def test_chunks_of_different_kinds(tmp_path, source):
    events = read(source)
    other = Events(events.array, role="data")
    with pytest.raises(UserError, match=r"chunks differ, mc with .* followed by data"):
        write_root(tmp_path / "b.root", [events, other])
    with pytest.raises(UserError, match="there are no events, not even"):
        write_root(tmp_path / "b.root", [])
    assert not (tmp_path / "b.root").exists()


def test_no_events(tmp_path, source):
    path = write_root(tmp_path / "b.root", read(source)[:0])
    assert len(read(path)) == 0
