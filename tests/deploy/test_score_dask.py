"""The same rows from a Dask cluster, also when a worker dies."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys

import psutil
import pyarrow.parquet as pq
import pytest

from child_processes import running
from oddjet.deploy.dask_chunks import dask_executor
from oddjet.deploy.score_files import score_files
from oddjet.io import write_events
from oddjet.runs.dask_client import dask_client
from oddjet.runs.errors import UserError
from toy_collisions import toy_events

EVENTS, CHUNK = 400, 20

pytestmark = [
    pytest.mark.usefixtures("dask_processes"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("dask") / "events.parquet"
    write_events(path, [toy_events(EVENTS, seed=1)])
    return path


@pytest.fixture(scope="module")
def expected(model_file, file, tmp_path_factory):
    output = tmp_path_factory.mktemp("alone") / "out"
    (made,) = score_files(model_file, file, output, providers="cpu")
    return made.read_bytes()


def workers():
    """Processes of workers: the grandchildren that Dask calls nannies' children."""
    for process in psutil.Process().children(recursive=True):
        try:
            if "spawn_main" in " ".join(process.cmdline()):
                yield process
        except psutil.NoSuchProcess:
            continue


def test_a_worker_that_dies_costs_nothing_but_time(
    model_file, file, expected, tmp_path
):
    killed = []

    with dask_executor("local", workers=2) as executor:

        def deadly_executor(*work):
            for number, events in enumerate(executor(*work)):
                if number == 1:  # of twenty, so that others are under way
                    victim = next(workers())
                    os.kill(victim.pid, signal.SIGKILL)
                    killed.append(victim.pid)
                yield events

        (made,) = score_files(
            model_file,
            file,
            tmp_path / "out",
            providers="cpu",
            chunk_events=CHUNK,
            executor=deadly_executor,
        )
    assert len(killed) == 1
    assert made.read_bytes() == expected
    assert pq.read_table(made)["id_entry"].to_pylist() == list(range(EVENTS))


@pytest.mark.slow
def test_a_chunk_that_kills_every_worker_is_the_users_sentence(
    model_file, file, tmp_path, monkeypatch
):
    def die(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    # Workers do not know this module: the function itself has to travel.
    cloudpickle = pytest.importorskip("cloudpickle")
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    monkeypatch.setattr("oddjet.deploy.dask_chunks.make_chunk", die)
    try:
        with (
            dask_executor("local", workers=1) as executor,
            pytest.raises(UserError, match="workers died over and over"),
        ):
            score_files(
                model_file, file, tmp_path / "out", providers="cpu", executor=executor
            )
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def test_what_a_worker_cannot_read_is_the_users_sentence(model_file, file, tmp_path):
    broken = tmp_path / "broken.parquet"
    whole = file.read_bytes()
    middle = len(whole) // 2
    broken.write_bytes(whole[: middle - 200] + bytes(400) + whole[middle + 200 :])
    with (
        dask_executor("local", workers=1) as executor,
        pytest.raises(UserError, match=r"broken\.parquet"),
    ):
        score_files(model_file, broken, tmp_path / "out", executor=executor)


def test_two_clusters_live_on_one_machine():
    with dask_client("local") as one, dask_client("local") as other:
        assert one.submit(abs, -1).result() == other.submit(abs, -1).result() == 1


def test_a_scheduler_that_is_lost_is_a_sentence():
    command = ["-m", "distributed.cli.dask_scheduler", "--port", "0"]
    quiet = ["--dashboard-address", "127.0.0.1:0", "--host", "127.0.0.1"]
    with running(*command, *quiet, stderr=subprocess.PIPE, text=True) as one:
        lines = iter(one.stderr.readline, "")
        address = next(line for line in lines if "Scheduler at:" in line).split()[-1]
        with pytest.raises(UserError, match=f"{address} was lost; start one"):
            _lose(address, one)


def _lose(address, scheduler):
    with dask_client(address) as client:
        future = client.submit(abs, -1)  # there is no worker to do it
        scheduler.kill()
        future.result()


class QuietClient:
    """A client that does nothing."""

    status = "running"

    def __init__(self, *_, **__):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.mark.parametrize(
    ("status", "error", "told"),
    [
        ("running", OSError(errno.ENOSPC, "No space left on device"), "No space left"),
        ("connecting", OSError("Timed out trying to connect"), "tcp://a:1 was lost;"),
    ],
)
def test_only_a_lost_connection_is_told_as_one(monkeypatch, status, error, told):
    monkeypatch.setattr("distributed.Client", QuietClient)
    monkeypatch.setattr(QuietClient, "status", status)
    with pytest.raises((OSError, UserError), match=told), dask_client("tcp://a:1"):
        raise error


def test_an_address_without_a_scheduler_is_a_sentence(monkeypatch):
    monkeypatch.setattr("oddjet.runs.dask_client.CONNECT_SECONDS", 1)
    with (
        pytest.raises(UserError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:9"),
        dask_executor("tcp://127.0.0.1:9"),
    ):
        pass
