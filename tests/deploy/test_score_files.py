from __future__ import annotations

import errno
import json
import subprocess
import sys
import threading

import awkward as ak
import numpy as np
import onnx
import pyarrow.parquet as pq
import pytest
import uproot

from oddjet.cli.main import main
from oddjet.deploy import friend_rows, score_chunk
from oddjet.deploy.bundle import model_bytes, write_bundle
from oddjet.deploy.score_files import score_files
from oddjet.deploy.scorer import Scorer
from oddjet.deploy.working_points import WorkingPoint
from oddjet.events import Events
from oddjet.io import read, write_events
from oddjet.runs.errors import UserError
from oddjet.runs.lock import lock_directory
from toy_collisions import toy_events

SIZES = {"many": 230, "few": 60, "none": 0}


@pytest.fixture(scope="module")
def threshold(model_file):
    """What half of the events of the first file pass."""
    events = toy_events(SIZES["many"], seed=1)
    return float(np.median(Scorer(model_file, "cpu").score(events).score))


@pytest.fixture(scope="module")
def model(tmp_path_factory, graph, spec, threshold):
    path = tmp_path_factory.mktemp("score") / "model.onnx"
    points = [WorkingPoint("half", threshold, 0.5, 0.01, "toys")]
    write_bundle(path, graph, spec=spec, folds=3, provenance={}, working_points=points)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    directory = tmp_path_factory.mktemp("events")
    for seed, (name, size) in enumerate(SIZES.items()):
        events = toy_events(max(size, 1), seed=seed + 1)[:size]
        write_events(directory / f"{name}.parquet", [events])
    return [directory / f"{name}.parquet" for name in SIZES]


@pytest.fixture(scope="module")
def scored(model, files, tmp_path_factory):
    output = tmp_path_factory.mktemp("scored") / "out"
    made = score_files(model, files, output, chunk_events=100, working_point="half")
    assert made == [output / f"{name}.scores.parquet" for name in SIZES]
    return output


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.glob("*.parquet")}


def test_every_event_has_the_row_that_the_scorer_gives(model, files, scored, threshold):
    scorer = Scorer(model, "cpu")
    for file in files:
        events = read(file)
        table = pq.read_table(scored / f"{file.stem}.scores.parquet")
        expected = scorer.score(events)
        assert table["score"].to_pylist() == expected.score.tolist()
        assert table["fold_scores"].to_pylist() == expected.fold_scores.tolist()
        assert table["status"].to_pylist() == expected.status.tolist()
        assert table["selected"].to_pylist() == (expected.score > threshold).tolist()
        for name in ("file", "entry", "run", "lumi", "event"):
            assert table[f"id_{name}"].to_pylist() == events.id[name].tolist()


def test_bytes_do_not_depend_on_chunks_blocks_or_threads(
    model, files, scored, tmp_path, monkeypatch
):
    monkeypatch.setattr(score_chunk, "BLOCK_EVENTS", 7)
    options = {"chunk_events": 31, "working_point": "half", "threads": 3}
    score_files(model, files, tmp_path / "out", **options)
    assert contents(tmp_path / "out") == contents(scored)


def test_rows_are_grouped_alike_however_they_come(tmp_path, scored, monkeypatch):
    monkeypatch.setattr(friend_rows, "ROW_GROUP_ROWS", 50)
    table = pq.read_table(scored / "many.scores.parquet")
    whole, parts = tmp_path / "whole.parquet", tmp_path / "parts.parquet"
    friend_rows.write_friends(whole, [table], table.schema)
    pieces = [table[i : i + 33] for i in range(0, len(table), 33)]
    assert friend_rows.write_friends(parts, pieces, table.schema) == len(table)
    assert whole.read_bytes() == parts.read_bytes()
    assert pq.ParquetFile(whole).metadata.num_row_groups == 5


def test_a_skim_has_the_selected_rows(model, files, scored, tmp_path):
    output = tmp_path / "out"
    score_files(model, files, output, working_point="half", skim=True)
    for name in SIZES:
        table = pq.read_table(scored / f"{name}.scores.parquet")
        skim = pq.read_table(output / f"{name}.scores.parquet")
        assert skim.equals(table.filter(table["selected"]))
    assert 0 < pq.read_table(output / "many.scores.parquet").num_rows < SIZES["many"]


@pytest.mark.parametrize("kind", ["ttree", "rntuple"])
def test_root_friends_have_the_same_rows(model, files, scored, tmp_path, kind):
    output = tmp_path / "out"
    options = {"chunk_events": 100, "working_point": "half", "kind": kind}
    made = score_files(model, files, output, **options)
    assert made == [output / f"{name}.scores.root" for name in SIZES]
    for name, size in SIZES.items():
        table = pq.read_table(scored / f"{name}.scores.parquet")
        with uproot.open(output / f"{name}.scores.root") as file:
            tree = file["oddjet_friend"]
            assert tree.num_entries == size
            if kind == "ttree" and not size:
                continue  # uproot cannot read arrays of a tree without baskets
            found = tree.arrays()
            texts = None
            if kind == "ttree":
                texts = json.loads(str(file["oddjet_friend_status_text"]))
        for column in table.column_names:
            values = found[column].to_list()
            if column == "status" and texts is not None:
                values = [texts[code] for code in values]
            assert values == table[column].to_pylist(), column


