"""Real files of other chains, against plain readings with uproot and its like."""

from __future__ import annotations

import json

import awkward as ak
import numpy as np
import pyarrow as pa
import pytest
import uproot

from oddjet.io import iterate, read
from oddjet.jets import cluster

pytestmark = pytest.mark.data

DELPHES = "delphes/jet-universe__sophon__events_delphes_example.root"
COFFEA = "nano/scikit-hep__coffea__"
#: File, its jets, fat jets, candidates and MET under their names in the file.
NANO = {
    f"{COFFEA}nano_dimuon": ("Jet", "FatJet", None, "PuppiMET", 40),
    f"{COFFEA}nano_dy": ("Jet", "FatJet", None, "PuppiMET", 40),
    f"{COFFEA}nano_tt_v12": ("Jet", "FatJet", None, "PuppiMET", 200),
    f"{COFFEA}nano_tt_v15": ("Jet", "FatJet", "PFCand", "PuppiMET", 200),
    f"{COFFEA}scouting_nano": (
        "ScoutingPFJet",
        "ScoutingFatJet",
        None,
        "ScoutingMET",
        40,
    ),
    "nano/scikit-hep__fastjet__pfnano_skim": (
        "Jet",
        "FatJet",
        "PFCands",
        "PuppiMET",
        3,
    ),
    "nano/scikit-hep__scikit-hep-testdata__nanoAOD_2015_CMS_Open_Data_ttbar": (
        *("Jet", "FatJet", None, "PuppiMET", 200),
    ),
}
#: File, events and final particles.
HEPMC = {
    "deepjets__deepjets__sherpa_wz.hepmc": 1,
    "graeme-a-stewart__JetReconstructionBenchmarks.jl__events-pp-0.5TeV-5GeV"
    ".hepmc3.gz": 100,
    "scikit-hep__pyhepmc__eposlhc_large.dat": 1,
    "scikit-hep__pyhepmc__last_event_issue.hepmc": 1,
}


def sums(pt):
    return ak.to_numpy(ak.sum(ak.values_astype(pt, np.float64), axis=1))


@pytest.mark.parametrize("name", NANO)
def test_nano(test_data, name):
    path = test_data / f"{name}.root"
    jets, fat_jets, candidates, met, num_events = NANO[name]
    tree = uproot.open(path)["Events"]
    events = read(path)
    assert len(events) == tree.num_entries == num_events
    for collection, prefix in (
        ("jets", jets),
        ("fat_jets", fat_jets),
        ("particles", candidates),
    ):
        if prefix is None:
            assert collection not in events.fields
            continue
        for field in ("pt", "eta", "phi"):
            stored = tree[f"{prefix}_{field}"].array()
            assert events.array[collection, field].to_list() == stored.to_list()
        np.testing.assert_array_equal(
            sums(events.array[collection].pt), sums(tree[f"{prefix}_pt"].array())
        )
    assert events.met.pt.to_list() == tree[f"{met}_pt"].array().to_list()
    assert events.met.phi.to_list() == tree[f"{met}_phi"].array().to_list()
    for field, branch in (
        ("run", "run"),
        ("lumi", "luminosityBlock"),
        ("event", "event"),
    ):
        assert events.id[field].to_list() == tree[branch].array().to_list()
    is_simulation = "genWeight" in tree
    assert events.role == ("mc" if is_simulation else "data")
    if is_simulation:
        assert events.weight.to_list() == tree["genWeight"].array().to_list()
    triggers = [n for n in tree.keys() if n.startswith(("HLT_", "DST_", "L1_"))]  # noqa: SIM118
    assert triggers == (events.trigger.fields if "trigger" in events.fields else [])


def test_candidates_add_up_to_their_jets(test_data):
    events = read(test_data / f"{COFFEA}nano_tt_v15.root")
    jets, particles = events.fat_jets, events.particles
    assert ak.sum(ak.num(jets)) == 64
    index = jets.constituent_index
    members = ak.flatten(particles[ak.flatten(index, axis=2)])
    sizes = ak.flatten(ak.num(index, axis=2))
    px, py = (ak.sum(ak.unflatten(x, sizes), axis=1) for x in (members.px, members.py))
    pt = ak.unflatten(np.hypot(px, py), ak.num(jets))
    has_any = ak.num(index, axis=2) > 0
    assert ak.sum(~has_any) == 2
    raw = jets.pt * (1 - jets.raw_factor)
    difference = ak.to_numpy(ak.flatten((pt / raw - 1)[has_any]))
    assert np.median(abs(difference)) < 1e-3


