"""A run of four stages, and a driver that runs it in a process of its own.

    generate ──▶ left ──▶ combine
            └──▶ right ─┘

`ODDJET_TOY` says what a stage does half-way through its work, as `stage:deed`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

from oddjet.runs import stages as stages_module
from oddjet.runs.errors import UserError
from oddjet.runs.progress import Progress
from oddjet.runs.seeds import derive_seed
from oddjet.runs.stages import Stage, run_stages

NAMES = ("generate", "left", "right", "combine")
FOR_EVER = 1e6  # seconds


def chain(*, seed=1, factor=2, offset=5, untracked=None):
    """Define the four stages."""
    return [
        Stage("generate", generate, {"seed": seed}, untracked=untracked or {}),
        Stage("left", left, {"scale": {"factor": factor}}, inputs=("generate",)),
        Stage("right", right, {"offset": offset}, inputs=("generate",)),
        Stage("combine", combine, inputs=("left", "right"), versions={"sum": 1}),
    ]


def generate(directory, inputs, progress, *, seed, place=None):
    assert not inputs
    assert place is None or Path(place).is_dir()
    numbers = [derive_seed(seed, i) % 1000 for i in range(20)]
    _write(directory, progress, "generate", numbers)


def left(directory, inputs, progress, *, scale):
    numbers = [scale["factor"] * n for n in _read(inputs["generate"])]
    _write(directory, progress, "left", numbers)


def right(directory, inputs, progress, *, offset):
    numbers = [(n + offset) // 10 for n in _read(inputs["generate"])]
    _write(directory, progress, "right", numbers)


def combine(directory, inputs, progress):
    pairs = zip(_read(inputs["left"]), _read(inputs["right"]), strict=True)
    _write(directory, progress, "combine", [a + b for a, b in pairs])


def _read(directory):
    return [int(line) for line in (directory / "numbers.txt").read_text().split()]


def _write(directory, progress, name, numbers):
    half = len(numbers) // 2
    (directory / "more").mkdir()
    (directory / "more" / "sum.txt").write_text(f"{sum(numbers)}\n")
    with (
        progress.task("writing", total=len(numbers)) as task,
        (directory / "numbers.txt").open("w") as file,
    ):
        file.writelines(f"{n}\n" for n in numbers[:half])
        file.flush()
        task.advance(half)
        _misbehave(name, directory)
        file.writelines(f"{n}\n" for n in numbers[half:])
        task.advance(len(numbers) - half)


def _misbehave(name, directory):
    stage, _, deed = os.environ.get("ODDJET_TOY", "").partition(":")
    if stage != name:
        return
    if deed == "kill":
        # kill -9 of the process that runs the chain, from wherever we are.
        parent = multiprocessing.parent_process()
        _tell(directory, f"{os.getpid()}")
        os.kill(parent.pid if parent else os.getpid(), signal.SIGKILL)
        time.sleep(FOR_EVER)
    elif deed == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif deed == "sleep":
        _tell(directory, f"{os.getpid()}")
        time.sleep(FOR_EVER)
    elif deed == "user-error":
        message = "the file has no muons: give one that has"
        raise UserError(message)
    elif deed == "bug":
        message = "division by cucumber"
        raise ZeroDivisionError(message)


def _tell(directory, text):
    """Leave a message beside the run directory, whole."""
    note = directory.parents[2] / "note.txt"
    note.with_suffix(".part").write_text(text)
    note.with_suffix(".part").rename(note)


def kill_before_rename(name):
    """Kill this process between the manifest of a stage and its rename."""
    write_manifest = stages_module.write_manifest

    def write_and_die(directory, manifest):
        write_manifest(directory, manifest)
        if manifest.key_parts["name"] == name:
            os.kill(os.getpid(), signal.SIGKILL)

    stages_module.write_manifest = write_and_die


def main():
    directory, jobs, victim = sys.argv[1:]
    if victim != "-":
        kill_before_rename(victim)
    with Progress() as progress:
        run_stages(directory, chain(), jobs=int(jobs), progress=progress)


if __name__ == "__main__":
    main()
