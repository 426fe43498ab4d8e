"""What a search will take, measured on its first events."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.features import event_tensors
from oddjet.io import read
from oddjet.searches.bad_events import usable_events
from oddjet.searches.parts import region_parts
from oddjet.searches.stages import named_errors
from oddjet.select.monojet import select_monojet

if TYPE_CHECKING:
    from oddjet.learn.config import TrainingConfig
    from oddjet.searches.monojet import MonoJet
    from oddjet.searches.monojet_config import MonoJetConfig

# Enough for a rate, few enough to answer at once.
_PROBE_EVENTS = 500
_PROBE_JETS = 256
# Python, PyTorch and one chunk of events, before any jet is held.
_BASE_GIGABYTES = 1.0


@dataclass(frozen=True)
class Cost:
    """An estimate, good to a factor of about two.

    Attributes
    ----------
    seconds : float
        With one process.
    gigabytes : float
        Memory of each process at its peak.
    """

    seconds: float
    gigabytes: float


def estimate_cost(search: MonoJet) -> Cost:
    """Time the selection and one epoch of training on the first events.

    Raises
    ------
    UserError
        Files that cannot be read or used.
    """
    config, spec = search.config, search.config.features.spec()
    selected = seconds = 0.0
    for part in region_parts(config):
        sample = search.sample(part.home)
        started = time.perf_counter()
        may_be_bad = config.on_bad_event == "flag"
        probe = read(
            sample.files, entry_range=(0, _PROBE_EVENTS), check=not may_be_bad
        ).without("truth")
        if may_be_bad:
            probe, _ = usable_events(probe)
        with named_errors(part.name, sample.files):
            selection = select_monojet(
                probe, config.selection, control=part.control, triggers=part.triggers
            )
            chosen = probe[selection.mask]
            event_tensors(chosen.array[spec.source], spec)
        factor = sample.num_events / max(1, len(probe))
        seconds += factor * (time.perf_counter() - started)
        selected += factor * len(chosen)
    seconds += _jets_trained_on(config.training) * selected * _seconds_per_jet(config)
    bytes_per_jet = 4 * spec.num_constituents * len(spec.features)
    # The tensors, their share of a fold, and the columns they were read from.
    return Cost(seconds, _BASE_GIGABYTES + 3e-9 * bytes_per_jet * selected)


def _jets_trained_on(training: TrainingConfig) -> float:
    """Count how often a jet is trained on, all networks and epochs together."""
    seen = {
        "k_fold": training.folds - 1,
        "sequential": (training.folds - 1) / 2,
        "in_sample": 1,
    }[training.scoring]
    return seen * training.networks * training.epochs


def _seconds_per_jet(config: MonoJetConfig) -> float:
    """Time an epoch on jets of random numbers: what they mean costs nothing."""
    from oddjet.learn.batches import TrainingSample
    from oddjet.learn.fold_training import train_fold

    spec = config.features.spec()
    random = np.random.default_rng(0)
    shape = (_PROBE_JETS, spec.num_constituents, len(spec.features))
    sample = TrainingSample(
        values=random.normal(size=shape).astype(np.float32),
        mask=np.ones(shape[:2], np.bool_),
        in_signal_region=np.arange(_PROBE_JETS) % 2 == 0,
        weight=np.ones(_PROBE_JETS),
    )
    started = time.perf_counter()
    train_fold(
        sample,
        np.ones(_PROBE_JETS, np.int64),
        0,
        network=config.network,
        training=config.training.model_copy(
            update={"epochs": 1, "scoring": "k_fold", "validation_fraction": 0.0}
        ),
        features=spec.features,
        seed=0,
    )
    return (time.perf_counter() - started) / _PROBE_JETS
