"""Kill the toy run before each of its file operations, then resume it.

Usage: toy_killed_anywhere.py EMPTY_DIRECTORY. Prints how many kills it made.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import toy

from oddjet.runs.manifest import find_damage, read_manifest
from oddjet.runs.progress import Progress
from oddjet.runs.stages import run_stages

OPERATIONS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree"}


def run(directory, **arguments):
    run_stages(directory, toy.chain(**arguments), progress=Progress.silent())


def snapshot(directory):
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name != "run.log"
    }


def killed_at(operation, directory):
    """Run in a child that is killed before its nth operation; False if it ends."""
    child = os.fork()
    if child == 0:
        seen = 0

        def count(event, _):
            nonlocal seen
            if event in OPERATIONS:
                seen += 1
                if seen == operation:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        run(directory, factor=3)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or status == 0, (operation, status)
    return os.WIFSIGNALED(status)


def check_complete(directory):
    """Every stage that is there is whole, and nothing else is visible."""
    stages = directory / "stages"
    for place in stages.glob("[!.]*") if stages.is_dir() else []:
        assert place.name in toy.NAMES
        manifest = read_manifest(place)
        assert manifest is not None
        assert find_damage(place, manifest) is None


def main():
    room = Path(sys.argv[1])
    # Whether data reach the disk is no question of kill -9, and costs minutes.
    os.fsync = lambda _: None
    run(room / "reference", factor=3)
    run(room / "outdated", factor=2)
    expected = snapshot(room / "reference")
    kills = 0
    for start in (None, room / "outdated"):
        for operation in range(1, 10_000):
            directory = room / "victim"
            shutil.rmtree(directory, ignore_errors=True)
            if start is not None:
                shutil.copytree(start, directory)
            was_killed = killed_at(operation, directory)
            if directory.exists():
                check_complete(directory)
            run(directory, factor=3)
            assert snapshot(directory) == expected, (start, operation)
            if not was_killed:
                break
            kills += 1
    sys.stdout.write(f"{kills}\n")


if __name__ == "__main__":
    main()
