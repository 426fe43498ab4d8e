from __future__ import annotations

import os
import pickle
import pty
import re
import subprocess
import sys
import time

import pytest

from oddjet.runs.displays import ForwardingDisplay, LineDisplay, format_seconds
from oddjet.runs.progress import Progress, Relay, Task

WORK = """
import sys, time
from oddjet.runs.progress import Progress
with Progress() as progress:
    with progress.task("select [bold]", total=4) as task:
        task.advance(3)
        task.advance()
        time.sleep(0.5)
    progress.note("a note [x]")
"""


def run_with_stderr(stderr):
    return subprocess.run([sys.executable, "-c", WORK], stderr=stderr, check=True)


def test_without_a_terminal_there_are_lines():
    lines = run_with_stderr(subprocess.PIPE).stderr.decode().splitlines()
    assert lines[0] == "select [bold]: started"
    assert re.fullmatch(r"select \[bold\]: done, 4 in 0\.\d s", lines[1])
    assert lines[2:] == ["a note [x]"]


def test_on_a_terminal_there_is_a_bar(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    ours, theirs = pty.openpty()
    run_with_stderr(theirs)
    os.close(theirs)
    text = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "select [bold]" in text
    assert "4/4" in text
    assert "━" in text
    assert "select [bold]: done, 4 in 0." in text
    assert "a note [x]" in text


def test_nobody_reads_and_the_work_goes_on():
    reader, writer = os.pipe()
    os.close(reader)
    assert run_with_stderr(writer).returncode == 0
    os.close(writer)


def test_a_task_that_goes_on_has_a_line_now_and_then(capsys):
    with Progress(LineDisplay(interval=0.05)) as progress:
        with progress.task("training", total=8) as task:
            task.advance(2)
            wait_for(capsys, "training: 2 of 8 (25 %) after 0.")
        with progress.task("waiting"):
            wait_for(capsys, "waiting: going on after 0.")
        with progress.task("counting") as task:
            task.advance(5)
            wait_for(capsys, "counting: 5 after 0.")


def wait_for(capsys, text):
    deadline = time.monotonic() + 10
    seen = ""
    while text not in seen:
        assert time.monotonic() < deadline, seen
        time.sleep(0.01)
        seen += capsys.readouterr().err


def test_a_task_that_fails_says_so(capsys):
    def fail(progress):
        with progress.within("train").task("fold 1"):
            raise ValueError

    with Progress(LineDisplay()) as progress, pytest.raises(ValueError, match=r"^$"):
        fail(progress)
    started, stopped = capsys.readouterr().err.splitlines()
    assert started == "train: fold 1: started"
    assert stopped.startswith("train: fold 1: stopped after 0.")


def test_what_a_worker_reports_arrives(capsys):
    wire = []
    with Progress(
        ForwardingDisplay(lambda event: wire.append(pickle.dumps(event)))
    ) as (progress):
        with progress.task("writing", total=3) as task:
            task.advance(2)
            deadline = time.monotonic() + 10
            while len(wire) < 2 and time.monotonic() < deadline:
                time.sleep(0.01)
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
