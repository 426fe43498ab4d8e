"""Models of tables of events through the scorer: equal to PyTorch, and refusals."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra [train]")

import torch

from oddjet.cli.main import main
from oddjet.deploy.bundle import read_bundle, rewrite_bundle, write_bundle
from oddjet.deploy.event_network_graph import event_network_graph
from oddjet.deploy.precision import reduce_precision
from oddjet.deploy.score_files import score_files
from oddjet.deploy.scorer import Scorer
from oddjet.deploy.working_points import WorkingPoint
from oddjet.events import Events
from oddjet.features import FeatureSpec, LundSpec, LundTrees, TableSpec
from oddjet.learn.abcd_export import export_scores
from oddjet.learn.models.event_network import EventNetwork
from oddjet.runs.errors import UserError
from particle_events import random_events
from toy_jets import toy_jets

COLUMNS = ("met", "transverse_ratio", "score_leading")
SPEC = TableSpec(columns=COLUMNS, scores=("x", "y"))


def features(events, seed=1):
    """Quantities of very different sizes."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(events, 3)) * (100, 0.1, 1) + (300, 0.3, 2)
    return values.astype(np.float32)


def networks(hidden):
    """Two networks as after a training: batch norm has seen events, X and Y differ."""
    torch.manual_seed(3)
    found = torch.nn.ModuleDict()
    seen = torch.from_numpy(features(500, seed=2))
    for name in "XY":
        network = EventNetwork(3, hidden)
        network.standardise(seen.mean(dim=0), seen.std(dim=0))
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.3 * torch.randn_like(parameter))
            for _ in range(20):
                network(seen[torch.randint(500, (100,))])
        found[name] = network.eval()
    return found


def table(values):
    return dict(zip(COLUMNS, values.T, strict=True))


@pytest.fixture(scope="module")
def trained():
    return networks((64, 32, 16))


