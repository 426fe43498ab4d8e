from __future__ import annotations

import os
import platform
import re
import subprocess
import threading
from contextlib import contextmanager

import pytest

from child_processes import running
from oddjet.runs.errors import UserError
from oddjet.runs.lock import lock_directory

HOLDER = """
import sys
from oddjet.runs.lock import lock_directory
with lock_directory(sys.argv[1]):
    print("locked", flush=True)
    sys.stdin.read()
"""


@contextmanager
def hold(directory):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with running("-c", HOLDER, directory, **pipes) as holder:
        assert holder.stdout.readline() == b"locked\n"
        yield holder


def test_a_second_writer_is_told_who_the_first_is(tmp_path):
    with hold(tmp_path / "run") as holder:
        sentence = (
            f"{tmp_path / 'run'} is in use by process {holder.pid} on"
            f" {platform.node()}: wait for it or choose another directory"
        )
        with (
            pytest.raises(UserError, match=f"^{re.escape(sentence)}$"),
            lock_directory(tmp_path / "run"),
        ):
            pass
        # However the first ends, even so.
        holder.kill()
        holder.wait()
        with lock_directory(tmp_path / "run"):
            assert f"process {os.getpid()}" in (tmp_path / "run/.lock").read_text()
        holder.stdin.close()


def test_the_holder_may_lock_again_but_no_other_thread(tmp_path):
    refused = []

    def try_to_lock():
        try:
            with lock_directory(tmp_path):
                pass
        except UserError as error:
            refused.append(str(error))

    def other_thread():
        thread = threading.Thread(target=try_to_lock)
        thread.start()
        thread.join()

    with lock_directory(tmp_path):
        with lock_directory(tmp_path / "." / ".." / tmp_path.name):
            pass
        other_thread()
    assert len(refused) == 1
    assert "in use by another thread of this process" in refused[0]
    other_thread()
    assert len(refused) == 1


def test_an_exception_releases_the_lock(tmp_path):
    def fail():
        with lock_directory(tmp_path):
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        fail()
    with hold(tmp_path) as holder:
        holder.stdin.close()


def test_a_file_in_its_place_is_told(tmp_path):
    (tmp_path / "run").write_text("")
    with (
        pytest.raises(UserError, match="cannot be a run directory: there is a file"),
        lock_directory(tmp_path / "run"),
    ):
        pass
