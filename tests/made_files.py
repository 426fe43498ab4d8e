"""Small files of other chains, written by the tests: stand-ins for the real ones."""

from __future__ import annotations

import gzip
from pathlib import Path

import awkward as ak
import h5py
import hdf5plugin
import numpy as np
import uproot

from oddjet.io import read, write_events


def lists(random, counts, low, high, dtype=np.float32):
    flat = random.uniform(low, high, int(np.sum(counts))).astype(dtype)
    return ak.unflatten(flat, counts)


def integers(random, counts, low, high, dtype=np.int32):
    return ak.unflatten(random.integers(low, high, int(np.sum(counts)), dtype), counts)


def _momenta(random, counts, names, *, pt_max=90.0):
    ranges = {"pt": (1, pt_max), "eta": (-3, 3), "phi": (-np.pi, np.pi), "mass": (0, 9)}
    return {
        branch: lists(random, counts, *ranges[name]) for name, branch in names.items()
    }


def delphes_branches(num_events=20, *, seed=1, scale=1):
    """The branches of a stock ATLAS card, as lists: uproot writes no TClonesArray."""
    random = np.random.default_rng(seed)
    track, photon, neutral = (
        random.poisson(scale * mean, num_events) for mean in (9, 5, 3)
    )
    names = {"pt": "ET", "eta": "Eta", "phi": "Phi"}
    branches = {"Event.Number": np.arange(num_events)[:, np.newaxis]}
    branches["Event.Weight"] = random.uniform(0.5, 2, (num_events, 1))
    branches["Event.fUniqueID"] = np.zeros((num_events, 1), np.uint32)
    for name, counts in (("EFlowPhoton", photon), ("EFlowNeutralHadron", neutral)):
        momenta = _momenta(random, counts, names)
        branches |= {f"{name}.{field}": array for field, array in momenta.items()}
    spelt = {"pt": "PT", "eta": "Eta", "phi": "Phi"}
    for name, counts in (
        ("EFlowTrack", track),
        ("Jet", random.poisson(3, num_events)),
        ("FatJet", random.poisson(1, num_events)),
        ("Electron", random.poisson(0.5, num_events)),
        ("Muon", random.poisson(0.5, num_events)),
        ("Photon", random.poisson(0.5, num_events)),
    ):
        momenta = _momenta(random, counts, spelt)
        branches |= {f"{name}.{field}": array for field, array in momenta.items()}
        if "Jet" in name:
            branches[f"{name}.Mass"] = lists(random, counts, 0, 20)
            branches[f"{name}.BTag"] = integers(random, counts, 0, 2)
            branches[f"{name}.TauTag"] = integers(random, counts, 0, 2)
        else:
            branches[f"{name}.Charge"] = 1 - 2 * integers(random, counts, 0, 2)
            branches[f"{name}.IsolationVar"] = lists(random, counts, 0, 1)
    branches["EFlowTrack.PID"] = 211 * branches["EFlowTrack.Charge"]
    branches["MissingET.MET"] = random.uniform(0, 90, (num_events, 1))
    branches["MissingET.Phi"] = random.uniform(-3, 3, (num_events, 1))
    branches["Vertex_size"] = random.integers(1, 60, num_events, dtype=np.int32)
    return branches


