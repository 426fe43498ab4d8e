"""Distributions beside those of an independent chain."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from oddjet.events import Events
from oddjet.simulate.block import simulate_block
from oddjet.simulate.cards import load_card

# The medians agree within 6 % in samples of 3,000 jets; small samples add their own
# error. Width and leading fraction depend on thresholds and granularity.
TOLERANCE = {
    "jet pT [GeV]": 0.12,
    "constituents": 0.12,
    "width": 0.3,
    "leading pT fraction": 0.2,
    "MET [GeV]": 0.08,
}


@pytest.mark.data
@pytest.mark.parametrize(
    ("process", "name", "events"),
    [("zjet_nunu", "zjet", 400), ("svj_monojet", "svj", 800)],
)
def test_jets_are_like_those_of_another_chain(
    monkeypatch, test_data, process, name, events
):
    pytest.importorskip("pythia8mc", reason="needs the extra [sim]")
    monkeypatch.syspath_prepend(Path(__file__).parent)
    reference_jets = importlib.import_module("reference_jets")
    card = load_card(process).model_copy(update={"block_events": events})
    block = simulate_block(card, block=0, seed=3, met_min_gev=250.0)
    ours = reference_jets.jets_of_events(Events(block, role="mc"))
    theirs = reference_jets.jets_of_reference(test_data / "monojet" / f"{name}.npz")
    for quantity, values in ours.items():
        assert len(values) > 60
        # The error of a median is 1.25 sigma / sqrt(n).
        error = 3 * 1.25 * values.std() / np.sqrt(len(values))
        allowed = TOLERANCE[quantity] * np.median(theirs[quantity])
        difference = abs(np.median(values) - np.median(theirs[quantity]))
        assert difference < allowed + error, quantity
