"""Batches of generated events, and the definitions beside this file as modules."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from oddjet.simulate.cards import load_card
from oddjet.simulate.generator import generate_batches
from oddjet.simulate.particles import Particles


@pytest.fixture
def card_expectation(monkeypatch):
    """The module ``card_expectation``."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    return importlib.import_module("card_expectation")


@pytest.fixture(scope="module")
def delphes_definition():
    """The module ``delphes_definition``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        return importlib.import_module("delphes_definition")


def _one_batch(process):
    pytest.importorskip("pythia8mc", reason="needs the extra [sim]")
    card = load_card(process).model_copy(update={"block_events": 100})
    return next(generate_batches(card, met_min_gev=200.0, seed=1))


@pytest.fixture(scope="session")
def zjet_batch():
    """A hundred Z + jet events, before the detector."""
    return _one_batch("zjet_nunu")


@pytest.fixture(scope="session")
def svj_batch():
    """A hundred events with semi-visible jets, before the detector."""
    return _one_batch("svj_monojet")


@pytest.fixture
def particles():
    """Make particles from rows (event, pt, eta, phi, mass, charge, code)."""

    def make(*rows):
        columns = list(zip(*rows, strict=True)) or [()] * 7
        kinds = [np.int64, *[np.float64] * 4, np.int8, np.int32]
        return Particles(
            *(np.array(c, dtype=k) for c, k in zip(columns, kinds, strict=True))
        )

    return make
