"""`oddjet score --precision`: a faster model, made from the events of the job."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from oddjet.cli.main import main
from oddjet.deploy import reduced_model
from oddjet.deploy.bundle import read_bundle, write_bundle
from oddjet.deploy.edge_conv_graph import EdgeConvDesign, edge_conv_graph
from oddjet.deploy.score_files import score_files
from oddjet.deploy.scorer import Scorer
from oddjet.deploy.working_points import WorkingPoint
from oddjet.io import read, write_events
from toy_collisions import toy_events
from toy_jets import toy_weights

SIZES = {"first": 500, "second": 300}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    room = tmp_path_factory.mktemp("events")
    for seed, (name, size) in enumerate(SIZES.items()):
        write_events(room / f"{name}.parquet", [toy_events(size, seed=seed + 1)])
    return [room / f"{name}.parquet" for name in SIZES]


@pytest.fixture(scope="module")
def model(tmp_path_factory, spec, files):
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    weights = toy_weights(((16, 16), (16, 16)), (8,), seed=1)
    graph = edge_conv_graph([weights], EdgeConvDesign(3, 0.1, (0, 1)))
    write_bundle(path, graph, spec=spec, folds=1, provenance={})
    cut = float(np.median(Scorer(path, "cpu").score(read(files[0])).score))
    points = [WorkingPoint("half", cut, 0.5, 0.01, "toys")]
    write_bundle(path, graph, spec=spec, folds=1, provenance={}, working_points=points)
    return path


@pytest.fixture
def nothing_acceptable(monkeypatch):
    monkeypatch.setattr("oddjet.deploy.precision_report.EFFICIENCY_CHANGE", -1.0)


def command(model, files, output, *options):
    return main([str(a) for a in ("score", model, *files, "-o", output, *options)])


def test_a_job_scores_with_the_model_it_leaves(model, files, tmp_path, capsys):
    output = tmp_path / "out"
    assert command(model, files, output, "--precision", "int8") == 0
    told = capsys.readouterr().err
    assert "int8 in 2 matrix products; on 500 events" in told
    assert "half: efficiency" in told
    made = output / "model.int8.onnx"
    assert read_bundle(made).provenance["origin"] == read_bundle(model).digest
    for file in files:
        rows = pq.read_table(output / f"{file.stem}.scores.parquet")
        wanted = Scorer(made, "cpu").score(read(file)).score
        plain = Scorer(model, "cpu").score(read(file)).score
        assert rows["score"].to_pylist() == wanted.to_list()
        assert wanted.to_list() != plain.to_list()


def test_the_sample_is_the_first_events_whatever_the_chunks(
    model, files, tmp_path, monkeypatch
):
    monkeypatch.setattr(reduced_model, "EVENTS", 620)
    outputs = [tmp_path / "one", tmp_path / "two"]
    for output, chunk_events in zip(outputs, (1000, 70), strict=True):
        score_files(model, files, output, chunk_events=chunk_events, precision="int8")
        words = (output / "stages" / "model" / "report.txt").read_text()
        assert "on 365 events" in words
    one, two = (
        {path.name: path.read_bytes() for path in output.glob("*.*")}
        for output in outputs
    )
    one.pop("run.log", None), two.pop("run.log", None)
    assert one == two
    assert "model.int8.onnx" in one


def test_what_is_done_is_kept_and_another_precision_is_other_work(
    model, files, tmp_path, monkeypatch
):
    output = tmp_path / "out"
    score_files(model, files, output, precision="int8")
    first = (output / "first.scores.parquet").read_bytes()

    def no_work(*_, **__):
        pytest.fail("the model was made again")

    with monkeypatch.context() as patch:
        patch.setattr(reduced_model, "reduce_precision", no_work)
        score_files(model, files, output, precision="int8")
    assert (output / "first.scores.parquet").read_bytes() == first
    score_files(model, files, output)
    assert (output / "first.scores.parquet").read_bytes() != first


@pytest.mark.parametrize(
    "case",
    [("int8", "would select others: half"), ("fp16", "fp16 is for a GPU")],
)
@pytest.mark.usefixtures("nothing_acceptable")
def test_what_cannot_be_is_a_sentence(case, model, files, tmp_path, capsys):
    precision, words = case
    output = tmp_path / "out"
    options = ("--precision", precision, "--provider", "cpu")
    assert command(model, files, output, *options) == 2
    assert words in capsys.readouterr().err
    assert not list(output.glob("*.onnx"))
    assert not list(output.glob("*.parquet"))
