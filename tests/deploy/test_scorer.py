from __future__ import annotations

import subprocess
import sys

import awkward as ak
import numpy as np
import pytest

from oddjet.deploy.scorer import Scorer
from oddjet.events import Events
from oddjet.features import FeatureSpec, event_tensors
from oddjet.jets import cluster
from oddjet.runs.errors import MissingExtra, UserError
from particle_events import CARTESIAN, random_events
from particle_events import events_of as particles_of
from toy_collisions import toy_events
from toy_jets import toy_jets


@pytest.fixture(scope="module")
def scorer(model_file):
    return Scorer(model_file)


def events_of(count, particles=60):
    return Events(ak.Array({"particles": random_events(count, particles)}), role="mc")


def equal(first, second):
    return all(
        np.array_equal(a, b, equal_nan=True) for a, b in zip(first, second, strict=True)
    )


@pytest.mark.parametrize("count", [0, 1, 7, 256])
def test_a_score_does_not_depend_on_its_batch(scorer, count):
    values, mask = toy_jets(256, seed=1, sizes=(0, 12))
    score, fold_scores = scorer.score_tensors(values, mask)
    order = np.random.default_rng(count).permutation(256)[:count]
    again = scorer.score_tensors(values[order], mask[order])
    assert equal(again, (score[order], fold_scores[order]))
    assert again[0].dtype == np.float32
    assert again[1].shape == (count, 3)


def test_a_score_does_not_depend_on_the_length_of_the_padding(scorer):
    values, mask = toy_jets(40, seed=2, sizes=(0, 6))
    shorter = scorer.score_tensors(values[:, :6], mask[:, :6])
    assert equal(shorter, scorer.score_tensors(values, mask))


def test_the_score_is_the_mean_over_folds(scorer):
    score, fold_scores = scorer.score_tensors(*toy_jets(50, seed=3))
    np.testing.assert_allclose(score, fold_scores.mean(axis=1), rtol=1e-6)


def test_events_are_scored_by_their_leading_jet(scorer, spec):
    events = events_of(30)
    result = scorer.score(events)
    values, mask, _ = event_tensors(events.particles, spec)
    score, fold_scores = scorer.score_tensors(values, mask)
    assert (result.score.to_numpy() == score).all()
    assert (result.fold_scores.to_numpy() == fold_scores).all()
    assert set(result.status) == {"ok"}


def test_jets_keep_their_nesting(scorer, spec):
    events = events_of(10)
    jets = cluster(events.particles, algorithm="antikt", radius=spec.radius)
    result = scorer.score(jets)
    assert ak.num(result).tolist() == ak.num(jets).tolist()
    by_event = scorer.score(events)
    assert (result.score[:, 0] == by_event.score).to_numpy().all()
    assert (scorer.score(jets[:, 0]).score == by_event.score).to_numpy().all()


def test_of_more_constituents_than_the_model_takes_the_hardest_count(scorer, spec):
    events = toy_events(40, seed=6)
    jets = cluster(events.particles, algorithm=spec.algorithm, radius=spec.radius)[
        :, :1
    ]
    longest = ak.max(ak.num(jets.constituents, axis=2))
    assert longest > spec.num_constituents
    kept = jets.constituents[:, :, : spec.num_constituents]
    shorter = ak.with_field(jets, kept, "constituents")
    assert scorer.score(jets).score.to_list() == scorer.score(shorter).score.to_list()


def test_truth_is_never_an_input(scorer):
    events = events_of(10)
    marked = events.array
    marked["truth"] = ak.Array({"process": ["signal"] * 10})
    with_truth = scorer.score(Events(marked, role="mc"))
    assert with_truth.tolist() == scorer.score(events).tolist()


def test_what_cannot_be_scored_says_why(scorer, spec):
    particles = ak.concatenate([random_events(2, 30), random_events(1, 0)])
    result = scorer.score(Events(ak.Array({"particles": particles}), role="mc"))
    assert result.status.tolist() == ["ok", "ok", "no usable jet"]
    assert np.isnan(result.score.to_numpy()).tolist() == [False, False, True]
    assert np.isnan(result.fold_scores.to_numpy()[2]).all()
    jets = cluster(particles, algorithm="antikt", radius=spec.radius)[:2, 0]
    emptied = ak.with_field(
        jets, jets.constituents[ak.Array([[], [0]])], "constituents"
    )
    assert scorer.score(emptied).status.tolist() == ["no constituents", "ok"]


