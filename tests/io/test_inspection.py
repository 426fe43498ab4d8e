"""`oddjet inspect` and `oddjet convert` on files with and without traps."""

from __future__ import annotations

import json
import re

import awkward as ak
import numpy as np
import pytest

from made_files import delphes_branches, nano_branches, write_tree
from oddjet.cli.main import main
from oddjet.io import iterate, read, write_events
from oddjet.io.inspection import inspect_file
from oddjet.runs.errors import OddjetWarning


def nano(path, **changes):
    return write_tree(path, nano_branches() | changes, name="Events")


def test_what_a_file_holds(tmp_path):
    path = nano(tmp_path / "a.root")
    found, events = inspect_file(path), read(path)
    assert (found.format, found.role, found.num_events) == ("nanoaod", "mc", 20)
    summaries = {summary.name: summary for summary in found.collections}
    assert set(summaries) == set(events.fields)
    for name in ("particles", "jets", "fat_jets", "leptons"):
        counts = ak.num(events.array[name])
        assert summaries[name].num_objects == ak.sum(counts)
        assert summaries[name].max_per_event == ak.max(counts)
    pt = next(f for f in summaries["jets"].fields if f.name == "jets.pt")
    assert (pt.unit, pt.low, pt.high) == (
        "GeV",
        ak.min(events.jets.pt),
        ak.max(events.jets.pt),
    )
    assert found.suspicious == []
    assert "mono-jet search: particles, met and leptons are there" in found.possible


def change(branches, name, make):
    return branches | {name: make(branches[name])}


