from __future__ import annotations

import json
import os
import platform
import re
import sys
from pathlib import Path

import numpy as np

from oddjet.runs.provenance import oddjet_version, provenance, run_log


def test_provenance_names_what_can_change_a_result():
    found = provenance()
    assert found["oddjet"] == oddjet_version()
    assert found["python"] == platform.python_version()
    assert found["packages"]["numpy"] == np.__version__
    assert found["cpu"]
    json.dumps(found)


def test_provenance_says_nothing_of_place_and_time():
    text = json.dumps(provenance())
    assert text == json.dumps(provenance())
    for place in (platform.node(), str(Path.cwd()), str(Path.home()), os.sep):
        assert not re.search(rf"(?<!\w){re.escape(place)}(?!\w)", text)


def test_the_run_log_grows_line_by_line(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "orig_argv", ["oddjet", "search", "my file.yaml"])
    run_log(tmp_path)
    run_log(tmp_path, "train: done in 3.2 s")
    first, second = (tmp_path / "run.log").read_text().splitlines()
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d"
    command = (
        f"process {os.getpid()} on {platform.node()}: oddjet search 'my file.yaml'"
    )
    assert re.fullmatch(f"{time} {re.escape(command)}", first)
    assert re.fullmatch(f"{time} train: done in 3.2 s", second)
