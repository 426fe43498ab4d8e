"""A C++ program on the installed wheel scores as Python does, bit for bit."""

from __future__ import annotations

import os
import shutil
import subprocess

import numpy as np
import pytest

from embed_project import CMAKE, build
from oddjet.deploy.bundle import write_bundle
from oddjet.deploy.scorer import Scorer
from oddjet.deploy.working_points import WorkingPoint
from oddjet.events import Events
from onnxruntime_headers import NoHeaders, include_directory
from particle_events import events_of

pytestmark = pytest.mark.skipif(
    CMAKE is None or shutil.which("c++") is None,
    reason="needs CMake and a C++ compiler",
)


def select(program, *arguments, events="", **environment):
    return subprocess.run(
        [program, *map(str, arguments)],
        input=events,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


@pytest.fixture(scope="module")
def headers(tmp_path_factory):
    try:
        return include_directory(tmp_path_factory.mktemp("onnxruntime"))
    except NoHeaders as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def program(tmp_path_factory, headers):
    return build(tmp_path_factory.mktemp("embed"), headers)


@pytest.fixture(scope="module")
def rows():
    """Events of 0 to 60 particles, as rows of (pt, eta, phi, mass)."""
    random = np.random.default_rng(1)
    sizes = [*range(25), *random.integers(1, 61, 60), 0, 1]
    return [
        [
            (
                float(random.exponential(20.0)) + 1e-3,
                float(random.normal(0.0, 1.5)),
                float(random.uniform(-np.pi, np.pi)),
                float(random.choice([0.0, 0.13957])),
            )
            for _ in range(size)
        ]
        for size in sizes
    ]


@pytest.fixture(scope="module")
def text(rows):
    lines = [
        f"{len(event)} {' '.join(repr(x) for p in event for x in p)}" for event in rows
    ]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def expected(rows, model_with_points):
    import awkward as ak

    particles = events_of(rows)
    events = Events(ak.Array({"particles": particles}), role="mc")
    return Scorer(model_with_points, "cpu", threads=2).score(events)


@pytest.fixture(scope="module")
def model_with_points(tmp_path_factory, graph, spec):
    path = tmp_path_factory.mktemp("points") / "model.onnx"
    point = WorkingPoint("half", 0.3, 0.5, 0.01, "toys")
    write_bundle(path, graph, spec=spec, folds=3, provenance={}, working_points=[point])
    return path


def check(output, expected):
    lines = output.splitlines()
    assert len(lines) == len(expected)
    verdicts = set()
    for line, event in zip(lines, expected, strict=True):
        verdict, score, *folds = line.split()
        verdicts.add(verdict)
        assert verdict == ("accept" if event.score > np.float32(0.3) else "reject")
        found = np.array([float.fromhex(x) for x in (score, *folds)], np.float32)
        wanted = np.array([event.score, *event.fold_scores], np.float32)
        assert np.array_equal(found, wanted, equal_nan=True), line
    assert verdicts == {"accept", "reject"}


def test_a_program_scores_as_python_does(program, model_with_points, text, expected):
    assert np.isnan(expected.score.to_numpy()).sum() == 2  # events without particles
    done = select(program, model_with_points, "half", events=text)
    assert done.returncode == 0, done.stderr
    check(done.stdout, expected)


def test_threads_share_a_scorer(program, model_with_points, text, expected):
    done = select(program, model_with_points, "half", "--threads", 4, events=text)
    assert done.returncode == 0, done.stderr
    check(done.stdout, expected)


def test_threads_do_not_race(tmp_path, headers, model_with_points, text, expected):
    program = build(tmp_path, headers, SANITIZE="thread")
    # ONNX Runtime is not built for the sanitizer, which then sees races in it that
    # are none.
    options = "ignore_noninstrumented_modules=1 halt_on_error=1"
    done = select(
        program,
        model_with_points,
        "half",
        "--threads",
        4,
        events=text,
        TSAN_OPTIONS=options,
    )
    if "unexpected memory mapping" in done.stderr:
        pytest.skip("this kernel's address layout is not one that the sanitizer knows")
    assert done.returncode == 0, done.stderr
    assert "WARNING: ThreadSanitizer" not in done.stderr
    check(done.stdout, expected)


def test_what_is_no_model_is_a_sentence(program, model_file, tmp_path, graph):
    from oddjet.deploy.bundle import model_bytes

    broken = tmp_path / "broken.onnx"
    broken.write_bytes(model_file.read_bytes()[:1000])
    content = model_file.read_bytes()
    edited = tmp_path / "edited.onnx"
    edited.write_bytes(content.replace(b"particles", b"partikles", 1))
    flipped = tmp_path / "flipped.onnx"
    middle = len(content) // 2  # in a weight
    flipped.write_bytes(
        content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    )
    foreign = tmp_path / "foreign.onnx"
    foreign.write_bytes(model_bytes(graph))
    for model, words in (
        (tmp_path / "none.onnx", "cannot use the model"),
        (broken, "cannot use the model"),
        (edited, "is damaged or was edited"),
        (flipped, "is damaged or was edited"),
        (foreign, "it has no oddjet.format_version"),
        (model_file, "the model has no working point 'half'"),
    ):
        done = select(program, model, "half")
        assert done.returncode == 2, done.stderr
        assert words in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