def test_puppi_candidates_give_the_jets_of_pfnano(test_data):
    events = read(test_data / "nano/scikit-hep__fastjet__pfnano_skim.root")
    particles = events.particles
    weighted = ak.zip(
        {
            "pt": particles.pt * particles.puppi_weight,
            "eta": particles.eta,
            "phi": particles.phi,
            "mass": particles.mass * particles.puppi_weight,
        }
    )
    found = cluster(weighted, algorithm="antikt", radius=0.8, pt_min_gev=150)
    raw = events.fat_jets.pt * (1 - events.fat_jets.raw_factor)
    for ours, stored in zip(found.pt, raw, strict=True):
        for pt in stored:
            assert np.min(abs(ours / pt - 1)) < 5e-3


def test_delphes(test_data):
    tree = uproot.open(test_data / DELPHES)["Delphes"]
    branches = {b.name: b for b in tree.itervalues(recursive=True)}
    events = read(test_data / DELPHES)
    assert len(events) == 10
    for collection, field, branch in (
        ("particles", "pt", "ParticleFlowCandidate.PT"),
        ("particles", "pdg_id", "ParticleFlowCandidate.PID"),
        ("jets", "pt", "JetPUPPI.PT"),
        ("fat_jets", "pt", "JetPUPPIAK8.PT"),
        ("fat_jets", "mass", "JetPUPPIAK8.Mass"),
        ("photons", "pt", "Photon.PT"),
    ):
        stored = branches[branch].array()
        assert events.array[collection, field].to_list() == stored.to_list()
    met = branches["PuppiMissingET.MET"].array()
    assert events.met.pt.to_list() == ak.flatten(met).to_list()
    assert ak.all(events.met.contains_muons)
    leptons = ak.num(branches["Electron.PT"].array()) + ak.num(
        branches["Muon.PT"].array()
    )
    assert ak.num(events.leptons).to_list() == leptons.to_list()
    generated = branches["Particle.PT"].array()
    assert events.truth.particles.pt.to_list() == generated.to_list()


def test_jets_of_delphes_are_found_again(test_data):
    """The 22 stored jets come out of the particles, constituent by constituent."""
    events = read(test_data / DELPHES, columns=["particles", "fat_jets"])
    found = cluster(events.particles, algorithm="antikt", radius=0.8, pt_min_gev=100)
    num_jets = 0
    for ours, stored in zip(found, events.fat_jets, strict=True):
        for jet in stored:
            num_jets += 1
            match = ours[ak.argmin(ours.deltaR(jet))]
            assert sorted(match.constituent_index) == sorted(jet.constituent_index)
            # Float32 momenta; PT, mass and direction agree to a few units of rounding.
            np.testing.assert_allclose(match.pt, jet.pt, rtol=2e-7)
            np.testing.assert_allclose(match.mass, jet.mass, rtol=2e-7)
            np.testing.assert_allclose(match.eta, jet.eta, atol=5e-7)
            np.testing.assert_allclose(abs(match.deltaphi(jet)), 0, atol=5e-7)
    assert num_jets == 22


def test_jetclass(test_data):
    import pyarrow.parquet as pq

    path = test_data / "jetclass/jet-universe__sophon__JetClassII_example.parquet"
    table, events = pq.read_table(path), read(path)
    assert len(events) == table.num_rows == 100
    assert ak.num(events.particles).to_list() == table["jet_nparticles"].to_pylist()
    assert events.particles.px.to_list() == table["part_px"].to_pylist()
    assert events.fat_jets.pt[:, 0].to_list() == table["jet_pt"].to_pylist()
    total = ak.sum(events.particles, axis=1)
    np.testing.assert_allclose(total.pt, events.fat_jets.pt[:, 0], rtol=1e-5)


MONOJET_MAP = """
role: mc
particles: {pt: pt, eta: deta, phi: dphi, mass: 0.0}
fat_jets: {pt: "jet[0:1]", eta: "jet[1:2]", phi: "jet[2:3]", energy: "jet[3:4]"}
met: {pt: met, phi: metphi}
"""


