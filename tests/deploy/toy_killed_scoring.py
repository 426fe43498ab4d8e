"""Kill scoring at random moments, resume it, and compare with one that was not.

Usage: toy_killed_scoring.py EMPTY_DIRECTORY MODEL KILLS FILES... Prints how many kills
found 5-95 % of the chunks written. Each attempt starts from nothing, is killed, goes on
and is killed again until one ends by itself.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import pyarrow.parquet as pq

from oddjet.deploy.score_files import score_files

CHUNK_EVENTS = 25
OPERATIONS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"}


def run(model, files, output):
    score_files(model, files, output, providers="cpu", chunk_events=CHUNK_EVENTS)


def snapshot(directory):
    """All that is visible, but what tells of times and processes."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name not in {"run.log", ".lock"}
    }


def in_a_child(work, *, kill_at=None, delay=0.0):
    """Run in a child that is killed a moment after its nth file operation."""
    child = os.fork()
    if child == 0:
        seen = 0

        def die():
            time.sleep(delay)
            os.kill(os.getpid(), signal.SIGKILL)

        def count(event, _):
            nonlocal seen
            if event in OPERATIONS:
                seen += 1
                if seen == kill_at:
                    threading.Thread(target=die).start() if delay else die()

        if kill_at is not None:
            sys.addaudithook(count)
        work()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or status == 0, status
    return os.WIFSIGNALED(status)


def share_written(output, chunks):
    done = list((output / "chunks").glob("*/stages/friends/manifest.json"))
    return len(done) / chunks


def main():
    room, model, kills, files = Path(sys.argv[1]), *sys.argv[2:4], sys.argv[4:]
    # Whether data reach the disk is no question of kill -9, and costs minutes.
    os.fsync = lambda _: None
    events = [pq.ParquetFile(file).metadata.num_rows for file in files]
    chunks = sum(max(1, -(-size // CHUNK_EVENTS)) for size in events)
    reference, victim = room / "reference", room / "victim"
    in_a_child(lambda: run(model, files, reference))
    expected = snapshot(reference)
    assert sum(name.endswith(".parquet") for name in expected) == 2 * len(files)
    chance = random.Random(1)
    killed = amid = 0
    while killed < int(kills):
        shutil.rmtree(victim, ignore_errors=True)
        while True:
            # A chunk takes about thirty operations; some kills come before the first.
            at = chance.randint(1, 40 * chunks)
            delay = chance.choice([0.0, chance.uniform(0.0, 0.02)])
            work = lambda: run(model, files, victim)  # noqa: E731 for the child
            if killed == int(kills) or not in_a_child(work, kill_at=at, delay=delay):
                break
            killed += 1
            amid += 0.05 <= share_written(victim, chunks) <= 0.95
        in_a_child(lambda: run(model, files, victim))
        found = snapshot(victim)
        assert found.keys() == expected.keys(), found.keys() ^ expected.keys()
        assert found == expected
        rows = [pq.read_table(path) for path in victim.glob("*.parquet")]
        entries = sorted(len(set(table["id_entry"].to_pylist())) for table in rows)
        assert entries == sorted(events)
    sys.stdout.write(f"{amid}\n")


if __name__ == "__main__":
    main()
