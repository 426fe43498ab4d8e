from __future__ import annotations

import os
import pickle
import pty
import re
import select
import subprocess
import sys

import pytest

from child_processes import HANG_SECONDS, running, wait_until
from oddjet.runs.displays import ForwardingDisplay, LineDisplay, format_seconds
from oddjet.runs.progress import Progress, Relay, Task

WORK = """
import sys
from oddjet.runs.progress import Progress
with Progress() as progress:
    with progress.task("select [bold]", total=4) as task:
        task.advance(3)
        task.advance()
        sys.stdin.read()  # until we are asked to go on
    progress.note("a note [x]")
"""


def run_with_stderr(stderr):
    return subprocess.run(
        [sys.executable, "-c", WORK],
        stdin=subprocess.DEVNULL,
        stderr=stderr,
        check=True,
    )


def test_without_a_terminal_there_are_lines():
    lines = run_with_stderr(subprocess.PIPE).stderr.decode().splitlines()
    assert lines[0] == "select [bold]: started"
    assert re.fullmatch(r"select \[bold\]: done, 4 in \d+\.\d s", lines[1])
    assert lines[2:] == ["a note [x]"]


def test_on_a_terminal_there_is_a_bar(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    ours, theirs = pty.openpty()
    with running("-c", WORK, stdin=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        shown = read_until(ours, b"4/4")
        process.stdin.close()
        text = (shown + read_until(ours, None)).decode()
    os.close(ours)
    assert "select [bold]" in text
    assert "━" in text
    assert re.search(r"select \[bold\]: done, 4 in \d+\.\d s", text)
    assert "a note [x]" in text


def read_until(terminal, wanted):
    """Read what a terminal shows until there are some words, or nobody writes to it."""
    shown = b""
    while wanted is None or wanted not in shown:
        assert select.select([terminal], [], [], HANG_SECONDS)[0], shown
        try:
            shown += os.read(terminal, 1000)
        except OSError:  # how Linux tells the end of a terminal
            assert wanted is None, shown
            break
    return shown


def test_nobody_reads_and_the_work_goes_on():
    reader, writer = os.pipe()
    os.close(reader)
    assert run_with_stderr(writer).returncode == 0
    os.close(writer)


def test_a_task_that_goes_on_has_a_line_now_and_then(capsys):
    with Progress(LineDisplay(interval=0.05)) as progress:
        with progress.task("training", total=8) as task:
            task.advance(2)
            wait_for(capsys, r"training: 2 of 8 \(25 %\) after \d+\.\d s")
        with progress.task("waiting"):
            wait_for(capsys, r"waiting: going on after \d+\.\d s")
        with progress.task("counting") as task:
            task.advance(5)
            wait_for(capsys, r"counting: 5 after \d+\.\d s")


def wait_for(capsys, pattern):
    seen = []

    def found():
        seen.append(capsys.readouterr().err)
        return re.search(pattern, "".join(seen))

    wait_until(found)


def test_a_task_that_fails_says_so(capsys):
    def fail(progress):
        with progress.within("train").task("fold 1"):
            raise ValueError

    with Progress(LineDisplay()) as progress, pytest.raises(ValueError, match=r"^$"):
        fail(progress)
    started, stopped = capsys.readouterr().err.splitlines()
    assert started == "train: fold 1: started"
    assert re.fullmatch(r"train: fold 1: stopped after \d+\.\d s", stopped)


def test_what_a_worker_reports_arrives(capsys):
    wire = []
    with Progress(
        ForwardingDisplay(lambda event: wire.append(pickle.dumps(event)))
    ) as (progress):
        with progress.task("writing", total=3) as task:
            task.advance(2)
            wait_until(lambda: len(wire) == 2)
            task.advance()
        progress.note("written")
        progress.open("dying")

    relay = Relay(Progress(LineDisplay()).within("left"))
    for event in wire:
        relay.show(pickle.loads(event))
    relay.end()
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" in ")[0].partition(" after ")[0] for line in lines] == [
        "left: writing: started",
        "left: writing: done, 3",
        "left: written",
        "left: dying: started",
        "left: dying: stopped",
    ]
    assert [pickle.loads(event) for event in wire][1] == ("advanced", 0, 2)


def test_counting_is_only_an_addition():
    assert set(Task.advance.__code__.co_names) == {"done"}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.94, "59.9 s"), (59.96, "1 min 00 s"), (3599.7, "1 h 00 min")],
)
def test_durations_round_without_sixty(seconds, text):
    assert format_seconds(seconds) == text
