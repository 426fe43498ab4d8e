from __future__ import annotations

import pytest

from oddjet.runs.errors import UserError
from oddjet.simulate.cards import load_card, process_names


def test_every_card_is_valid_and_named_after_its_file():
    assert process_names() == (
        "diboson_wz",
        "hidden_valley_5500",
        "higgs_pair_500",
        "multib_weighted",
        "qcd_dijet",
        "qcd_dijet_heavy",
        "qcd_weighted",
        "svj_monojet",
        "ttbar_semileptonic",
        "ttbar_weighted",
        "wjet_lnu",
        "wjet_weighted",
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
            "hidden_valley_5500", "higgs_pair_500", "multib_weighted", "qcd_dijet",
            "qcd_dijet_heavy",
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
            "no process 'higgs'; known are diboson_wz, hidden_valley_5500, higgs_pair",
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