def nano_branches(num_events=20, *, seed=1, simulated=True, per_jet=4):
    """The branches of PFNano; one in `per_jet` candidates is in no jet."""
    random = np.random.default_rng(seed)
    jets = random.poisson(1, num_events)
    candidates = per_jet * jets
    branches = {
        "run": np.full(num_events, 1 if simulated else 301567, np.uint32),
        "luminosityBlock": np.arange(num_events, dtype=np.uint32) // 5,
        "event": np.arange(num_events, dtype=np.uint64) + 10_000_000_000,
        "PuppiMET_pt": random.uniform(0, 90, num_events).astype(np.float32),
        "PuppiMET_phi": random.uniform(-3, 3, num_events).astype(np.float32),
        "PV_npvs": random.integers(1, 60, num_events, dtype=np.int32),
        "HLT_PFMET120": random.uniform(size=num_events) > 0.5,
        "HLT_AK8PFJet400": random.uniform(size=num_events) > 0.5,
        "Flag_goodVertices": random.uniform(size=num_events) > 0.1,
    }
    if simulated:
        branches["genWeight"] = random.normal(1, 1, num_events).astype(np.float32)
        branches["LHEScaleWeight"] = random.uniform(0.5, 2, (num_events, 9))
    names = {name: name for name in ("pt", "eta", "phi", "mass")}
    groups = {
        "FatJet": jets,
        "Jet": random.poisson(3, num_events),
        "PFCands": candidates,
        "Electron": random.poisson(0.4, num_events),
        "Muon": random.poisson(0.4, num_events),
        "Photon": random.poisson(0.4, num_events),
        "Tau": random.poisson(0.4, num_events),
    }
    for group, counts in groups.items():
        momenta = _momenta(random, counts, names)
        branches |= {f"{group}_{field}": array for field, array in momenta.items()}
        branches[f"{group}_charge"] = 1 - 2 * integers(random, counts, 0, 2)
    branches["Jet_btagDeepFlavB"] = lists(random, groups["Jet"], 0, 1)
    branches["FatJet_btagDDBvLV2"] = lists(random, jets, 0, 1)
    branches["FatJet_tau1"] = lists(random, jets, 0, 1)
    branches["PFCands_puppiWeight"] = lists(random, candidates, 0, 1)
    branches["PFCands_pdgId"] = integers(random, candidates, -211, 212)
    branches["Muon_pfRelIso04_all"] = lists(random, groups["Muon"], 0, 1)
    branches["Electron_pfRelIso03_all"] = lists(random, groups["Electron"], 0, 1)
    index = ak.local_index(branches["PFCands_pt"])
    kept = index < (per_jet - 1) * jets
    branches["FatJetPFCands_jetIdx"] = ak.values_astype(
        (index // (per_jet - 1))[kept], np.int32
    )
    branches["FatJetPFCands_pFCandsIdx"] = ak.values_astype(index[kept], np.int32)
    return branches


def jetclass_branches(num_jets=20, *, seed=1):
    random = np.random.default_rng(seed)
    counts = random.poisson(9, num_jets) + 1
    momenta = {
        f"part_{name}": lists(random, counts, -5, 5) for name in ("px", "py", "pz")
    }
    energy = np.sqrt(sum(array**2 for array in momenta.values()))
    kind = integers(random, counts, 0, 5)
    names = ("ChargedHadron", "NeutralHadron", "Photon", "Electron", "Muon")
    branches = momenta | {"part_energy": ak.values_astype(energy, np.float32)}
    branches |= {
        f"part_is{name}": ak.values_astype(kind == code, np.float32)
        for code, name in enumerate(names)
    }
    charged = (kind != 1) & (kind != 2)
    branches["part_charge"] = charged * (1.0 - 2 * integers(random, counts, 0, 2))
    px, py, pz, energy = (
        ak.to_numpy(ak.sum(branches[f"part_{name}"], axis=1))
        for name in ("px", "py", "pz", "energy")
    )
    branches["jet_pt"] = np.hypot(px, py)
    branches["jet_eta"] = np.arcsinh(pz / np.hypot(px, py))
    branches["jet_phi"] = np.arctan2(py, px)
    branches["jet_energy"] = energy
    branches["jet_sdmass"] = random.uniform(0, 90, num_jets).astype(np.float32)
    branches["label_QCD"] = random.uniform(size=num_jets) > 0.5
    branches["label_Hbb"] = ~branches["label_QCD"]
    return branches


def write_tree(path: Path, branches, *, name, kind="TTree", basket=None):
    """Write branches as a TTree or RNTuple."""
    with uproot.recreate(path) as file:
        if kind == "RNTuple":
            file.mkrntuple(name, _regular_to_lists(branches))
            return path
        arrays = _regular_to_lists(branches)
        rows = len(next(iter(arrays.values())))
        types = {key: array.type.content for key, array in arrays.items()}
        tree = file.mktree(name, types)
        for start in range(0, max(rows, 1), basket or max(rows, 1)):
            stop = start + (basket or rows)
            if rows:
                tree.extend({k: array[start:stop] for k, array in arrays.items()})
    return path


def _regular_to_lists(branches):
    arrays = {name: ak.Array(array) for name, array in branches.items()}
    return {
        name: ak.from_regular(array, axis=None) if array.ndim > 1 else array
        for name, array in arrays.items()
    }


def lhco_block(num_events=20, *, seed=1):
    """(pt, eta, phi) of 700 particles, zero padded, and the label."""
    random = np.random.default_rng(seed)
    block = np.zeros((num_events, 2101))
    for row, count in zip(block, random.integers(1, 700, num_events), strict=True):
        row[0 : 3 * count : 3] = np.sort(random.exponential(20, count))[::-1]
        row[1 : 3 * count : 3] = random.normal(0, 2, count)
        row[2 : 3 * count : 3] = random.uniform(-np.pi, np.pi, count)
    block[:, 2100] = random.integers(0, 2, num_events)
    return block


def write_lhco(path, block):
    """Write as pandas does: a fixed store, compressed with Blosc."""
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "df/block0_values",
            data=block,
            chunks=(max(1, min(len(block), 16)), block.shape[1]),
            maxshape=(None, block.shape[1]),
            **hdf5plugin.Blosc(cname="blosclz"),
        )
        file["df/axis0"] = np.arange(block.shape[1])
        file["df/axis1"] = np.arange(len(block))
    return path