def with_bad_events(path, source):
    """Write the events of a file, some of them bad; gives what is wrong at entries."""
    array = read(source).array
    particles = array.particles
    pt, eta = (
        ak.to_numpy(ak.flatten(particles[name])).copy() for name in ("pt", "eta")
    )
    first = np.concatenate([[0], np.cumsum(ak.num(particles))])
    pt[first[3] + 2], eta[first[17]], pt[first[40]] = np.nan, np.inf, -1.0
    counts = ak.num(particles)
    for name, values in (("pt", pt), ("eta", eta)):
        particles = ak.with_field(particles, ak.unflatten(values, counts), name)
    array = ak.with_field(array, particles, "particles")
    write_events(path, [Events.unchecked(array, role="mc")])
    return {3: "non-finite pt", 17: "non-finite eta", 40: "negative pt"}


def test_bad_events_keep_their_rows_when_asked(model, files, tmp_path, capsys):
    file, output = tmp_path / "few.parquet", tmp_path / "out"
    bad = with_bad_events(file, files[1])
    arguments = [model, file, "-o", output, "--chunk-events", 25]
    assert "entry 3 of" in refused(["score", *arguments], capsys)
    command = ["score", *arguments, "--on-bad-event", "flag", "--working-point", "half"]
    assert main([str(argument) for argument in command]) == 0
    table = pq.read_table(output / "few.scores.parquet")
    expected = Scorer(model, "cpu").score(read(files[1]))
    assert table.num_rows == SIZES["few"]
    for entry, (score, status, selected, wanted) in enumerate(
        zip(
            *(table[name].to_pylist() for name in ("score", "status", "selected")),
            expected.score,
            strict=True,
        )
    ):
        if entry in bad:
            assert np.isnan(score)
            assert not selected
            assert status.startswith("bad event: particle ")
            assert bad[entry] in status
            assert " of event" not in status
        else:
            assert (score, status) == (wanted, "ok")


def test_what_is_done_is_not_done_again(model, files, scored, monkeypatch):
    before = contents(scored)

    def no_work(*_):
        pytest.fail("an event was scored again")

    monkeypatch.setattr(score_chunk, "prepared_blocks", no_work)
    (scored / "many.scores.parquet").unlink()  # comes back from the run's own copy
    score_files(model, files, scored, chunk_events=100, working_point="half")
    assert contents(scored) == before
    assert not (scored / "chunks").exists()


def test_another_model_makes_other_rows(model, graph, spec, files, tmp_path):
    output, other = tmp_path / "out", tmp_path / "other.onnx"
    score_files(model, files[1], output)
    first = contents(output)
    write_bundle(other, graph, spec=spec, folds=3, provenance={"epochs": 9})
    score_files(other, files[1], output, working_point=None)
    assert contents(output) == first  # the same graph: the same scores, made again
    assert "invalidates scores" in (output / "run.log").read_text()