@pytest.mark.parametrize(
    ("name", "make", "sentence"),
    [
        ("Jet_pt", lambda a: a * 1000, "jets: the median pT is .* MeV instead of GeV"),
        (
            "Jet_phi",
            lambda a: a + np.pi,
            r"jets.phi lies outside \[-pi, pi\] for \d+ of",
        ),
        ("FatJet_mass", lambda a: a * 0, r"fat_jets.mass is zero for all \d+ objects"),
        ("PFCands_eta", lambda a: a / 0, "particles.eta is not a finite number in"),
        ("event", lambda a: a // 2 * 2, "8 events have the same run, lumi and event"),
        ("genWeight", lambda a: a * 0, "every weight is zero"),
        ("FatJetPFCands_pFCandsIdx", lambda a: a + 90, "points beyond the particles"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_suspicious_things(tmp_path, name, make, sentence):
    branches = change(nano_branches(), name, make)
    path = write_tree(tmp_path / "a.root", branches, name="Events")
    (found,) = inspect_file(path).suspicious
    assert re.search(sentence, found), found


def test_rounding_of_pi_is_not_suspicious(tmp_path):
    branches = nano_branches()
    branches["Jet_phi"] = ak.full_like(branches["Jet_phi"], np.float32(np.pi))
    path = write_tree(tmp_path / "a.root", branches, name="Events")
    assert inspect_file(path).suspicious == []


def test_the_source_of_events_is_a_name_not_a_range(tmp_path, capsys):
    files = [nano(tmp_path / "a.root"), nano(tmp_path / "b.root", run=np.full(20, 7))]
    path = write_events(tmp_path / "c.parquet", read(files), keep_place=True)
    (ids,) = [c for c in inspect_file(path).collections if c.name == "id"]
    (source,) = [item for item in ids.fields if item.name == "id.file"]
    assert (source.distinct, source.low, source.high) == (2, None, None)
    assert main(["inspect", str(path)]) == 0
    assert "file 2 different; entry 0 to 19" in capsys.readouterr().out


@pytest.fixture
def visible_dark(tmp_path):
    """A file of Delphes whose calorimeter saw dark hadrons."""
    branches = delphes_branches()
    names = {"PT": "ET", "Eta": "Eta", "Phi": "Phi"}
    for name, deposit in names.items():
        branches[f"Particle.{name}"] = branches[f"EFlowNeutralHadron.{deposit}"]
    like = branches["Particle.PT"]
    branches["Particle.PID"] = ak.values_astype(ak.ones_like(like) * 4900211, int)
    branches["Particle.Status"] = ak.values_astype(ak.ones_like(like), int)
    path = write_tree(tmp_path / "a.root", branches, name="Delphes")
    return path, f"{ak.count(like)} of {ak.count(like)} stable dark particles"


def test_dark_particles_that_are_seen(visible_dark):
    path, sentence = visible_dark
    (found,) = inspect_file(path).suspicious
    assert found.startswith(sentence)


@pytest.mark.parametrize("workers", [1, 2])
def test_dark_particles_that_are_seen_warn_whoever_reads(visible_dark, workers):
    path, sentence = visible_dark
    with pytest.warns(OddjetWarning, match=f"{path}: {sentence}") as told:
        chunks = list(iterate(path, 7, columns=["jets"], workers=workers))
    assert len(chunks) == 3
    assert len(told) == 1  # a file, not a chunk
    with pytest.warns(OddjetWarning, match=sentence):
        read(path)


def test_the_command_line_warns_in_one_sentence(visible_dark, tmp_path, capsys):
    path, sentence = visible_dark
    assert main(["convert", str(path), str(tmp_path / "b.parquet")]) == 0
    lines = capsys.readouterr().err.strip().splitlines()
    (line,) = [line for line in lines if "warning" in line]
    assert line.startswith(f"oddjet: warning: {path}: {sentence}")


def test_the_command(tmp_path, capsys):
    path = nano(tmp_path / "a.root")
    assert main(["inspect", str(path)]) == 0
    text = capsys.readouterr().out
    assert "nanoaod, 20 events, mc" in text
    assert "nothing suspicious" in text
    assert main(["inspect", "--json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out) == inspect_file(path).as_dict()
    (tmp_path / "b.root").write_text("<html>login</html>")
    assert main(["inspect", str(tmp_path / "b.root")]) == 2
    assert "b.root is a web page, not events" in capsys.readouterr().err


class TestConvert:
    @pytest.mark.parametrize("name", ["b.parquet", "b.root"])
    def test_events_stay_the_same(self, tmp_path, name, capsys):
        paths = [nano(tmp_path / "a1.root"), nano(tmp_path / "a2.root")]
        output = tmp_path / name
        assert main(["convert", *map(str, paths), str(output)]) == 0
        assert f"wrote {output}: 40 events" in capsys.readouterr().out
        for field in ("pt", "puppi_weight"):
            ours, theirs = (read(p).particles[field] for p in (output, paths))
            assert ours.to_list() == theirs.to_list()

    def test_columns_and_drop(self, tmp_path):
        path, output = nano(tmp_path / "a.root"), tmp_path / "b.parquet"
        arguments = ["convert", str(path), str(output), "--columns", "met,particles.pt"]
        assert main(arguments) == 0
        with pytest.raises(Exception, match="fat_jets"):
            read(output, columns=["fat_jets"])
        assert main(["convert", str(path), str(output), "--drop", "truth,trigger"]) == 0
        assert not {"truth", "trigger"} & set(read(output).fields)

    def test_bad_events(self, tmp_path, capsys):
        met = nano_branches()["PuppiMET_pt"]
        met[[3, 7]] = np.nan
        path, output = (
            nano(tmp_path / "a.root", PuppiMET_pt=met),
            tmp_path / "b.parquet",
        )
        assert main(["convert", str(path), str(output)]) == 2
        assert "met.pt of entry 3 of" in capsys.readouterr().err
        assert not output.exists()
        assert main(["convert", str(path), str(output), "--on-bad-event", "flag"]) == 0
        out = capsys.readouterr().out
        assert "left out 2 events: entry 3: met.pt is not a finite number" in out
        assert len(read(output)) == 18

    def test_bad_files(self, tmp_path, capsys):
        path, output = nano(tmp_path / "a.root"), tmp_path / "b.parquet"
        data = path.read_bytes()
        (tmp_path / "c.root").write_bytes(data[: len(data) // 2])
        pattern = str(tmp_path / "*.root")
        assert main(["convert", pattern, str(output)]) == 2
        assert "c.root is truncated" in capsys.readouterr().err
        assert main(["convert", pattern, str(output), "--skip-bad-files"]) == 0
        captured = capsys.readouterr()
        assert "wrote" in captured.out
        assert "lost" in captured.err
        assert "1 file(s) of unknown size" in captured.err

    def test_the_input_is_safe(self, tmp_path, capsys):
        path = nano(tmp_path / "a.root")
        assert main(["convert", str(path), str(path)]) == 2
        assert "is an input and would be overwritten" in capsys.readouterr().err
        assert main(["convert", str(path), str(tmp_path / "b.csv")]) == 2
        assert "must end in .parquet or .root" in capsys.readouterr().err