LHCO_FEATURES = [
    *(f"{name}j{jet}" for jet in (1, 2) for name in ("px", "py", "pz", "m")),
    *(f"tau{n}j{jet}" for jet in (1, 2) for n in (1, 2, 3)),
    "label",
]


def write_lhco_features(path, block):
    with h5py.File(path, "w") as file:
        file["df/block0_values"] = block
        file["df/block0_items"] = np.array(LHCO_FEATURES, "S")
        file["df/axis1"] = np.arange(len(block))
    return path


def top_tagging_block(num_jets=20, *, seed=1):
    random = np.random.default_rng(seed)
    block = np.zeros((num_jets, 804), np.float32)
    for row, count in zip(block, random.integers(1, 200, num_jets), strict=True):
        momenta = random.normal(0, 9, (count, 3))
        energy = np.sqrt((momenta**2).sum(axis=1))
        row[: 4 * count] = np.column_stack([energy, momenta]).ravel()
    block[:, 800:] = 1
    return block


def write_top_tagging(path, block, labels):
    """Write as pandas does: a table, whose rows are a compound type."""
    rows = np.zeros(
        len(block),
        [
            ("index", "i8"),
            ("values_block_0", "f4", (804,)),
            ("values_block_1", "i8", (2,)),
        ],
    )
    rows["values_block_0"] = block
    rows["values_block_1"][:, 1] = labels
    with h5py.File(path, "w") as file:
        file["table/table"] = rows
    return path


def hepmc_text(num_events=3, *, seed=1, version=3):
    """A few events of HepMC text: two beams, one vertex, final particles."""
    random = np.random.default_rng(seed)
    header = {3: "Asciiv3", 2: "IO_GenEvent"}[version]
    lines = [
        "",
        f"HepMC::Version {version}.02.06",
        f"HepMC::{header}-START_EVENT_LISTING",
    ]
    for event in range(num_events):
        momenta = random.normal(0, 9, (int(random.integers(3, 9)), 3))
        lines += _hepmc_event(event, momenta, version)
    return "\n".join([*lines, f"HepMC::{header}-END_EVENT_LISTING", ""])


def _hepmc_event(number, momenta, version):
    energies = np.sqrt((momenta**2).sum(axis=1))
    beams = [(0.0, 0.0, 6500.0, 6500.0), (0.0, 0.0, -6500.0, 6500.0)]
    final = [(*p, e) for p, e in zip(momenta.tolist(), energies.tolist(), strict=True)]
    write = " ".join
    if version == 3:
        lines = [f"E {number} 1 {2 + len(final)}", "U GEV MM", f"W {1 + number}"]
        for code, p in enumerate(beams, start=1):
            lines.append(write([f"P {code} 0 2212", *map(repr, p), "0.938 4"]))
        lines.append("V -1 0 [1,2]")
        for code, p in enumerate(final, start=3):
            lines.append(write([f"P {code} -1 22", *map(repr, p), "0 1"]))
        return lines
    lines = [
        f"E {number} -1 -1 -1 -1 0 -1 1 1 2 0 1 {1 + number}",
        'N 1 "0"',
        "U GEV MM",
    ]
    lines.append(f"V -1 0 0 0 0 0 2 {len(final)} 0")
    for code, p in enumerate(beams, start=1):
        lines.append(write([f"P {code} 2212", *map(repr, p), "0.938 4 0 0 -1 0"]))
    for code, p in enumerate(final, start=3):
        lines.append(write([f"P {code} 22", *map(repr, p), "0 1 0 0 0 0"]))
    return lines


#: Names of the formats that `write_format` knows.
FORMATS = [
    *("delphes", "nano_ttree", "nano_rntuple", "jetclass", "lhco", "top_tagging"),
    *("parquet", "hepmc", "hepmc_gz"),
]


def write_format(path: Path, name: str, num_events: int = 40) -> Path:
    """Write events of a format to a file of any name."""
    trees = {
        "delphes": ("Delphes", delphes_branches, {"basket": 10}),
        "nano_ttree": ("Events", nano_branches, {"basket": 10}),
        "nano_rntuple": ("Events", nano_branches, {"kind": "RNTuple"}),
        "jetclass": ("tree", jetclass_branches, {}),
    }
    if name in trees:
        tree, branches, options = trees[name]
        return write_tree(path, branches(num_events), name=tree, **options)
    if name == "lhco":
        return write_lhco(path, lhco_block(num_events))
    if name == "top_tagging":
        labels = np.arange(num_events) % 2
        return write_top_tagging(path, top_tagging_block(num_events), labels)
    if name == "parquet":
        write_format(path, "nano_ttree", num_events)
        return write_events(path, read(path))
    text = hepmc_text(num_events).encode()
    path.write_bytes(gzip.compress(text) if name == "hepmc_gz" else text)
    return path