@pytest.mark.parametrize("name", ["svj", "tt", "vv", "zjet"])
def test_numpy_archives_through_a_map(test_data, tmp_path, name):
    (tmp_path / "map.yaml").write_text(MONOJET_MAP)
    path = test_data / f"monojet/{name}.npz"
    stored = np.load(path)
    filled = stored["pt"] != 0
    events = read(path, format=tmp_path / "map.yaml")
    assert len(events) == len(filled)
    assert ak.num(events.particles).to_list() == filled.sum(axis=1).tolist()
    particles = events.particles
    for field, array in (("pt", "pt"), ("eta", "deta"), ("phi", "dphi")):
        flat = ak.to_numpy(ak.flatten(particles[field]))
        np.testing.assert_array_equal(flat, stored[array][filled].astype(np.float32))
    np.testing.assert_allclose(
        sums(particles.pt), stored["pt"].astype(np.float64).sum(axis=1), rtol=1e-12
    )
    for position, field in enumerate(("pt", "eta", "phi", "energy")):
        ours = ak.to_numpy(events.fat_jets[field][:, 0])
        np.testing.assert_array_equal(ours, stored["jet"][:, position])
    np.testing.assert_array_equal(events.met.pt.to_numpy(), stored["met"])
    np.testing.assert_array_equal(events.met.phi.to_numpy(), stored["metphi"])


def test_an_array_of_numpy_through_a_map(test_data, tmp_path):
    names = {"px": "values[0]", "py": "values[1]", "pz": "values[2]"}
    names["energy"] = "values[3]"
    lines = ", ".join(f'{name}: "{column}"' for name, column in names.items())
    (tmp_path / "map.yaml").write_text(f"role: mc\nparticles: {{{lines}}}\n")
    path = test_data / "jetclass/tim-legge__ParT_Interpretability__SMALLpfVectors.npy"
    stored = np.load(path)
    events = read(path, format=tmp_path / "map.yaml")
    filled = stored[:, 3] != 0
    assert len(events) == 500
    assert ak.num(events.particles).to_list() == filled.sum(axis=1).tolist()
    for position, field in enumerate(("px", "py", "pz", "energy")):
        flat = ak.to_numpy(ak.flatten(events.particles[field]))
        np.testing.assert_array_equal(flat, stored[:, position][filled])
    mask = np.load(str(path).replace("Vectors", "Mask"))[:, 0]
    assert ak.num(events.particles).to_list() == (mask != 0).sum(axis=1).tolist()


@pytest.mark.parametrize("tree", ["data", "bkg", "sig"])
def test_one_number_an_event_through_a_map(test_data, tmp_path, tree):
    lines = f"table: {tree}\njets: {{mass: {tree}, pt: {tree}, eta: 0.0, phi: 0.0}}\n"
    (tmp_path / "map.yaml").write_text(lines)
    path = test_data / "dijet/scikit-hep__pyBumpHunter__data_toy.root"
    stored = uproot.open(path)[tree][tree].array().to_numpy()
    chunks = list(iterate(path, 30_000, format=tmp_path / "map.yaml"))
    assert sum(map(len, chunks)) == len(stored)
    found = np.concatenate([ak.to_numpy(chunk.jets.mass[:, 0]) for chunk in chunks])
    np.testing.assert_array_equal(found, stored)


@pytest.mark.parametrize("name", HEPMC)
def test_hepmc(test_data, name):
    pyhepmc = pytest.importorskip("pyhepmc")
    path = test_data / "hepmc" / name
    counts, momentum = [], []
    with pyhepmc.open(str(path)) as file:
        for event in file:
            final = event.numpy.particles.status == 1
            counts.append(int(final.sum()))
            momentum.append(float(event.numpy.particles.px[final].sum()))
    events = read(path)
    assert len(events) == HEPMC[name] == len(counts)
    assert ak.num(events.particles).to_list() == counts
    np.testing.assert_allclose(ak.sum(events.particles.px, axis=1), momentum, atol=1e-9)


@pytest.mark.parametrize(
    ("reference", "algorithm"),
    [("AntiKt", "antikt"), ("CA", "cambridge_aachen")],
)
def test_particles_give_the_jets_of_fastjet(test_data, reference, algorithm):
    """FastJet's jets of these events, R = 0.4 and pT > 5 GeV."""
    events = read(
        test_data / "hepmc/graeme-a-stewart__antikt-python__events.hepmc3.txt"
    )
    assert round(ak.mean(ak.num(events.particles))) == 431
    name = (
        f"JuliaHEP__JetReconstruction.jl__jet-collections-fastjet-inclusive-{reference}"
    )
    with pa.CompressedInputStream(
        str(test_data / f"fastjet/{name}.json.zst"), "zstd"
    ) as stream:
        expected = json.loads(stream.read())
    found = cluster(events.particles, algorithm=algorithm, radius=0.4, pt_min_gev=5)
    assert len(expected) == len(found) == 100
    for ours, theirs in zip(found.pt, expected, strict=True):
        pt = sorted((jet["pt"] for jet in theirs["jets"]), reverse=True)
        np.testing.assert_allclose(ours, pt, rtol=1e-7)
