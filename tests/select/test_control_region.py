from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from oddjet.events import Events
from oddjet.runs.errors import UserError
from oddjet.select.control_region import ControlCuts, with_recoil
from oddjet.select.monojet import MonoJetCuts, select_monojet

JET = {"pt": 300.0, "eta": 0.5, "phi": 0.0, "mass": 0.0, "charge": 1}
Z_CUTS, W_CUTS = ControlCuts(leptons=2), ControlCuts(leptons=1)


def lepton(pt, phi, flavour, charge=1, eta=0.0):
    return {
        "pt": pt, "eta": eta, "phi": phi, "mass": 0.0, "flavour": flavour,
        "charge": charge,
    }  # fmt: skip


def events_of(*rows, contains_muons=True, **more):
    """One event a row of (MET, leptons): a jet, and the leptons as particles, too."""
    particles = [
        [
            JET,
            *(
                {name: one[name] for name in ("pt", "eta", "phi", "mass", "charge")}
                for one in leptons
            ),
        ]
        for _, leptons in rows
    ]
    template = [[lepton(1.0, 0.0, 11)]]
    array = ak.Array(
        {
            "particles": ak.Array(particles),
            "leptons": ak.concatenate([template, [x for _, x in rows]])[1:],
            "met": ak.Array(
                [
                    {"pt": met, "phi": np.pi - 1e-6, "contains_muons": contains_muons}
                    for met, _ in rows
                ]
            ),
            **more,
        }
    )
    return Events(array, role="mc")


Z_TO_MUONS = [lepton(150.0, np.pi - 0.3, 13, 1), lepton(150.0, -np.pi + 0.3, 13, -1)]
W_TO_ELECTRON = [lepton(100.0, np.pi - 0.01, 11)]


def passes(events, control, **cuts):
    return select_monojet(events, MonoJetCuts(**cuts), control=control).mask.tolist()


def test_z_to_leptons_recoil():
    events = events_of((5.0, Z_TO_MUONS), (5.0, Z_TO_MUONS[:1]), (300.0, []))
    assert passes(events, Z_CUTS) == [True, False, False]
    assert passes(events, None) == [False, False, True]


def test_w_to_lepton_recoil_is_that_of_lepton_and_met():
    events = events_of((200.0, W_TO_ELECTRON), (100.0, W_TO_ELECTRON))
    recoil = with_recoil(events.array, W_CUTS).met
    np.testing.assert_allclose(recoil.pt, [300.0, 200.0], rtol=1e-4)
    assert passes(events, W_CUTS) == [True, False]


def test_muons_that_are_not_in_the_met_are_not_added():
    muon = [lepton(100.0, np.pi - 0.01, 13)]
    for contains, expected in ((True, 350.0), (False, 250.0)):
        events = events_of((250.0, muon), contains_muons=contains)
        recoil = with_recoil(events.array, W_CUTS).met.pt
        assert recoil[0] == pytest.approx(expected, rel=1e-4)
        said = ControlCuts(leptons=1, met_contains_muons=not contains)
        other = with_recoil(events.array, said).met.pt
        assert other[0] == pytest.approx(600.0 - expected, rel=1e-4)
    electron = events_of((250.0, W_TO_ELECTRON), contains_muons=False)
    assert with_recoil(electron.array, W_CUTS).met.pt[0] > 349


def test_the_leptons_leave_the_event():
    events = events_of((5.0, Z_TO_MUONS), (300.0, []), (250.0, W_TO_ELECTRON))
    left = with_recoil(events.array, Z_CUTS).particles
    assert ak.num(left).tolist() == [1, 1, 1]
    assert left.pt[:, 0].tolist() == [300.0] * 3


