"""A student selects as its teacher does, and says how well."""

from __future__ import annotations

import math

import numpy as np
import pytest

from oddjet.cli.main import main
from oddjet.deploy.bundle import read_bundle, write_bundle
from oddjet.deploy.edge_conv_graph import EdgeConvDesign, edge_conv_graph
from oddjet.deploy.scorer import Scorer
from oddjet.deploy.working_points import WorkingPoint
from oddjet.features import FeatureSpec
from oddjet.io import write_events
from oddjet.learn.distillation import distill, fitting_shape, train_student
from oddjet.learn.distillation_report import PowerKept, compare
from oddjet.learn.student_config import SHAPES, StudentTraining
from oddjet.learn.unlabelled_jets import TEACHES, TESTS, UnlabelledJets, scored_jets
from oddjet.runs.errors import UserError
from oddjet.runs.progress import Progress
from toy_collisions import toy_events
from toy_jets import toy_jets, toy_weights

EVENTS, SIGNAL = 4000, 300
SPEC = FeatureSpec(num_constituents=16)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Unlabelled events with some narrow jets, and such jets alone."""
    room = tmp_path_factory.mktemp("unlabelled")
    write_events(room / "data.parquet", [toy_events(EVENTS - SIGNAL, SIGNAL, seed=1)])
    write_events(room / "signal.parquet", [toy_events(0, 500, seed=2)])
    return room / "data.parquet", room / "signal.parquet"


@pytest.fixture(scope="module")
def teacher(tmp_path_factory, files):
    """A graph network of random weights, cut where a tenth of the events pass."""
    path = tmp_path_factory.mktemp("teacher") / "model.onnx"
    weights = toy_weights(((8, 8),), (8,), seed=4)
    graph = edge_conv_graph([weights], EdgeConvDesign(3, 0.1, (0, 1)))
    points = ()
    for _ in range(2):
        write_bundle(
            path, graph, spec=SPEC, folds=1, provenance={}, working_points=points
        )
        if not points:
            jets = scored_jets(
                Scorer(path, "cpu"), files[0], most=EVENTS, progress=Progress.silent()
            )
            cuts = {"tenth": 0.9, "tight": 0.98}
            points = [
                WorkingPoint(
                    name, float(np.quantile(jets.score, q)), 1 - q, 0.01, "toys"
                )
                for name, q in cuts.items()
            ]
    return path


@pytest.fixture(scope="module")
def distilled(teacher, files):
    output = teacher.with_name("student.onnx")
    training = StudentTraining(epochs=30, batch_size=64)
    report = distill(
        teacher, files[0], output, latency_us=1e9, training=training, signal=files[1]
    )
    return output, report


def test_a_student_selects_as_its_teacher(teacher, files, distilled):
    path, report = distilled
    jets = scored_jets(
        Scorer(teacher, "cpu"), files[0], most=EVENTS, progress=Progress.silent()
    ).of_part(TESTS)
    score, _ = Scorer(path, "cpu").score_tensors(jets.values, jets.mask)
    assert report.jets == len(jets)
    assert report.correlation > 0.9
    threshold = read_bundle(teacher).threshold("tenth")
    tenth, tight = report.points
    both = (score > threshold) & (jets.score > threshold)
    assert tenth.kept == pytest.approx(both.sum() / (jets.score > threshold).sum())
    assert tenth.kept > 0.6
    assert tenth.student_efficiency == pytest.approx(np.mean(score > threshold))
    # The scale is the teacher's: the same threshold selects the same fraction.
    spread = math.sqrt(0.1 * 0.9 / len(jets))
    assert abs(tenth.student_efficiency - tenth.teacher_efficiency) < 4 * spread
    assert tight.teacher_efficiency < tenth.teacher_efficiency
    assert tenth.student_efficiency <= tenth.fraction_for_most < 1
    assert 0 <= tenth.teacher_signal <= 1
    assert 0 <= tenth.student_signal <= 1
    assert "keeps" in str(report)
    assert "signal" in str(report)


def test_a_student_is_a_model_file_that_says_what_it_is(teacher, distilled):
    path, report = distilled
    origin, bundle = read_bundle(teacher), read_bundle(path)
    assert bundle.spec == origin.spec
    assert bundle.folds == 1
    assert bundle.provenance["teacher"] == origin.digest
    assert bundle.provenance["student.shape"] == str(SHAPES["deep_sets"][0])
    for found, (name, point) in zip(
        report.points, origin.working_points.items(), strict=True
    ):
        assert bundle.working_points[name].threshold == point.threshold
        efficiency = bundle.working_points[name].efficiency
        assert efficiency == found.student_efficiency
        assert "unlabelled jets" in bundle.working_points[name].measured_on


def test_parts_follow_the_source_of_an_event(teacher, files):
    def parts(most):
        scorer = Scorer(teacher, "cpu")
        return scored_jets(scorer, files[0], most=most, progress=Progress.silent())

    everything, some = parts(EVENTS), parts(1000)
    assert len(some) == 1000
    assert (some.part == everything.part[:1000]).all()
    shares = np.bincount(everything.part) / len(everything)
    assert shares == pytest.approx([0.7, 0.15, 0.15], abs=0.03)


def unlabelled(count, **columns):
    values, mask = toy_jets(count, seed=3)
    score = columns.get("score", values[:, 0, 0])
    weight = columns.get("weight", np.ones(count))
    return UnlabelledJets(values, mask, score, weight, np.full(count, TEACHES))


def test_equal_arguments_give_equal_bits():
    spec, shape = FeatureSpec(num_constituents=12), SHAPES["deep_sets"][-1]
    training = StudentTraining(epochs=2)
    jets = unlabelled(600)
    first, second = (
        train_student(shape, spec, jets, training, seed=1) for _ in range(2)
    )
    other = train_student(shape, spec, jets, training, seed=2)
    for name, value in first.items():
        assert value.tobytes() == second[name].tobytes()
    assert first["output.weight"].tobytes() != other["output.weight"].tobytes()


def test_weights_of_events_decide_what_is_learnt():
    spec, shape = FeatureSpec(num_constituents=12), SHAPES["mlp"][-1]
    score = np.where(np.arange(800) % 2, 1, 0).astype(np.float32)
    weight = np.where(score > 0, 9.0, -1.0)
    training = StudentTraining(epochs=10)
    jets = unlabelled(800, score=score, weight=weight)
    bias = train_student(shape, spec, jets, training, seed=1)["output.bias"]
    even = train_student(shape, spec, unlabelled(800, score=score), training, seed=1)[
        "output.bias"
    ]
    assert bias[0] > even[0]


def test_a_loss_that_is_not_finite_stops():
    spec, shape = FeatureSpec(num_constituents=12), SHAPES["mlp"][-1]
    score = np.full(300, np.inf, np.float32)
    with pytest.raises(UserError, match="the loss became inf"):
        train_student(
            shape, spec, unlabelled(300, score=score), StudentTraining(), seed=1
        )


def test_the_largest_student_that_is_fast_enough_is_taken(monkeypatch):
    asked = []

    def microseconds(*_):
        asked.append(1)
        return {1: 300.0, 2: 120.0}.get(len(asked), 60.0)

    monkeypatch.setattr("oddjet.learn.distillation.one_jet_microseconds", microseconds)
    jets, spec = unlabelled(300), FeatureSpec(num_constituents=12)
    shape, latency = fitting_shape("mlp", 100.0, spec, jets)
    assert (shape, latency) == (SHAPES["mlp"][2], 60.0)
    with pytest.raises(UserError, match=r"smallest student of kind lite takes 60 us"):
        fitting_shape("lite", 10.0, spec, jets)


def test_the_command_distills(teacher, files, tmp_path, capsys):
    student = tmp_path / "student.onnx"
    arguments = ["distill", teacher, files[0], "-o", student, "--student", "mlp"]
    options = ["--epochs", 1, "--latency-us", 1e9, "--jets", 1500]
    assert main([str(argument) for argument in (*arguments, *options)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"wrote {student}"
    assert lines[2].startswith("tenth: selects ")
    assert "signal" not in lines[2]
    assert read_bundle(student).provenance["student.shape"].startswith("mlp")


@pytest.mark.parametrize(
    "case",
    [
        (["--jets", "500"], "at least 1000 jets, got 500"),
        (
            ["--student", "lite", "--latency-us", "1e-3"],
            "smallest student of kind lite",
        ),
    ],
)
def test_what_cannot_be_distilled_is_a_sentence(teacher, files, tmp_path, capsys, case):
    options, words = case
    output = tmp_path / "student.onnx"
    arguments = ["distill", str(teacher), str(files[0]), "-o", str(output), *options]
    assert main(arguments) == 2
    assert words in capsys.readouterr().err
    assert not output.exists()


def test_a_teacher_that_selects_nothing_is_no_division_by_zero(teacher, distilled):
    from oddjet.deploy.runtime import JetSession

    bundle = read_bundle(teacher)
    points = {"none": WorkingPoint("none", 1e9, 0.0, 0.0, "toys")}
    student = JetSession(read_bundle(distilled[0]).model, "cpu")
    bundle = type(bundle)(**{**vars(bundle), "working_points": points})
    (point,) = compare(bundle, student, unlabelled(50), None, latency_us=1.0).points
    assert isinstance(point, PowerKept)
    assert math.isnan(point.kept)
    assert math.isnan(point.fraction_for_most)
    assert point.student_efficiency == 0
