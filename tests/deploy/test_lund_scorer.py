"""Models of Lund trees through the scorer: bundles, jets, events, what they refuse."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from oddjet.deploy.bundle import read_bundle, write_bundle
from oddjet.deploy.describe_model import describe_model
from oddjet.deploy.lund_net_graph import LundNetDesign, lund_net_graph
from oddjet.deploy.precision import reduce_precision
from oddjet.deploy.score_files import score_files
from oddjet.deploy.scorer import Scorer
from oddjet.events import Events
from oddjet.features import FeatureSpec, LundSpec, LundTrees
from oddjet.jets import cluster
from oddjet.runs.errors import UserError
from particle_events import random_events
from toy_jets import toy_jets
from toy_lund_net import lund_weights

SPEC = LundSpec(radius=0.6, pt_min_gev=20, abs_eta_max=2.0, num_jets=2)


def write(path, spec=SPEC, variables=5):
    folds = [
        lund_weights(((6, 5), (8,)), seed=seed, variables=variables) for seed in (1, 2)
    ]
    graph = lund_net_graph(folds, LundNetDesign())
    write_bundle(path, graph, spec=spec, folds=2, provenance={"epochs": 3})
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write(tmp_path_factory.mktemp("lund") / "model.onnx")


@pytest.fixture(scope="module")
def scorer(model):
    return Scorer(model)


@pytest.fixture(scope="module")
def events():
    return Events(ak.Array({"particles": random_events(40, 60)}), role="mc")


def test_the_bundle_says_what_it_takes(model):
    bundle = read_bundle(model)
    assert bundle.spec == SPEC
    assert bundle.unit == "jet"
    text = describe_model(model)
    assert "scores: one a jet, the mean of 2 networks" in text
    assert "the 2 hardest antikt jets, R = 0.6" in text
    assert "pt >= 20, |eta| <= 2" in text
    assert "full Lund tree of each (version 1)" in text
    assert "ln_z, ln_delta, psi, ln_m, ln_kt" in text


def test_events_give_a_list_of_their_jets(scorer, events):
    result = scorer.score(events)
    jets = cluster(events.particles, algorithm="antikt", radius=0.6, pt_min_gev=20)
    jets = jets[np.abs(jets.eta) <= 2.0][:, :2]
    assert ak.num(result).tolist() == ak.num(jets).tolist()
    assert len({0, 1, 2} & set(ak.num(result).tolist())) > 1
    by_jet = scorer.score(jets)
    assert ak.all(by_jet.score == result.score)
    flat = ak.flatten(jets)
    alone = [scorer.score(flat[i : i + 1]).score[0] for i in range(len(flat))]
    assert np.array(alone, np.float32).tobytes() == (
        ak.flatten(result.score).to_numpy().tobytes()
    )
    score, fold_scores = scorer.score_trees(LundTrees.of(flat, SPEC))
    assert (ak.flatten(result.score).to_numpy() == score).all()
    assert (ak.flatten(result.fold_scores).to_numpy() == fold_scores).all()


def test_jets_that_have_no_tree_are_nan_and_say_why(scorer):
    particle = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    other = particle | {"pt": 10.0, "phi": 0.2}
    jets = ak.Array(
        [
            {"constituents": [particle, other]},
            {"constituents": []},
            {"constituents": [particle]},
            {"constituents": [particle | {"pt": 0.0}]},
        ]
    )
    result = scorer.score(jets)
    assert result.status.tolist() == ["ok", "no constituents", "ok", "zero pt"]
    usable = np.array([True, False, True, False])
    assert (np.isfinite(result.score.to_numpy()) == usable).all()
    assert (np.isfinite(result.fold_scores.to_numpy()).all(axis=1) == usable).all()
    assert len(scorer.score(jets[:0])) == 0
    nothing = scorer.score(jets[1:2])
    assert np.isnan(nothing.score.to_numpy()).all()


def test_events_without_jets(scorer, events):
    none = scorer.score(events[:0])
    assert len(none) == 0
    quiet = Events(ak.Array({"particles": random_events(3, 2)}), role="mc")
    assert len(scorer.score(quiet)) == 3


def test_particles_that_are_no_numbers_are_refused(scorer):
    jets = ak.Array(
        [{"constituents": [{"pt": np.nan, "eta": 0.0, "phi": 0.0, "mass": 0.0}]}]
    )
    with pytest.raises(
        ValueError, match="constituent 0 of jet 0 has non-finite pt nan"
    ):
        scorer.score(jets)


def test_what_is_made_for_other_models_is_refused(scorer, events, model, tmp_path):
    with pytest.raises(UserError, match="scores the Lund trees of jets"):
        scorer.score_tensors(*toy_jets(3, seed=1))
    with pytest.raises(UserError, match="scores the Lund trees of jets"):
        scorer.prepare(events)
    with pytest.raises(UserError, match="scores each jet, and files have one row"):
        score_files(model, ["events.parquet"], tmp_path / "out")
    with pytest.raises(UserError, match="int8 is for networks on constituents"):
        reduce_precision(model, *toy_jets(3, seed=1), tmp_path / "q.onnx")
    with pytest.raises(UserError, match="FeatureSpec here and LundSpec there"):
        Scorer(model, expected_spec=FeatureSpec())
    with pytest.raises(UserError, match=r"radius is 0\.8 here and 0\.6 there"):
        Scorer(model, expected_spec=LundSpec(pt_min_gev=20, abs_eta_max=2.0))
    trees = LundTrees(
        np.zeros((1, 3), np.float32), np.full((1, 3), -1), np.array([0, 1])
    )
    with pytest.raises(UserError, match=r"takes nodes of ln_z, .* got 3 columns"):
        scorer.score_trees(trees)


def test_constituent_models_refuse_trees(model_file):
    trees = LundTrees(
        np.zeros((1, 5), np.float32), np.full((1, 3), -1), np.array([0, 1])
    )
    with pytest.raises(UserError, match="reads constituents, not Lund trees"):
        Scorer(model_file).score_trees(trees)


def test_a_spec_that_does_not_fit_its_graph_is_refused(tmp_path):
    path = write(tmp_path / "model.onnx", variables=3)
    with pytest.raises(
        UserError, match="names 5 features and 2 folds, its graph has 3"
    ):
        read_bundle(path)


def test_trees_of_another_version_are_refused(tmp_path, events):
    path = write(tmp_path / "model.onnx", LundSpec(version=7, pt_min_gev=20))
    with pytest.raises(ValueError, match=r"wanted in version 7, .* makes version 1"):
        Scorer(path).score(events)
