from __future__ import annotations

import pytest

from oddjet.runs.errors import UserError
from oddjet.simulate.cards import load_card, process_names
from oddjet.simulate.dijet_resonance import DIJET_RESONANCES, dijet_resonance_card


def test_every_card_is_valid_and_named_after_its_file():
    assert process_names() == (
        "a0_hz",
        "diboson_wz",
        "hidden_valley_5500",
        "higgs_pair_500",
        "hvt_wz",
        "multib_weighted",
        "qcd_dijet",
        "qcd_dijet_heavy",
        "qcd_dijet_tail_weighted",
        "qcd_dijet_weighted",
        "qcd_weighted",
        "svj_monojet",
        "ttbar_semileptonic",
        "ttbar_weighted",
        "wjet_lnu",
        "wjet_weighted",
        "wprime_wz",
        "wprime_wz_wide",
        "zjet_ll",
        "zjet_nunu",
        "zjet_weighted",
    )
    for name in process_names():
        card = load_card(name)
        assert card.process == name
        assert card.cross_section == name.endswith("_weighted")
        expected = 150 if card.cross_section else 200
        without_met = (
            *DIJET_RESONANCES, "hidden_valley_5500", "higgs_pair_500",
            "multib_weighted", "qcd_dijet", "qcd_dijet_heavy",
            "qcd_dijet_tail_weighted", "qcd_dijet_weighted",
        )  # fmt: skip
        assert card.met_min_gev == (0 if name in without_met else expected)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "zjet_nnu",
            r"simulate: there is no process 'zjet_nnu'; did you mean zjet_nunu\?",
        ),
        (
            "higgs",
            "no process 'higgs'; known are a0_hz, diboson_wz, hidden_valley_5500",
        ),
        ("../cards/zjet_nunu", "there is no process"),
    ],
)
def test_an_unknown_process_is_named(name, sentence):
    with pytest.raises(UserError, match=sentence):
        load_card(name)


def test_the_dark_scale_is_really_used():
    # Pythia ignores Lambda without setLambda, and without a word.
    settings = load_card("svj_monojet").pythia
    assert "HiddenValley:setLambda = on" in settings
    assert "HiddenValley:Lambda = 5" in settings
    assert "HiddenValley:alphaOrder = 1" in settings


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"process": "wprime"}, "must be one of wprime_wz, wprime_wz_wide, a0_hz"),
        ({"mass_gev": 500.0}, "the mass must be 1000 to 8000 GeV, got 500.0"),
        ({"width": 0.6}, r"width must be in \(0, 0.5\), got 0.6"),
        ({"daughters_gev": (5.0, 80.0)}, "the bosons must have 15 GeV or more"),
        ({"daughters_gev": (900.0, 800.0)}, "less than half of the resonance"),
    ],
)
def test_impossible_resonances_are_refused(change, sentence):
    with pytest.raises(UserError, match=sentence):
        dijet_resonance_card(**({"process": "wprime_wz", "mass_gev": 3000.0} | change))