def test_what_is_near_a_lepton_leaves_across_the_azimuth():
    events = events_of((5.0, [lepton(150.0, np.pi - 0.01, 11)]))
    photon = {"pt": 5.0, "eta": 0.0, "phi": -np.pi + 0.01, "mass": 0.0, "charge": 0}
    far = photon | {"phi": -np.pi + 0.2}
    array = ak.with_field(events.array, [[JET, photon, far]], "particles")
    left = with_recoil(Events(array, role="mc").array, W_CUTS).particles
    np.testing.assert_allclose(left.phi[0], [0.0, -np.pi + 0.2])


def test_jets_of_a_file_overlap():
    jets = [[JET, {"pt": 140.0, "eta": 0.05, "phi": np.pi - 0.05, "mass": 9.0}]]
    events = events_of((200.0, W_TO_ELECTRON))
    array = ak.with_field(events.array, jets, "jets")
    assert ak.num(with_recoil(Events(array, role="mc").array, W_CUTS).jets)[0] == 1


@pytest.mark.parametrize(
    "leptons",
    [
        [Z_TO_MUONS[0], Z_TO_MUONS[1] | {"charge": 1}],
        [Z_TO_MUONS[0], Z_TO_MUONS[1] | {"flavour": 11}],
        [Z_TO_MUONS[0], Z_TO_MUONS[1] | {"phi": np.pi - 0.31}],
        [*Z_TO_MUONS, lepton(20.0, 1.0, 11)],
    ],
)
def test_what_is_no_z(leptons):
    assert passes(events_of((5.0, Z_TO_MUONS), (5.0, leptons)), Z_CUTS) == [True, False]


def test_the_cut_flow_names_the_leptons():
    events = events_of((5.0, Z_TO_MUONS))
    rows = select_monojet(events, control=Z_CUTS).cutflow.rows
    assert [row.name for row in rows][1:6] == [
        "exactly 2 leptons with pT > 7 GeV",
        "of flavour electron or muon",
        "leading lepton pT > 30 GeV",
        "opposite charge, 66 < m(ll) < 116 GeV",
        "recoil > 250 GeV",
    ]
    none = select_monojet(events_of((5.0, []))[:0], control=Z_CUTS)
    assert [row.name for row in none.cutflow.rows] == [row.name for row in rows]


def test_photon_and_tau_vetoes():
    one = [{"pt": 30.0, "eta": 0.0, "phi": 1.0, "mass": 0.0}]
    photons = ak.concatenate([[one], [one[:0]], [one]])
    taus = ak.concatenate([[one[:0]], [one[:0]], [one]])
    events = events_of(*[(300.0, [])] * 3, photons=photons, taus=taus)
    assert passes(events, None) == [True] * 3
    assert passes(events, None, photon_pt_min_gev=10) == [False, True, False]
    assert passes(events, None, tau_pt_min_gev=20) == [True, True, False]
    with pytest.raises(UserError, match=r"needs `photons`|needs `photons\.pt`"):
        passes(events.without("photons"), None, photon_pt_min_gev=10)


def test_event_filters():
    filters = ak.zip({"halo": [True, False, True], "noise": [True, True, False]})
    events = events_of(*[(300.0, [])] * 3, filters=filters)
    assert passes(events, None) == [True, False, False]
    assert passes(events, None, filters=["noise"]) == [True, True, False]
    assert passes(events, None, filters=[]) == [True, True, True]
    with pytest.raises(UserError, match=r"needs `filters\.beam`"):
        passes(events, None, filters=["beam"])


def test_a_jet_without_tracks_is_cleaned_away():
    events = events_of((300.0, []), (300.0, []))
    array = ak.with_field(events.array, [[JET], [JET | {"charge": 0}]], "particles")
    noisy = Events(array, role="mc")
    assert passes(noisy, None) == [True, True]
    assert passes(noisy, None, charged_fraction_min=0.1) == [True, False]
    with pytest.raises(ValueError, match="leave charged_fraction_min null with jets"):
        MonoJetCuts(charged_fraction_min=0.1, jets="file")


def test_an_empty_window_is_refused():
    with pytest.raises(ValueError, match=r"mass_min_gev \(120\) below mass_max_gev"):
        ControlCuts(leptons=2, mass_min_gev=120)
