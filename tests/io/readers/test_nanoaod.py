"""NanoAOD of any flavour becomes events, by the branches that are there."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from made_files import nano_branches, write_tree
from oddjet.io import describe, iterate, read
from oddjet.io.readers.nanoaod_candidates import candidate_index
from oddjet.runs.errors import UserError


def equal(left, right):
    return ak.to_list(left) == ak.to_list(right)


@pytest.mark.parametrize("kind", ["TTree", "RNTuple"])
def test_fields(tmp_path, kind):
    branches = nano_branches()
    path = write_tree(tmp_path / "a.root", branches, name="Events", kind=kind)
    events = read(path)
    assert (events.role, len(events)) == ("mc", 20)
    assert equal(events.particles.puppi_weight, branches["PFCands_puppiWeight"])
    assert equal(events.fat_jets.btag, branches["FatJet_btagDDBvLV2"])
    assert equal(events.jets.btag, branches["Jet_btagDeepFlavB"])
    assert equal(events.id.run, branches["run"])
    assert equal(events.id.lumi, branches["luminosityBlock"])
    assert equal(events.id.event, branches["event"])
    assert events.id.event.type.content.primitive == "uint64"
    assert equal(events.met.pt, branches["PuppiMET_pt"])
    assert ak.all(events.met.contains_muons)
    assert equal(events.weight, branches["genWeight"])
    assert equal(events.trigger.HLT_PFMET120, branches["HLT_PFMET120"])
    assert equal(events.filters.Flag_goodVertices, branches["Flag_goodVertices"])
    assert equal(events.num_vertices, branches["PV_npvs"])
    electrons = events.leptons[events.leptons.flavour == 11]
    assert equal(electrons.isolation, branches["Electron_pfRelIso03_all"])
    jets = ak.num(events.fat_jets)
    index = events.fat_jets.constituent_index
    assert equal(ak.num(index), jets)
    for jet in range(ak.max(jets)):
        rows = index[jets > jet][:, jet]
        assert set(map(tuple, rows.to_list())) == {(3 * jet, 3 * jet + 1, 3 * jet + 2)}
    scale = events.weight_variations.lhe_scale
    expected = branches["LHEScaleWeight"] * branches["genWeight"][:, np.newaxis]
    np.testing.assert_allclose(ak.to_numpy(scale), expected, rtol=1e-6)
    joined = ak.concatenate([chunk.array for chunk in iterate(path, 6)])
    assert ak.array_equal(joined, events.array)


def test_data_has_no_generator(tmp_path):
    branches = nano_branches(simulated=False)
    path = write_tree(tmp_path / "a.root", branches, name="Events")
    events = read(path)
    assert events.role == "data"
    assert ak.all(events.weight == 1)
    assert "weight_variations" not in events.fields
    assert not describe(path).records_role


def test_names_of_other_versions(tmp_path):
    branches = nano_branches()
    renamed = {
        name.replace("PFCands_", "PFCand_")
        .replace("pFCandsIdx", "pfCandIdx")
        .replace("PuppiMET", "PFMET")
        .replace("btagDDBvLV2", "globalParT3_Xbb"): array
        for name, array in branches.items()
    }
    events = read(write_tree(tmp_path / "a.root", renamed, name="Events"))
    whole = read(write_tree(tmp_path / "b.root", branches, name="Events"))
    for field in ("particles", "fat_jets", "met"):
        assert ak.array_equal(events.array[field], whole.array[field])
    scouting = {
        f"Scouting{n}".replace("_mass", "_m") if "_" in n and n[0] in "FMPE" else n: a
        for n, a in branches.items()
        if not n.startswith(("PFCands", "FatJetPF", "PuppiMET", "Flag", "PV_"))
    }
    scouting["ScoutingMET_pt"] = branches["PuppiMET_pt"]
    scouting["ScoutingMET_phi"] = branches["PuppiMET_phi"]
    events = read(write_tree(tmp_path / "c.root", scouting, name="Events"))
    assert equal(events.fat_jets.mass, branches["FatJet_mass"])
    assert equal(events.met.pt, branches["PuppiMET_pt"])
    assert "constituent_index" not in events.fat_jets.fields


def test_a_missing_branch_is_named(tmp_path):
    branches = nano_branches()
    del branches["PFCands_eta"]
    path = write_tree(tmp_path / "a.root", branches, name="Events")
    with pytest.raises(
        UserError, match=r"Events of .*a.root has no branch PFCands_eta"
    ):
        read(path)
    assert len(read(path, columns=["fat_jets.pt"])) == 20
    branches = {n: a for n, a in nano_branches().items() if "PFCands" not in n}
    path = write_tree(tmp_path / "b.root", branches, name="Events")
    assert "particles" not in read(path).fields
    with pytest.raises(
        UserError, match=r"has no 'particles': it lacks the branches PFC"
    ):
        read(path, columns=["particles"])


def test_candidates_of_jets():
    jets, candidates = ak.Array([[1, 0, 1, -1], [0]]), ak.Array([[7, 8, 9, 3], [-1]])
    index = candidate_index(jets, candidates, ak.Array([2, 1]))
    assert index.to_list() == [[[8], [7, 9]], [[]]]
    with pytest.raises(
        ValueError, match="belongs to jet 1 of 1 in the event at positio"
    ):
        candidate_index(ak.Array([[1]]), ak.Array([[0]]), ak.Array([1]))


def test_pairs_with_jets_that_are_not_there(tmp_path):
    branches = nano_branches()
    branches["FatJetPFCands_jetIdx"] = branches["FatJetPFCands_jetIdx"] + 5
    path = write_tree(tmp_path / "a.root", branches, name="Events")
    with pytest.raises(UserError, match=r"entries 0 to 19 of Events of .* do not fit"):
        read(path)
