"""Toy models, without any training."""

from __future__ import annotations

import numpy as np
import pytest

from oddjet.deploy.bundle import write_bundle
from oddjet.deploy.calibration import CalibrationTable
from oddjet.deploy.edge_conv_graph import EdgeConvDesign, edge_conv_graph
from oddjet.features import FeatureSpec
from toy_jets import toy_weights

BLOCKS, DENSE = ((6, 5), (8,)), (7,)
FOLDS = 3


@pytest.fixture(scope="session")
def spec():
    return FeatureSpec(num_constituents=12)


@pytest.fixture(scope="session")
def graph():
    weights = [toy_weights(BLOCKS, DENSE, seed=seed) for seed in range(FOLDS)]
    random = np.random.default_rng(0)
    tables = [
        CalibrationTable.from_control(random.normal(size=200 + fold))
        for fold in range(FOLDS)
    ]
    design = EdgeConvDesign(neighbours=3, slope=0.1, coordinates=(0, 1))
    return edge_conv_graph(weights, design, tables)


@pytest.fixture(scope="session")
def model_file(tmp_path_factory, graph, spec):
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    facts = {"training": {"epochs": 3}}
    write_bundle(path, graph, spec=spec, folds=FOLDS, provenance=facts)
    return path
