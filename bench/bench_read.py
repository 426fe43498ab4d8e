"""Reading events beside bare uproot, h5py and pyarrow: `python bench/bench_read.py`.

The contenders read the same columns of the same files in chunks of the same number of
events; oddjet also maps, checks and numbers them. CPU times in turns, medians of the
repeats; answers (sums of pT) are compared before the clock runs. A claim that is missed
is followed by what takes the time. LHC Olympics files are read in chunks of the default
step, 64 MB. Memory: the peak of a process that streams N and 4 N events, N >= 1e6, made
by repeating a file under other names.
"""

from __future__ import annotations

import argparse
import platform
import re
import subprocess
import sys
import tempfile
from functools import partial
from importlib.metadata import version
from pathlib import Path

import awkward as ak
import h5py
import hdf5plugin  # noqa: F401 - the filters of LHC Olympics files
import numpy as np
import pyarrow.parquet as pq
import uproot

from oddjet.io import iterate, write_events
from read_phases import print_phases
from taking_turns import (
    cpu_ratio,
    print_claims,
    print_times,
    seconds,
    write_results,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import made_files

NANO = ("met", "jets.pt", "jets.eta", "jets.phi", "jets.mass", "particles")
CHUNK, BASKET = 10_000, 1000
LHCO_CHUNK = 64_000_000 // (2101 * 8)
WANTED, WANTED_MEMORY = 1.3, 1.1
LIBRARIES = ("oddjet", "uproot", "awkward", "h5py", "hdf5plugin", "pyarrow", "numpy")
PEERS = (
    ("NanoAOD", "uproot"),
    ("Delphes", "uproot"),
    ("LHC Olympics", "h5py"),
    ("Parquet", "pyarrow"),
)


def nano_file(path, num_events, *, per_jet=100):
    branches = made_files.nano_branches(num_events, per_jet=per_jet)
    return made_files.write_tree(path, branches, name="Events", basket=BASKET)


def delphes_file(path, num_events):
    branches = made_files.delphes_branches(num_events, scale=10)
    return made_files.write_tree(path, branches, name="Delphes", basket=BASKET)


def with_oddjet(path, columns, chunk=CHUNK):
    return sum(
        float(ak.sum(events.particles.pt))
        for events in iterate(path, chunk, columns=columns)
    )


def with_uproot(path, tree, branches, pts):
    total = 0.0
    with uproot.open(path) as file:
        for arrays in file[tree].iterate(branches, step_size=CHUNK):
            total += sum(float(ak.sum(arrays[name])) for name in pts)
    return total


def particles_with_awkward(path):
    """What one writes by hand for the particles of a Delphes file."""
    total = 0.0
    parts = {"Track": "PT", "Photon": "ET", "NeutralHadron": "ET"}
    with uproot.open(path) as file:
        branches = delphes_branches_of_columns()
        for arrays in file["Delphes"].iterate(branches, step_size=CHUNK):
            particles = ak.concatenate(
                [
                    ak.zip(
                        {
                            "pt": arrays[f"EFlow{part}.{pt}"],
                            "eta": arrays[f"EFlow{part}.Eta"],
                            "phi": arrays[f"EFlow{part}.Phi"],
                            "mass": 0 * arrays[f"EFlow{part}.{pt}"],
                        }
                    )
                    for part, pt in parts.items()
                ],
                axis=1,
            )
            total += float(ak.sum(particles.pt))
    return total


def particles_with_numpy(path, chunk):
    """What one writes by hand for the particles of an LHC Olympics file."""
    total = 0.0
    with h5py.File(path) as file:
        block = file["df/block0_values"]
        for start in range(0, len(block), chunk):
            rows = block[start : start + chunk][:, :2100].reshape(-1, 700, 3)
            filled = rows[:, :, 0] > 0
            flat = rows[filled]
            names = dict(zip(("pt", "eta", "phi"), flat.T, strict=True))
            particles = ak.unflatten(ak.zip(names), filled.sum(axis=1))
            total += float(ak.sum(particles.pt))
    return total


def with_h5py(path, chunk):
    total = 0.0
    with h5py.File(path) as file:
        block = file["df/block0_values"]
        for start in range(0, len(block), chunk):
            total += float(block[start : start + chunk][:, 0:2100:3].sum())
    return total


def with_pyarrow(path, columns):
    total = 0.0
    file = pq.ParquetFile(path)
    for batch in file.iter_batches(CHUNK, columns=columns, use_threads=False):
        total += float(ak.sum(ak.from_arrow(batch)["particles", "pt"]))
    return total


def nano_branches_of_columns():
    fixed = [
        "PuppiMET_pt",
        "PuppiMET_phi",
        "genWeight",
        "run",
        "luminosityBlock",
        "event",
    ]
    jets = [f"Jet_{name}" for name in ("pt", "eta", "phi", "mass")]
    names = ("pt", "eta", "phi", "mass", "charge", "pdgId", "puppiWeight")
    return fixed + jets + [f"PFCands_{name}" for name in names]


def delphes_branches_of_columns():
    names = ["EFlowTrack.PT", "EFlowPhoton.ET", "EFlowNeutralHadron.ET"]
    for part in ("Track", "Photon", "NeutralHadron"):
        names += [f"EFlow{part}.Eta", f"EFlow{part}.Phi"]
    names += ["EFlowTrack.Charge", "EFlowTrack.PID", "MissingET.MET", "MissingET.Phi"]
    return [*names, "Event.Number", "Event.Weight"]


def contenders(folder, num_events):
    nano = nano_file(folder / "nano.root", num_events)
    delphes = delphes_file(folder / "delphes.root", num_events)
    lhco_events = max(200, num_events // 2)
    lhco = made_files.write_lhco(folder / "lhco.h5", made_files.lhco_block(lhco_events))
    parquet = write_events(folder / "a.parquet", iterate(nano, CHUNK, columns=NANO))
    pts = delphes_branches_of_columns()[:3]
    calls = {
        "NanoAOD, oddjet": partial(with_oddjet, nano, NANO),
        "NanoAOD, uproot": partial(
            with_uproot, nano, "Events", nano_branches_of_columns(), ["PFCands_pt"]
        ),
        "Delphes, oddjet": partial(with_oddjet, delphes, ("particles", "met")),
        "Delphes, uproot": partial(
            with_uproot, delphes, "Delphes", delphes_branches_of_columns(), pts
        ),
        "Delphes, by hand": partial(particles_with_awkward, delphes),
        "LHC Olympics, by hand": partial(particles_with_numpy, lhco, LHCO_CHUNK),
        "LHC Olympics, oddjet": partial(with_oddjet, lhco, ("particles",), LHCO_CHUNK),
        "LHC Olympics, h5py": partial(with_h5py, lhco, LHCO_CHUNK),
        "Parquet, oddjet": partial(with_oddjet, parquet, NANO),
        "Parquet, pyarrow": partial(
            with_pyarrow, parquet, ["met", "jets", "particles", "weight", "id"]
        ),
    }
    items = {name: lhco_events if "LHC" in name else num_events for name in calls}
    return calls, items


def check_answers(calls):
    results = {name: call() for name, call in calls.items()}
    for name, total in results.items():
        kind = name.partition(",")[0]
        other = next(n for n in results if n.startswith(kind) and n != name)
        assert np.isclose(total, results[other], rtol=1e-5), (
            name,
            total,
            results[other],
        )


def peak_megabytes(folder, num_files):
    command = [sys.executable, __file__, "--stream", str(folder), str(num_files)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    events, kilobytes = map(int, done.stdout.split())
    return events, kilobytes / 1000


def stream(folder, num_files):
    """Read links to one file as a sample; print its events and the peak in kB."""
    files = [Path(folder) / f"{number}.root" for number in range(num_files)]
    columns = ("met", "jets", "particles.pt")
    events = sum(len(chunk) for chunk in iterate(files, "16 MB", columns=columns))
    # Not ru_maxrss, which begins with the size of the process that forked this one.
    status = Path("/proc/self/status").read_text()
    print(events, re.search(r"VmHWM:\s+(\d+) kB", status)[1])


def memory(folder, *, events_of_file, num_events):
    links = folder / "links"
    links.mkdir()
    whole = nano_file(folder / "memory.root", events_of_file, per_jet=4)
    num_files = -(-num_events // events_of_file)
    for number in range(4 * num_files):
        # Hard links: to read a file twice by mistake is an error.
        (links / f"{number}.root").hardlink_to(whole)
    return [peak_megabytes(links, factor * num_files) for factor in (1, 4)]


def claims_of(times, peaks):
    rows = [
        (
            f"{kind}: CPU time over bare {peer}",
            f"{peer}, same columns",
            f"<= {WANTED}",
            cpu_ratio(times, f"{kind}, oddjet", f"{kind}, {peer}"),
        )
        for kind, peer in PEERS
    ]
    rows += [
        (
            f"{kind}: CPU time over code by hand",
            "the same particles, unchecked",
            "-",
            cpu_ratio(times, f"{kind}, oddjet", f"{kind}, by hand"),
        )
        for kind in ("Delphes", "LHC Olympics")
    ]
    (few, low), (many, high) = peaks
    what = f"peak memory, {many:,} over {few:,} events"
    rows.append((what, f"{low:.0f} MB", f"<= {WANTED_MEMORY}", high / low))
    return rows


def explain_misses(calls, times):
    """Print what takes the time where a claim is missed."""
    for kind, peer in PEERS:
        ours, bare = f"{kind}, oddjet", f"{kind}, {peer}"
        if cpu_ratio(times, ours, bare) > WANTED:
            call = (*calls[ours].args, CHUNK)[:3]
            print_phases(kind, call, float(np.median(times[bare][:, 0])))


def measured(options):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        calls, items = contenders(folder, options.events)
        check_answers(calls)
        times = seconds(calls, options.repeats)
        explain_misses(calls, times)
        peaks = memory(
            folder,
            events_of_file=min(50_000, options.memory_events),
            num_events=options.memory_events,
        )
    return times, items, peaks


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--memory-events", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--results", type=Path, help="JSON to write")
    parser.add_argument("--stream", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stream:
        stream(options.stream[0], int(options.stream[1]))
        return
    times, items, peaks = measured(options)
    claims = claims_of(times, peaks)
    print_claims(claims)
    print_times(times, items, "event")
    versions = {name: version(name) for name in LIBRARIES}
    settings = {
        key: value
        for key, value in vars(options).items()
        if key not in {"results", "stream"}
    }
    write_results(
        options.results,
        "read",
        {"python": platform.python_version()} | versions,
        settings,
        claims=claims,
        times=times,
        items=items,
    )


if __name__ == "__main__":
    main()
