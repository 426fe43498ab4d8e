from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest

from oddjet.runs.errors import UserError
from oddjet.runs.progress import Progress
from oddjet.runs.workers import Worker, die_with_parent, wait_for_one


@pytest.fixture
def calls(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    return importlib.import_module("toy_calls")


def outcome(function, *arguments):
    worker = Worker("the call", function, arguments, progress=Progress.silent())
    assert wait_for_one([worker]) == [worker]
    return worker.result()


def test_a_call_returns_and_the_first_to_end_is_known(calls):
    with Progress.silent() as progress:
        slow = Worker("slow", calls.sleep, (1e6,), progress=progress)
        quick = Worker("quick", calls.double, (21,), progress=progress)
        assert wait_for_one([slow, quick]) == [quick]
        assert quick.result() == 42
        with pytest.raises(RuntimeError, match="slow is still running"):
            slow.result()
        slow.kill()  # or this test would last eleven days


def test_a_user_error_stays_one_and_brings_its_traceback(calls):
    with pytest.raises(UserError, match=r"^no muons$") as caught:
        outcome(calls.raise_user_error)
    assert "in raise_user_error" in str(caught.value.__cause__)


def test_an_error_that_does_not_unpickle_is_told(calls):
    with pytest.raises(RuntimeError, match=r"^AwkwardError: 1 \+ words$"):
        outcome(calls.raise_awkwardly)


def test_a_process_that_dies_is_told(calls):
    with pytest.raises(UserError, match=r"^the call was killed by SIGKILL: the mach"):
        outcome(calls.die)
    with pytest.raises(RuntimeError, match=r"process of the call ended with code 7"):
        outcome(calls.leave)


def test_a_result_larger_than_a_pipe_arrives(calls):
    assert len(outcome(calls.repeat, 5_000_000)) == 5_000_000


def test_who_has_no_parent_lives_on():
    die_with_parent()
    assert os.getpid()
