from __future__ import annotations

import os
import re
import signal
import subprocess

import pytest
from pyarrow import parquet

from child_processes import HANG_SECONDS, running
from oddjet.cli.main import main
from oddjet.runs.progress import Progress
from oddjet.simulate import generate
from oddjet.simulate.cards import load_card, process_names


def test_the_help_names_every_process(capsys):
    for command, weighted in (("simulate", False), ("simulate-weighted", True)):
        assert main([command, "--help"]) == 0
        words = set(re.findall(r"\w+", capsys.readouterr().out))
        for name in process_names():
            assert (name in words) == (load_card(name).cross_section == weighted)


def test_an_unknown_process_is_told(capsys, tmp_path):
    output = str(tmp_path / "a.parquet")
    assert main(["simulate", "zjet_nnu", "-n", "1", "-o", output]) == 2
    assert capsys.readouterr().err == (
        "oddjet: simulate: there is no process 'zjet_nnu'; did you mean zjet_nunu?\n"
    )
    assert not list(tmp_path.iterdir())


def test_every_option_arrives(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(
        generate, "simulate", lambda *words, **options: calls.append((words, options))
    )
    output = tmp_path / "a.parquet"
    words = ["simulate", "svj_monojet", "-n", "7", "--jobs", "2", "-o", str(output)]
    words += ["--pileup", "20", "--constituents", "towers"]
    assert main([*words, "--seed", "5"]) == 0
    (arguments, options) = calls[0]
    assert isinstance(options.pop("progress"), Progress)
    assert arguments == ("svj_monojet",)
    assert options == {
        "num_events": 7,
        "seed": 5,
        "path": output,
        "jobs": 2,
        "pileup": 20.0,
        "constituents": "towers",
    }


def test_events_are_written(capsys, tmp_path):
    pytest.importorskip("pythia8mc", reason="needs the extra [sim]")
    output = tmp_path / "a.parquet"
    assert main(["simulate", "zjet_nunu", "-n", "2", "-o", str(output)]) == 0
    assert "simulate zjet_nunu: done, 2 in" in capsys.readouterr().err
    assert parquet.read_metadata(output).num_rows == 2


def test_ctrl_c_leaves_nothing(tmp_path):
    pytest.importorskip("pythia8mc", reason="needs the extra [sim]")
    words = ["simulate", "zjet_nunu", "-n", "1000000", "--jobs", "2", "-o", "a.parquet"]
    with running(
        *("-m", "oddjet", *words), cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr.readline() == "simulate zjet_nunu: started\n"
        # As a terminal does: to the whole group.
        os.killpg(process.pid, signal.SIGINT)
        errors = process.stderr.read().splitlines()
        assert process.wait(HANG_SECONDS) == 130
    assert errors[-1] == "oddjet: interrupted"
    assert not list(tmp_path.iterdir())
