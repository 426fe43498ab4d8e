"""The demonstration: simulated collisions, one search with a signal and one without.

Three samples are made with Pythia 8 and a detector response: Z(nu nu)+jet for the
control region, an independent Z(nu nu)+jet sample for the signal region, and
semi-visible jets. `injected` searches for the semi-visible jets in their mixture
with Z(nu nu)+jet; `null` searches where there are none.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from oddjet.report.index import IndexEntry, write_index
from oddjet.runs.digests import digest
from oddjet.runs.lock import lock_directory
from oddjet.runs.provenance import provenance
from oddjet.runs.seeds import derive_seed
from oddjet.runs.stages import Stage, run_stages
from oddjet.searches.monojet import MonoJet
from oddjet.searches.monojet_config import CountingConfig, MonoJetConfig
from oddjet.simulate.cards import load_card
from oddjet.simulate.generate import simulate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oddjet.runs.progress import Progress
    from oddjet.searches.result import Result

SAMPLE = "events.parquet"

# Events of MET > 250 GeV, of which 86 % (Z+jet) and 40 % (semi-visible jets) pass
# IM1: more than 10,000 in each region, of the injected signal region a fifth signal.
SAMPLES = {
    "zjet-control": ("zjet_nunu", 12_000),
    "zjet-signal-region": ("zjet_nunu", 12_000),
    "semivisible": ("svj_monojet", 6_000),
}
MET_MIN_GEV = 250.0
SEARCHES = {
    "injected": ("zjet-signal-region", "semivisible"),
    "null": ("zjet-signal-region",),
}
DESCRIPTIONS = {
    "injected": "Semi-visible jets of a 2 TeV Z' are mixed into the signal region.",
    "null": "Like the control region, the signal region holds Z(nu nu)+jet only.",
}
CR_EFFICIENCY = 0.01


def run_demo(
    directory: Path | str,
    *,
    seed: int = 1,
    jobs: int = 1,
    scale: float = 1.0,
    progress: Progress,
) -> dict[str, Result]:
    """Simulate, search with and without a signal, and write an index page.

    Parameters
    ----------
    directory : Path or str
        Takes `samples/`, `injected/`, `null/` and `index.html`. An interrupted
        demonstration goes on where it was.
    seed : int
        Of everything: collisions, detector, training.
    jobs : int
        Processes at once; never changes a result.
    scale : float
        Multiplies the size of the samples; the significances quoted in
        docs/validation.md are for 1.
    progress : Progress
        Shows what is going on.

    Returns
    -------
    dict of str to Result
        Of the searches `injected` and `null`.
    """
    with lock_directory(directory) as root:
        samples = _simulate_samples(root / "samples", seed, jobs, scale, progress)
        results = {
            name: _search(root, name, samples, seed=seed, jobs=jobs, progress=progress)
            for name in SEARCHES
        }
        write_index(
            root / "index.html",
            [_index_entry(name, result) for name, result in results.items()],
            title="oddjet demo: mono-jet search on simulated collisions",
            introduction="The same search twice, on samples of one simulation.",
        )
    return results


def make_sample(
    directory: Path,
    inputs: Mapping[str, Path],  # noqa: ARG001 - a stage's signature
    progress: Progress,
    *,
    process: str,
    num_events: int,
    seed: int,
    jobs: int,
) -> None:
    """Simulate one sample, as a stage."""
    simulate(
        process,
        num_events=num_events,
        seed=seed,
        path=directory / SAMPLE,
        jobs=jobs,
        met_min_gev=MET_MIN_GEV,
        progress=progress,
    )


def _simulate_samples(
    directory: Path, seed: int, jobs: int, scale: float, progress: Progress
) -> dict[str, Path]:
    """Make the samples one after the other, each with all processes."""
    stages = [
        Stage(
            name,
            make_sample,
            arguments={
                "process": process,
                "num_events": max(1, round(num_events * scale)),
                "seed": derive_seed(seed, "demo", name),
            },
            sources={
                "card": digest(load_card(process)),
                "made_with": digest(provenance()),
            },
            untracked={"jobs": jobs},
        )
        for name, (process, num_events) in SAMPLES.items()
    ]
    places = run_stages(directory, stages, progress=progress)
    return {name: place / SAMPLE for name, place in places.items()}


def _search(
    root: Path,
    name: str,
    samples: dict[str, Path],
    *,
    seed: int,
    jobs: int,
    progress: Progress,
) -> Result:
    config = MonoJetConfig(
        seed=derive_seed(seed, "demo", name),
        is_null_test=name == "null",
        counting=CountingConfig(cr_efficiency=CR_EFFICIENCY),
    )
    return MonoJet(config).run(
        signal_region=[samples[part] for part in SEARCHES[name]],
        control_region=[samples["zjet-control"]],
        directory=root / name,
        jobs=jobs,
        progress=progress,
    )


def _index_entry(name: str, result: Result) -> IndexEntry:
    return IndexEntry(
        title=name,
        results=result.results,
        report=f"{name}/report.html",
        description=DESCRIPTIONS[name],
        files={"results.json": f"{name}/results.json", "model": f"{name}/model.onnx"},
    )
