"""Graphs of tasks: done once, resumed, failed with a reason, here and on Dask."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from oddjet.campaigns.campaign import run_campaign
from oddjet.campaigns.dask_crew import dask_crew
from oddjet.campaigns.task import Task

sys.path.insert(0, str(Path(__file__).parent))
import toy_tasks


@pytest.fixture
def log(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    path = tmp_path / "log.txt"
    path.touch()
    return path


def leaf(value, log):
    return Task(
        "number", toy_tasks.number, {"value": value}, untracked={"log": str(log)}
    )


def sum_of(*tasks, log, **more):
    inputs = {f"part-{i}": task for i, task in enumerate(tasks)}
    return Task("sum", toy_tasks.total, more, inputs, untracked={"log": str(log)})


def value(outcome):
    return json.loads((outcome.place / "number.json").read_text())


def done(log):
    return sorted(map(int, log.read_text().split()))


def snapshot(directory):
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name not in ("run.log", "lock")
    }


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_task_in_many_places_is_done_once(tmp_path, log, jobs):
    graph = [
        sum_of(leaf(1, log), leaf(2, log), log=log),
        sum_of(leaf(2, log), sum_of(leaf(1, log), leaf(2, log), log=log), log=log),
        leaf(1, log),
    ]
    found = run_campaign(tmp_path / "c", graph, jobs=jobs)
    assert [value(one) for one in found] == [3, 5, 1]
    assert done(log) == [1, 2, 3, 5]


def test_what_was_done_before_is_not_done_again(tmp_path, log):
    run_campaign(tmp_path / "c", [sum_of(leaf(1, log), leaf(2, log), log=log)])
    other = sum_of(leaf(2, log), leaf(4, log), log=log)
    assert value(run_campaign(tmp_path / "c", [other])[0]) == 6
    assert done(log) == [1, 2, 3, 4, 6]
    # Neither is what an earlier configuration asked for.
    run_campaign(tmp_path / "c", [sum_of(leaf(1, log), leaf(2, log), log=log)])
    assert done(log) == [1, 2, 3, 4, 6]


def test_a_failed_task_has_a_reason_and_the_others_go_on(tmp_path, log):
    failed = Task("window", toy_tasks.refuse, untracked={"log": str(log)})
    graph = [failed, sum_of(leaf(1, log), failed, log=log), leaf(9, log)]
    first, behind, last = run_campaign(tmp_path / "c", graph)
    assert first.reason == "this window holds 3 events, 10 are needed"
    assert behind.reason == "this window holds 3 events, 10 are needed"
    assert last.reason is None
    assert value(last) == 9
    assert {path.name for path in first.place.iterdir()} == {
        "failed.json", "manifest.json",
    }  # fmt: skip
    assert done(log) == [1, 9]


def test_a_bug_stops_the_campaign_and_nothing_is_lost(tmp_path, log):
    broken = Task("broken", toy_tasks.bug, untracked={"log": str(log)})
    with pytest.raises(RuntimeError, match="a bug"):
        run_campaign(tmp_path / "c", [leaf(1, log), broken, leaf(2, log)])
    assert done(log) == [1]
    run_campaign(tmp_path / "c", [leaf(1, log), leaf(2, log)])
    assert done(log) == [1, 2]


def test_the_address_is_the_content(log, tmp_path):
    assert leaf(1, log).address == leaf(1, tmp_path / "elsewhere").address
    assert leaf(1, log).address != leaf(1.0, log).address
    assert (
        sum_of(leaf(1, log), leaf(2, log), log=log).address
        != sum_of(leaf(2, log), leaf(1, log), log=log).address
    )
    one = Task("number", toy_tasks.number, {"value": 1}, versions={"fit": 2})
    assert one.address != leaf(1, log).address


@pytest.mark.usefixtures("dask_processes")
def test_dask_gives_the_same_bytes_and_survives_a_worker(tmp_path, log):
    pytest.importorskip("distributed", reason="needs the extra [dask]")
    mortal = Task("mortal", toy_tasks.die_once, untracked={"log": str(log)})
    graph = [sum_of(leaf(1, log), leaf(2, log), mortal, log=log), leaf(3, log)]
    with dask_crew("local", workers=2) as crew:
        found = run_campaign(tmp_path / "dask", graph, crew=crew)
    assert [value(one) for one in found] == [10, 3]
    assert log.with_suffix(".died").exists()
    run_campaign(tmp_path / "here", graph)
    assert snapshot(tmp_path / "dask") == snapshot(tmp_path / "here")
