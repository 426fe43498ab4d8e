"""A model file scores jets as the PyTorch networks do that it was made from."""

from __future__ import annotations

from dataclasses import dataclass

import awkward as ak
import numpy as np
import pytest
import torch

from oddjet.deploy.bundle import model_bytes
from oddjet.deploy.calibration import CalibrationTable
from oddjet.deploy.edge_conv_graph import EdgeConvDesign, edge_conv_graph
from oddjet.deploy.runtime import JetSession
from oddjet.deploy.scorer import Scorer
from oddjet.features import FeatureSpec, constituent_features
from oddjet.jets import cluster
from oddjet.learn.batches import TrainingSample
from oddjet.learn.config import TrainingConfig
from oddjet.learn.export import ControlSample, export_folds
from oddjet.learn.fold_training import train_fold
from oddjet.learn.models.config import EdgeConvConfig
from oddjet.learn.models.edge_conv import EdgeConvNetwork
from particle_events import events_of
from tolerances import LOGIT, SINGLE
from toy_jets import FEATURES, toy_jets

NETWORK = EdgeConvConfig()  # ParticleNet-Lite, k = 7
DESIGN = EdgeConvDesign(NETWORK.neighbours, NETWORK.slope, (0, 1))
SPEC = FeatureSpec(features=FEATURES)  # keeps 40 constituents
TRAINING = TrainingConfig(epochs=1, batch_size=20, weight_average=0)
TRAINED, SCORED, LONGEST = 600, 1024, 80


def jets_of(sizes, *, seed):
    """One jet a size, of all its particles; an empty one where the size is 0."""
    random = np.random.default_rng(seed)
    rows = [
        np.column_stack(
            [
                random.lognormal(2.0, 1.0, max(size, 1)),
                random.normal(random.normal(), 0.3, max(size, 1)),
                random.normal(random.uniform(-2.0, 2.0), 0.3, max(size, 1)),
                random.choice([0.0, 0.13957], max(size, 1)),
            ]
        ).tolist()
        for size in sizes
    ]
    jets = cluster(events_of(rows), algorithm="antikt", radius=1000.0)
    assert (ak.num(jets) == 1).to_numpy().all()
    jets = jets[:, 0]
    wanted = ak.local_index(jets.constituents) < sizes
    return ak.with_field(jets, jets.constituents[wanted], "constituents")


@dataclass(frozen=True)
class Exported:
    scorer: Scorer
    networks: list[EdgeConvNetwork]
    tables: list[CalibrationTable]

    def logits(self, values, mask):
        """Of the PyTorch networks, float32 stored as double, (jets, folds)."""
        with torch.no_grad():
            values, mask = torch.from_numpy(values), torch.from_numpy(mask)
            logits = [network(values, mask).numpy() for network in self.networks]
        return np.stack(logits, axis=1).astype(np.float64)

    def calibrated(self, logits):
        columns = zip(self.tables, logits.T, strict=True)
        return np.stack([table(column) for table, column in columns], axis=1)


def network_of(weights):
    network = EdgeConvNetwork(NETWORK, len(FEATURES), DESIGN.coordinates).eval()
    state = {name: torch.from_numpy(value) for name, value in weights.items()}
    network.load_state_dict(state, strict=False)
    return network


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    values, mask = toy_jets(TRAINED, seed=21, sizes=(1, 40), length=40)
    odd_values, odd_mask = toy_jets(
        TRAINED, seed=22, sizes=(1, 40), length=40, prongs=2
    )
    in_signal_region = np.arange(TRAINED) % 3 == 0
    values[in_signal_region] = odd_values[in_signal_region]
    mask[in_signal_region] = odd_mask[in_signal_region]
    weight = np.ones(TRAINED)
    sample = TrainingSample(values, mask, in_signal_region, weight)
    fold = np.random.default_rng(21).integers(0, 2, TRAINED)
    folds = [
        train_fold(
            sample,
            fold,
            number,
            network=NETWORK,
            training=TRAINING,
            features=FEATURES,
            seed=1,
        ).weights
        for number in range(2)
    ]
    control = ~in_signal_region
    held_out = ControlSample(
        values[control], mask[control], weight[control], fold[control]
    )
    path = tmp_path_factory.mktemp("parity") / "model.onnx"
    export_folds(
        path,
        [[weights] for weights in folds],
        network=NETWORK,
        spec=SPEC,
        control=held_out,
        provenance={},
    )
    raw_session = JetSession(model_bytes(edge_conv_graph(folds, DESIGN)))
    tables = []
    for number in range(2):
        own = held_out.fold == number
        _, raw = raw_session.run(held_out.values[own], held_out.mask[own])
        tables.append(CalibrationTable.from_control(raw[:, number]))
    return Exported(Scorer(path), [network_of(weights) for weights in folds], tables)


