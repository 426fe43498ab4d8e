"""A W tagger as a model file: `python bench/w_tagger.py w_jets.npz tagger.onnx`.

Trained on labelled jets of `w_jets.py`, which is no search but gives what reduced
precision and students have to be judged on: a tagger with an AUC above 0.9. QCD jets
are its control region.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from oddjet.features import FeatureSpec
from oddjet.learn.batches import TrainingSample
from oddjet.learn.config import TrainingConfig
from oddjet.learn.export import ControlSample, export_folds
from oddjet.learn.fold_training import train_fold
from oddjet.learn.models.config import EdgeConvConfig

NETWORKS = {"Lite": EdgeConvConfig(), "DGCNN": EdgeConvConfig.dgcnn()}
# Of the jets that are not trained on, half calibrate and half measure.
CALIBRATING_JETS = 20_000


def train_tagger(path, jets, network, training, *, seed=1, checkpoints=None):
    """Train on the first jets, calibrate on the last."""
    values, mask, is_w = jets
    first = slice(0, len(is_w) - CALIBRATING_JETS)
    weight = np.ones(len(is_w))
    sample = TrainingSample(values[first], mask[first], is_w[first], weight[first])
    # Of two folds the second trains: all jets are in it.
    fold = np.ones(len(sample), np.int64)
    trained = train_fold(
        sample,
        fold,
        0,
        network=network,
        training=training,
        features=FeatureSpec().features,
        seed=seed,
        checkpoints=checkpoints,
        on_epoch=lambda epoch, loss: print(f"epoch {epoch}: {loss:.4f}", flush=True),
    )
    about = {"jets": len(sample), "training": training.model_dump()}
    write_tagger(path, trained.weights, jets, network, about)


def write_tagger(path, weights, jets, network, about):
    """Calibrate on QCD jets among the last, and measure on others of them."""
    values, mask, is_w = (column[-CALIBRATING_JETS:] for column in jets)
    control = ~is_w
    number = np.arange(control.sum())
    export_folds(
        path,
        [[weights]],
        network=network,
        spec=FeatureSpec(),
        control=ControlSample(
            values[control],
            mask[control],
            np.ones(len(number)),
            np.where(number % 2, 0, -1),
        ),
        provenance=about,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("jets", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--network", choices=NETWORKS, default="Lite")
    parser.add_argument("--train", type=int, default=40_000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--checkpoints", type=Path, help="goes on after a kill")
    options = parser.parse_args()
    file = np.load(options.jets)
    some = options.train + CALIBRATING_JETS
    jets = tuple(file[name][:some] for name in ("values", "mask", "is_w"))
    training = TrainingConfig(
        epochs=options.epochs, batch_size=64, threads=options.threads
    )
    train_tagger(
        options.model,
        jets,
        NETWORKS[options.network],
        training,
        checkpoints=options.checkpoints,
    )


if __name__ == "__main__":
    main()