def test_jets_without_transverse_momentum_stop_no_other(scorer, spec):
    """A particle along the beam is a jet of pt 0, or a constituent of one."""
    slow, soft, hard = (0.0, 0.0, 3.0, 7.0), (0.1, 0.2, 1.0, 2.0), (9.0, 0.0, 1.0, 9.1)
    many = [(9.0, 0.01 * i, 1.0, 9.1) for i in range(spec.num_constituents)]
    rows = [[slow], [hard, soft], [hard, slow], [*many, slow]]
    particles = particles_of(rows, CARTESIAN)
    jets = cluster(particles, algorithm="antikt", radius=1000.0)
    assert ak.num(jets).tolist() == [1, 1, 1, 1]
    result = scorer.score(jets)
    # Of the last jet the model sees the hardest, which all have transverse momentum.
    assert result.status.tolist() == [["zero pt"], ["ok"], ["zero pt"], ["ok"]]
    missing = np.isnan(ak.flatten(result.score).to_numpy())
    assert missing.tolist() == [True, False, True, False]
    cut = ak.with_field(jets, jets.constituents[..., :-1], "constituents")
    assert scorer.score(cut).score[3, 0] == result.score[3, 0]
    cylindrical = scorer.score(
        cluster(
            particles_of([[(0.0, 0.0, 0.0, 1.0)], [(5.0, 0.0, 0.0, 0.0)]]),
            algorithm="antikt",
            radius=0.8,
        )
    )
    assert cylindrical.status.tolist() == [["zero pt"], ["ok"]]


def test_a_jet_that_is_not_finite_is_refused(scorer, spec):
    jets = cluster(random_events(2, 30), algorithm="antikt", radius=spec.radius)[:, 0]
    broken = ak.with_field(jets, np.array([5.0, np.nan]), "pt")
    with pytest.raises(ValueError, match="jet 1 has non-finite pt nan"):
        scorer.score(broken)


def test_nothing_gives_nothing(scorer, spec):
    result = scorer.score(events_of(5)[:0])
    assert len(result) == 0
    assert result.fields == ["score", "fold_scores", "status"]
    jets = cluster(random_events(2, 0), algorithm="antikt", radius=spec.radius)
    assert scorer.score(jets).tolist() == [[], []]


def test_tensors_that_do_not_fit_are_refused(scorer):
    values, mask = toy_jets(5, seed=4, length=13, sizes=(2, 13))
    with pytest.raises(UserError, match=r"\(jets, up to 12, 7\).*got \(5, 13, 7\)"):
        scorer.score_tensors(values, mask)
    values, mask = toy_jets(5, seed=4)
    with pytest.raises(UserError, match=r"got \(5, 12, 6\)"):
        scorer.score_tensors(values[..., :6], mask)
    values[3, 1, 2] = np.nan
    with pytest.raises(UserError, match="constituent 1 of jet 3 are not finite"):
        scorer.score_tensors(values, mask)


def test_a_model_for_other_jets_is_refused(model_file, spec):
    assert Scorer(model_file, expected_spec=spec).spec == spec
    with pytest.raises(UserError, match=r"radius is 0\.4 here and 0\.8 there"):
        Scorer(model_file, expected_spec=FeatureSpec(num_constituents=12, radius=0.4))


def test_threads_and_providers_are_checked(model_file, monkeypatch):
    with pytest.raises(UserError, match="no provider 'AbacusExecutionProvider'"):
        Scorer(model_file, providers=["AbacusExecutionProvider"])
    with pytest.raises(UserError, match="integer >= 1, got '0'"):
        Scorer(model_file, threads=0)
    monkeypatch.setenv("ODDJET_THREADS", "many")
    with pytest.raises(UserError, match="integer >= 1, got 'many'"):
        Scorer(model_file)


def test_an_empty_variable_of_threads_means_one(model_file, monkeypatch):
    monkeypatch.setenv("ODDJET_THREADS", "")
    result = Scorer(model_file).score(events_of(2))
    assert result.status.tolist() == ["ok", "ok"]


def test_without_onnx_runtime_the_extra_is_named(model_file, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtra, match=r'pip install "oddjet\[onnx\]"'):
        Scorer(model_file)


def test_scoring_needs_no_torch(model_file, scorer, tmp_path):
    values, mask = toy_jets(1, seed=5)
    np.savez(tmp_path / "jets.npz", values=values, mask=mask)
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy; from oddjet.deploy.scorer import Scorer\n"
        "jets = numpy.load(sys.argv[2])\n"
        "score, _ = Scorer(sys.argv[1]).score_tensors(jets['values'], jets['mask'])\n"
        "print(float(score[0]).hex())\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(model_file), str(tmp_path / "jets.npz")],
        capture_output=True,
        text=True,
        check=True,
    )
    score, _ = scorer.score_tensors(values, mask)
    assert run.stdout.strip() == float(score[0]).hex()