@pytest.fixture(scope="module")
def jets():
    sizes = np.random.default_rng(23).integers(0, LONGEST + 1, SCORED)
    sizes[: LONGEST + 1] = np.arange(LONGEST + 1)
    return jets_of(sizes, seed=23)


@pytest.fixture(scope="module")
def result(exported, jets):
    return exported.scorer.score(jets)


@pytest.fixture(scope="module")
def size(jets):
    return ak.num(jets.constituents).to_numpy()


@pytest.fixture(scope="module")
def compared(exported, jets, result, size):
    """Scores, and the logits that they should be calibrated from: (jets, folds)."""
    logits = exported.logits(*constituent_features(jets[size > 0], SPEC))
    return result.fold_scores.to_numpy()[size > 0], logits


@pytest.fixture(scope="module")
def agree(exported, compared):
    """Whether a jet's scores are the calibrated logits, the logits taken to LOGIT."""
    scores, logits = compared
    lowest = exported.calibrated(logits - LOGIT)
    highest = exported.calibrated(logits + LOGIT)
    rounding = SINGLE * np.abs(scores)
    inside = (scores >= lowest - rounding) & (scores <= highest + rounding)
    return inside.all(axis=1)


def test_all_scores_agree_where_neighbours_are_fixed(size, agree):
    """Of at most k + 1 constituents each has all others as neighbours."""
    fixed = size[size > 0] <= NETWORK.neighbours + 1
    assert np.count_nonzero(fixed) >= 50
    assert agree[fixed].all()


def test_nearly_all_scores_agree_end_to_end(agree):
    # Two distances in feature space can agree up to rounding; then, neighbours differ.
    assert len(agree) >= 1000
    assert np.mean(agree) >= 0.999


def test_calibrated_scores_agree_as_well_where_the_table_is_not_steep(
    exported, compared
):
    scores, logits = compared
    difference = np.abs(scores - exported.calibrated(logits)).max(axis=1)
    assert np.mean(difference < LOGIT) >= 0.99


@pytest.mark.parametrize("count", [0, 1, 7, 256])
def test_scores_of_a_batch_are_those_of_the_whole(exported, jets, result, count):
    order = np.random.default_rng(count).permutation(SCORED)[:count]
    batch = exported.scorer.score(jets[order])
    assert len(batch) == count
    for name in ("score", "fold_scores"):
        alone, among_all = batch[name].to_numpy(), result[name].to_numpy()[order]
        assert alone.dtype == among_all.dtype == np.float32
        assert alone.tobytes() == among_all.tobytes()
    assert batch.status.tolist() == result.status[order].tolist()


def test_jets_without_constituents_are_nan_with_a_status(jets, result):
    empty = ak.num(jets.constituents).to_numpy() == 0
    assert np.count_nonzero(empty) >= 1
    assert (np.isnan(result.score.to_numpy()) == empty).all()
    assert (np.isnan(result.fold_scores.to_numpy()).all(axis=1) == empty).all()
    status = np.where(empty, "no constituents", "ok")
    assert result.status.tolist() == status.tolist()