@pytest.fixture(scope="module")
def model(trained, tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "networks.onnx"
    export_scores(path, trained, columns=COLUMNS, provenance={"epochs": 3})
    return path


@pytest.mark.parametrize("hidden", [(8,), (64, 32, 16)])
def test_scores_are_those_of_pytorch(hidden, tmp_path):
    made = networks(hidden)
    export_scores(tmp_path / "m.onnx", made, columns=COLUMNS, provenance={})
    values = features(5000)
    found = Scorer(tmp_path / "m.onnx").score(table(values))
    assert ak.fields(found) == ["x", "y", "status"]
    assert set(found.status.tolist()) == {"ok"}
    with torch.no_grad():
        for name, network in made.items():
            expected = torch.sigmoid(network(torch.from_numpy(values))).numpy()
            score = found[name.lower()].to_numpy()
            assert score.dtype == np.float32
            assert np.ptp(expected) > 0.1  # else nothing is compared
            np.testing.assert_allclose(score, expected, rtol=0, atol=1e-5)


def test_the_company_of_an_event_does_not_change_its_score(model):
    values = features(5000)  # more than one run
    whole = Scorer(model).score(table(values))
    for threads, size in ((1, 1), (3, 700)):
        scorer = Scorer(model, threads=threads)
        rows = values[:50] if size == 1 else values
        parts = [
            scorer.score(table(rows[i : i + size])) for i in range(0, len(rows), size)
        ]
        again = ak.concatenate(parts)
        for name in SPEC.scores:
            expected = whole[name].to_numpy()[: len(rows)]
            assert again[name].to_numpy().tobytes() == expected.tobytes()


def test_a_record_array_is_a_table_and_order_does_not_matter(model):
    values = features(20)
    columns = {"weight": np.ones(20), **dict(reversed(table(values).items()))}
    found = Scorer(model).score(ak.Array(columns))
    assert found.to_list() == Scorer(model).score(table(values)).to_list()


def test_events_that_cannot_be_scored_are_nan_and_say_why(model):
    values = features(4)
    values[1, 2], values[3, :2] = np.nan, np.inf
    found = Scorer(model).score(table(values))
    assert found.status.tolist() == [
        "ok",
        "score_leading is not finite",
        "ok",
        "met is not finite",
    ]
    for name in SPEC.scores:
        finite = np.isfinite(found[name].to_numpy())
        np.testing.assert_array_equal(finite, [True, False, True, False])
    assert len(Scorer(model).score(table(values[:0]))) == 0


def test_the_bundle_says_what_it_takes(model, tmp_path, capsys):
    bundle = read_bundle(model)
    assert bundle.spec == SPEC
    assert bundle.unit == "event"
    assert bundle.provenance == {"epochs": "3"}
    points = [
        WorkingPoint("x", 0.775, 0.1, 0.01, "background"),
        WorkingPoint("y", 0.875, 0.05, 0.01, "background"),
    ]
    path = tmp_path / "with_points.onnx"
    onnx = pytest.importorskip("onnx")
    graph = onnx.load_model_from_string(bundle.model).graph
    rewrite_bundle(path, graph, bundle, provenance=bundle.provenance,
                   working_points=points)  # fmt: skip
    assert read_bundle(path).threshold("y") == 0.875
    capsys.readouterr()
    assert main(["inspect", str(path)]) == 0
    text = capsys.readouterr().out
    assert "scores: x and y of an event, from 0 to 1" in text
    assert "a table with the columns met, transverse_ratio, score_leading" in text
    assert "working points (select the score of that name > threshold):" in text
    assert "x: 0.775, efficiency 0.1 ± 0.01 (background)" in text


def test_equal_networks_give_equal_bytes(trained, model, tmp_path):
    path = tmp_path / "again.onnx"
    export_scores(path, trained, columns=COLUMNS, provenance={"epochs": 3})
    assert path.read_bytes() == model.read_bytes()


def test_what_is_no_table_is_refused(model, model_file):
    scorer = Scorer(model)
    events = Events(ak.Array({"particles": random_events(3, 4)}), role="mc")
    for wrong in (events, ak.Array([[1.0], []]), features(3)):
        with pytest.raises(UserError, match="give a mapping of its columns to arrays"):
            scorer.score(wrong)
    with pytest.raises(UserError, match="the table has no transverse_ratio, score_lea"):
        scorer.score({"met": np.ones(3)})
    with pytest.raises(UserError, match=r"met has the shape \(3,\) and score_leading"):
        scorer.score(table(features(3)) | {"score_leading": np.ones(2)})
    with pytest.raises(UserError, match="scores events or jets, not tables"):
        Scorer(model_file).score(table(features(3)))


def test_what_is_made_for_other_models_is_refused(model, tmp_path):
    scorer = Scorer(model)
    with pytest.raises(UserError, match="scores tables of the quantities of events"):
        scorer.score_tensors(*toy_jets(3, seed=1))
    trees = LundTrees(
        np.zeros((1, 5), np.float32), np.full((1, 3), -1), np.array([0, 1])
    )
    with pytest.raises(UserError, match="reads tables, not Lund trees: use score"):
        scorer.score_trees(trees)
    with pytest.raises(UserError, match=r"scores tables of met, .*, not files of even"):
        score_files(model, ["events.parquet"], tmp_path / "out")
    with pytest.raises(UserError, match="int8 is for networks on constituents"):
        reduce_precision(model, *toy_jets(3, seed=1), tmp_path / "q.onnx")
    for spec in (FeatureSpec(), LundSpec()):
        with pytest.raises(UserError, match="Spec here and TableSpec there"):
            Scorer(model, expected_spec=spec)
    other = TableSpec(columns=("met",), scores=("x", "y"))
    with pytest.raises(UserError, match="columns is met here and met transverse_ratio"):
        Scorer(model, expected_spec=other)


@pytest.mark.parametrize(
    "spec",
    [
        TableSpec(columns=("met",), scores=("x", "y")),
        TableSpec(columns=COLUMNS, scores=("y", "x")),
    ],
)
def test_a_spec_that_does_not_fit_its_graph_is_refused(spec, trained, tmp_path):
    states = {
        name.lower(): {k: v.numpy() for k, v in network.state_dict().items()}
        for name, network in trained.items()
    }
    path = tmp_path / "m.onnx"
    write_bundle(path, event_network_graph(states), spec=spec, folds=1, provenance={})
    with pytest.raises(UserError, match="contradicts itself: its text names"):
        read_bundle(path)


@pytest.mark.parametrize(
    "columns", [(), ("met", "met"), ("missing pt",), ("met", "")]
)  # fmt: skip
def test_names_that_the_text_cannot_carry(columns):
    with pytest.raises(ValueError, match="columns must be different names without"):
        TableSpec(columns=columns, scores=("x", "y"))
