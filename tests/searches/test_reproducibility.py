"""What a result may depend on: never on truth, jobs, interruptions or places."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from oddjet.events import Events
from oddjet.io import read, write_events
from oddjet.runs.config import dump_yaml
from oddjet.searches import MonoJet, MonoJetConfig

RESULTS = ("model.onnx", "scores.parquet", "cutflow.csv", "results.json")
STAGES = (
    "prepare-signal_region",
    "prepare-control_region",
    "cutflow",
    "train-0",
    "train-1",
    "assemble",
    "score",
    "count",
    "observables",
    "truth",
    "report",
)

# Runs the command line, and dies by SIGKILL when the named stage has written its
# outputs but is not yet in its place: the worst moment there is.
KILLED = """
import os, signal, sys
from pathlib import Path
from oddjet.cli.main import main

victim = sys.argv.pop(1)
rename = Path.rename

def deadly_rename(self, target):
    if Path(target).name == victim and Path(target).parent.name == "stages":
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)

if __name__ == "__main__":
    Path.rename = deadly_rename
    sys.exit(main(sys.argv[1:]))
"""


def contents(
    directory: Path, names: Sequence[str] = (*RESULTS, "report.html")
) -> dict[str, bytes]:
    return {name: (directory / name).read_bytes() for name in names}


def run(config: MonoJetConfig, samples: Path, directory: Path, jobs: int = 1) -> None:
    MonoJet(config).run(
        signal_region=samples / "sr.parquet",
        control_region=samples / "cr.parquet",
        directory=directory,
        jobs=jobs,
    )


@pytest.fixture(scope="module")
def reference(
    samples: Path, config: MonoJetConfig, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    directory = tmp_path_factory.mktemp("reference")
    run(config, samples, directory)
    return directory


def rewritten(path: Path, target: Path, events: Events) -> None:
    """Write changed events as their own file."""
    write_events(target / path.name, [events])


def permuted_truth(events: Events) -> Events:
    order = np.random.default_rng(0).permutation(len(events))
    array = ak.with_field(events.array, events.truth[order], "truth")
    return Events(array, role=events.role)


def deleted_truth(events: Events) -> Events:
    return events.without("truth")


@pytest.mark.parametrize("change", [permuted_truth, deleted_truth])
def test_truth_never_enters(
    change, samples: Path, reference: Path, config: MonoJetConfig, tmp_path: Path
) -> None:
    for path in samples.glob("*.parquet"):
        rewritten(path, tmp_path, change(read(path)))
    run(config, tmp_path, tmp_path / "run")
    assert contents(tmp_path / "run", RESULTS) == contents(reference, RESULTS)


def test_two_places_and_any_jobs_give_the_same_bytes(
    samples: Path, reference: Path, config: MonoJetConfig, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(samples, elsewhere)
    run(config, elsewhere, tmp_path / "run", jobs=2)
    assert contents(tmp_path / "run") == contents(reference)


@pytest.fixture(scope="module")
def resumed(
    samples: Path, config: MonoJetConfig, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A run that was killed in every stage, one after the other."""
    directory = tmp_path_factory.mktemp("resumed")
    written = config.model_dump(mode="json")
    written["signal_region"]["files"] = [str(samples / "sr.parquet")]
    written["control_region"]["files"] = [str(samples / "cr.parquet")]
    yaml = directory / "search.yaml"
    yaml.write_text(dump_yaml(MonoJetConfig.model_validate(written)), "utf-8")
    script = directory / "killed.py"
    script.write_text(KILLED, "utf-8")
    search = ["search", yaml, "-o", directory / "run"]
    for stage in STAGES:
        command = [sys.executable, script, stage, *search]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
        assert not (directory / "run" / "results.json").exists()
    command = [sys.executable, "-m", "oddjet", *search]
    subprocess.run(command, capture_output=True, check=True)
    return directory / "run"


def test_killed_in_every_stage_and_resumed_equals_uninterrupted(
    resumed: Path, reference: Path
) -> None:
    assert contents(resumed) == contents(reference)


def test_killed_runs_leave_nothing_behind(resumed: Path) -> None:
    hidden = [path for path in resumed.rglob("*") if ".tmp" in path.name]
    assert hidden == []
    assert {path.name for path in (resumed / "stages").iterdir()} == set(STAGES)


def test_a_changed_configuration_reruns_only_what_it_must(
    samples: Path, reference: Path, config: MonoJetConfig, tmp_path: Path
) -> None:
    directory = tmp_path / "run"
    shutil.copytree(reference, directory)
    before = {s: (directory / "stages" / s).stat().st_ino for s in STAGES}
    counting = config.counting.model_copy(update={"cr_efficiency": 0.1})
    run(config.model_copy(update={"counting": counting}), samples, directory)
    after = {s: (directory / "stages" / s).stat().st_ino for s in STAGES}
    assert {s for s in STAGES if before[s] != after[s]} == {"count", "report"}