def test_the_command_says_what_it_made(model, files, threshold, tmp_path, capsys):
    output = tmp_path / "out"
    arguments = ["score", str(model), str(files[1]), "-o", str(output)]
    assert main([*arguments, "--provider", "cpu", "--threads", "2"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == [str(output / "few.scores.parquet")]
    assert "scoring with oddjet's own kernel" in told.err
    assert main(["inspect", str(model)]) == 0
    words = capsys.readouterr().out
    assert "the mean of 3 networks" in words
    assert f"half: {threshold:g}, efficiency 0.5 ± 0.01 (toys)" in words
    assert "delta_rapidity (version 1)" in words


def refused(arguments, capsys):
    assert main([str(argument) for argument in arguments]) == 2
    (sentence,) = [
        line for line in capsys.readouterr().err.splitlines() if "oddjet:" in line
    ]
    return sentence


def graph_of(model):
    return onnx.load(model).graph


def test_bad_input_is_a_sentence_and_no_output(
    model, model_file, files, tmp_path, capsys
):
    output = tmp_path / "out"
    torn = tmp_path / "torn.parquet"
    torn.write_bytes(files[0].read_bytes()[:-100])
    bare = tmp_path / "bare.parquet"
    write_events(bare, [toy_events(5, seed=1).without("particles")])
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(model.read_bytes()[:500])
    foreign, flipped = tmp_path / "foreign.onnx", tmp_path / "flipped.onnx"
    foreign.write_bytes(model_bytes(graph_of(model)))
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1  # in a weight
    flipped.write_bytes(content)
    cases = [
        ([foreign, files[0]], "is an ONNX file but no model of oddjet"),
        ([flipped, files[0]], "is damaged or was edited"),
        ([model, files[0], torn, files[1]], "torn.parquet is truncated"),
        ([model, files[0], bare], "has no 'particles', of which the model makes"),
        ([model, tmp_path / "no.parquet"], "there is no file"),
        ([broken, files[0]], "is no ONNX file, or a damaged one"),
        ([files[0], files[0]], "is no ONNX file, or a damaged one"),
        ([model, files[0], "--working-point", "tight"], "it has half"),
        ([model, files[0], "--skim"], "needs a working point; the model has half"),
        ([model_file, files[0], "--skim"], "the model has none"),
        ([model, files[0], "--provider", "abacus"], "no provider 'abacus'"),
    ]
    for arguments, words in cases:
        assert words in refused(["score", *arguments, "-o", output], capsys)
        assert not output.exists(), words


def test_a_file_that_breaks_in_the_middle_is_named_and_the_rest_kept(
    model, files, tmp_path, capsys
):
    output, broken = tmp_path / "out", tmp_path / "broken.parquet"
    whole = files[0].read_bytes()
    middle = len(whole) // 2
    broken.write_bytes(whole[: middle - 200] + bytes(400) + whole[middle + 200 :])
    arguments = ["score", model, files[1], broken, "-o", output]
    assert "broken.parquet" in refused(arguments, capsys)
    assert not list(output.glob("*.parquet"))
    broken.write_bytes(whole)
    assert main([str(argument) for argument in arguments]) == 0
    assert pq.read_table(output / "broken.scores.parquet").num_rows == SIZES["many"]


def test_an_output_of_somebody_else_is_left_alone(model, files, tmp_path, capsys):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("years of work")
    arguments = ["score", model, files[1], "-o"]
    words = refused([*arguments, foreign], capsys)
    assert "holds thesis.tex and is no output of `oddjet score`" in words
    assert [path.name for path in foreign.iterdir()] == ["thesis.tex"]
    file = tmp_path / "file"
    file.write_text("mine")
    refused([*arguments, file], capsys)
    assert file.read_text() == "mine"


def test_two_at_once_are_told_apart(model, files, tmp_path):
    output = tmp_path / "out"
    locked, done = threading.Event(), threading.Event()

    def other():
        with lock_directory(output):
            locked.set()
            done.wait()

    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    locked.wait()
    with pytest.raises(UserError, match="is in use by"):
        score_files(model, files[1], output)
    done.set()
    thread.join()
    score_files(model, files[1], output)
    assert pq.read_table(output / "few.scores.parquet").num_rows == SIZES["few"]


def test_two_processes_into_one_output_lose_and_double_nothing(model, files, tmp_path):
    output = tmp_path / "out"
    command = [sys.executable, "-m", "oddjet", "score", model, files[0], "-o", output]
    command += ["--chunk-events", "10", "--provider", "cpu"]
    both = [
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    told = [process.communicate()[1] for process in both]
    codes = [process.returncode for process in both]
    # Whoever comes second is refused, or finds the work done.
    assert sorted(codes) in ([0, 0], [0, 2]), told
    if 2 in codes:
        assert "is in use by" in told[codes.index(2)]
    entries = pq.read_table(output / "many.scores.parquet")["id_entry"].to_pylist()
    assert entries == list(range(SIZES["many"]))


def test_a_full_disk_is_a_sentence_and_then_goes_on(
    model, files, tmp_path, capsys, monkeypatch
):
    output = tmp_path / "out"
    arguments = ["score", model, files[0], "-o", output, "--chunk-events", 50]
    real, calls = pq.ParquetWriter.write_table, []

    def write_table(self, *rest):
        calls.append(rest)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "Error writing bytes to file. Detail: ...")
        return real(self, *rest)

    monkeypatch.setattr(pq.ParquetWriter, "write_table", write_table)
    told = refused(arguments, capsys)
    assert f"no space left on device ({output}/chunks/" in told
    assert "friends.parquet); make room and repeat the command" in told
    assert not list(output.glob("*.parquet"))
    assert len(list(output.glob("chunks/*/stages/friends/manifest.json"))) == 2
    assert main([str(argument) for argument in arguments]) == 0
    assert pq.read_table(output / "many.scores.parquet").num_rows == SIZES["many"]
    assert len(calls) == 3 + 3 + 1  # two chunks were there, three and the whole follow


def test_inputs_of_one_name_keep_apart(model, files, tmp_path):
    twin = tmp_path / "few.parquet"
    twin.write_bytes(files[0].read_bytes())
    made = score_files(model, [files[1], twin], tmp_path / "out")
    assert [path.name for path in made] == [
        "few-1.scores.parquet",
        "few-2.scores.parquet",
    ]
    rows = [pq.read_table(path).num_rows for path in made]
    assert rows == [SIZES["few"], SIZES["many"]]


def test_scores_are_finite_where_the_status_is_ok(scored):
    table = pq.read_table(scored / "many.scores.parquet")
    ok = np.array(table["status"].to_pylist()) == "ok"
    assert (np.isfinite(table["score"].to_numpy()) == ok).all()
