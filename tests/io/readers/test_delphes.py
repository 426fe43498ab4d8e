"""Delphes trees become events, whatever the card called their branches."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from made_files import delphes_branches, write_tree
from oddjet.io import describe, iterate, read
from oddjet.io.readers.delphes_probes import is_dark, visible_dark_particles
from oddjet.io.readers.delphes_references import reference_index
from oddjet.io.readers.root_table import RootTable, open_root
from oddjet.runs.errors import UserError


@pytest.fixture
def branches():
    return delphes_branches()


def written(folder, branches, **kwargs):
    return write_tree(folder / "a.root", branches, name="Delphes", **kwargs)


def equal(left, right):
    return ak.to_list(left) == ak.to_list(right)


def test_fields(tmp_path, branches):
    events = read(written(tmp_path, branches))
    assert events.role == "mc"
    flow = [branches[f"EFlow{name}"] for name in ("Track.PT", "Photon.ET")]
    flow.append(branches["EFlowNeutralHadron.ET"])
    assert equal(events.particles.pt, ak.concatenate(flow, axis=1))
    assert ak.all(events.particles.mass == 0)
    tracks, photons = (ak.num(array)[0] for array in flow[:2])
    assert events.particles.pdg_id[0][:tracks].to_list() == (
        branches["EFlowTrack.PID"][0].to_list()
    )
    assert set(events.particles.pdg_id[0][tracks:][:photons]) == {22}
    assert set(events.particles.pdg_id[0][tracks + photons :]) == {130}
    assert equal(events.jets.btag, branches["Jet.BTag"])
    assert equal(events.fat_jets.mass, branches["FatJet.Mass"])
    muons = events.leptons[events.leptons.flavour == 13]
    assert equal(muons.pt, branches["Muon.PT"])
    assert equal(muons.isolation, branches["Muon.IsolationVar"])
    assert equal(events.met.pt, branches["MissingET.MET"][:, 0])
    assert equal(events.weight, branches["Event.Weight"][:, 0])
    assert equal(events.id.event, range(20))
    assert equal(events.num_vertices, branches["Vertex_size"])
    tagged = branches["Jet.TauTag"] == 1
    assert equal(events.taus.pt, branches["Jet.PT"][tagged])


@pytest.mark.parametrize("step", [1, 7, 100])
def test_chunks_are_the_whole(tmp_path, branches, step):
    path = written(tmp_path, branches, basket=6)
    whole = read(path)
    joined = ak.concatenate([chunk.array for chunk in iterate(path, step)])
    assert ak.array_equal(joined, whole.array)
    part = read(path, entry_range=(5, 13))
    assert ak.array_equal(part.array, whole.array[5:13])
    assert part.id.entry.to_list() == [*range(5, 13)]


def test_columns_are_pruned(tmp_path, branches):
    path = written(tmp_path, branches)
    events = read(path, columns=["met", "particles.pt"])
    assert set(events.fields) == {"met", "particles", "weight", "id"}
    assert events.particles.fields == ["pt"]
    with pytest.raises(UserError, match=r"has no column 'partcles' .* 'particles'"):
        read(path, columns=["partcles"])


@pytest.mark.parametrize("name", ["events", "Delphes_nominal"])
def test_the_name_of_the_tree_does_not_matter(tmp_path, branches, name):
    path = write_tree(tmp_path / "b.txt", branches, name=name)
    assert len(read(path)) == 20


def test_the_newest_cycle_counts(tmp_path, branches):
    import uproot

    path = written(tmp_path, delphes_branches(3))
    with uproot.update(path) as file:
        file["Delphes"] = {k: ak.Array(v) for k, v in branches.items() if "EFlow" in k}
    assert len(read(path, columns=["particles"])) == 20


def test_other_cards(tmp_path, branches):
    towers = {
        name.replace("EFlowPhoton", "Tower"): array
        for name, array in branches.items()
        if "Track" not in name and "Neutral" not in name and "Weight" not in name
    }
    events = read(written(tmp_path, towers))
    assert "particles" not in events.fields
    assert equal(events.towers.pt, towers["Tower.ET"])
    assert ak.all(events.weight == 1)
    with pytest.raises(
        UserError,
        match=r"Delphes of .*a.root has no 'particles': it "
        r"lacks the branches EFlowTrack, EFlowPhoton and",
    ):
        read(tmp_path / "a.root", columns=["particles"])


def test_half_a_collection_is_no_collection(tmp_path, branches):
    del branches["EFlowPhoton.Eta"]
    path = written(tmp_path, branches)
    message = r"Delphes of .*a.root has no branch EFlowPhoton.Eta, so its energy flow"
    for columns in (None, ["particles"]):
        with pytest.raises(UserError, match=message):
            read(path, columns=columns)
    assert "jets" in read(path, columns=["jets"]).fields
    del branches["Jet.Phi"]
    with pytest.raises(UserError, match=r"has no branch Jet.Phi, which `jets` needs"):
        read(written(tmp_path, branches), columns=["jets"])


def test_no_events(tmp_path):
    path = written(tmp_path, {k: v[:0] for k, v in delphes_branches(1).items()})
    assert len(read(path)) == 0
    (chunk,) = iterate(path)
    assert len(chunk) == 0
    assert describe(path).num_events == 0


def test_fingerprint_follows_content(tmp_path, branches):
    file = {
        n: read(written(tmp_path, b)).id.file[0]
        for n, b in (
            ("same", branches),
            ("again", dict(branches)),
            ("other", delphes_branches(seed=2)),
        )
    }
    assert file["same"] == file["again"] != file["other"]
    truth = {f"Particle.{k}": branches["EFlowTrack.PT"] for k in ("PT", "Eta", "Phi")}
    truth |= {"Particle.Mass": 0 * truth["Particle.PT"]}
    truth["Particle.PID"] = branches["EFlowTrack.PID"]
    events = read(written(tmp_path, branches | truth))
    assert "particles" in events.truth.fields
    assert events.id.file[0] == file["same"]


class TestMuonsInMet:
    @pytest.mark.parametrize("contains", [True, False])
    def test_told_by_the_first_events(self, tmp_path, branches, contains):
        branches["EFlowTrack.PID"] = ak.where(
            ak.local_index(branches["EFlowTrack.PT"]) == 0, 13, 211
        )
        total = 0
        for name, pt in (("Track", "PT"), ("Photon", "ET"), ("NeutralHadron", "ET")):
            pts = branches[f"EFlow{name}.{pt}"]
            if name == "Track" and not contains:
                pts = ak.where(branches["EFlowTrack.PID"] == 13, 0, pts)
            total = total - ak.sum(
                pts * np.exp(1j * branches[f"EFlow{name}.Phi"]), axis=1
            )
        branches["MissingET.MET"] = np.abs(ak.to_numpy(total))[:, np.newaxis]
        branches["MissingET.Phi"] = np.angle(ak.to_numpy(total))[:, np.newaxis]
        events = read(written(tmp_path, branches), columns=["met"])
        assert set(events.met.contains_muons.to_list()) == {contains}

    def test_not_told(self, tmp_path, branches):
        assert "contains_muons" not in read(written(tmp_path, branches)).met.fields


class TestReferences:
    def test_process_in_the_high_byte(self):
        references = ak.Array([[{"refs": [5, 9]}, {"refs": []}], [], [{"refs": [5]}]])
        ids = ak.Array([[0x1000009, 0x1000005], [0x1000005], [0x1000005]])
        index = reference_index(references, [ids])
        assert index.to_list() == [[[1, 0], []], [], [[0]]]

    def test_objects_of_other_events_are_not_found(self):
        references = ak.Array([[{"refs": [1, 2]}], [{"refs": [1]}]])
        index = reference_index(references, [ak.Array([[1], [2]])])
        assert index.to_list() == [[[0, -1]], [[-1]]]


class TestDarkHadrons:
    def test_codes(self):
        codes = np.array(
            [51, -53, 4900211, 4900113, 1000022, 12, 22, 211, 2112, 4900000]
        )
        assert is_dark(codes).tolist() == [*[True] * 5, *[False] * 4, True]

    @pytest.mark.parametrize("share", [0.0, 1.0])
    def test_deposits_are_found(self, tmp_path, branches, share):
        random = np.random.default_rng(3)
        dark = {"PT": random.uniform(50, 60, (20, 2)), "Eta": np.full((20, 2), 4.0)}
        dark["Phi"] = random.uniform(-3, 3, (20, 2))
        dark |= {"PID": np.full((20, 2), 51), "Status": np.ones((20, 2), int)}
        dark["Status"][:, 1] = 2
        for name, array in dark.items():
            branches[f"Particle.{name}"] = ak.from_regular(ak.Array(array))
        seen = {"ET": dark["PT"] * share, "Eta": dark["Eta"], "Phi": dark["Phi"]}
        for name, array in seen.items():
            branches[f"EFlowNeutralHadron.{name}"] = ak.from_regular(ak.Array(array))
        path = written(tmp_path, branches)
        file, (key,) = open_root(path)
        counts = visible_dark_particles(RootTable(path, file, key))
        file.close()
        assert counts == (20, 20 * share)
