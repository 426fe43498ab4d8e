"""The commands around a search, as typed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from oddjet.cli.main import main
from toy_collisions import TINY_SEARCH

Output = pytest.CaptureFixture[str]


@pytest.fixture
def configuration(samples: Path, tmp_path: Path) -> Path:
    config = {
        **TINY_SEARCH,
        "signal_region": {"files": [str(samples / "sr.parquet")]},
        "control_region": {"files": [str(samples / "cr.parquet")]},
    }
    path = tmp_path / "search.yaml"
    path.write_text(yaml.safe_dump(config), "utf-8")
    return path


def test_init_writes_what_check_reads(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "search.yaml"
    assert main(["init", "monojet", "-o", str(path)]) == 0
    assert main(["check", str(path)]) == 2
    assert "signal_region.files is empty" in capsys.readouterr().err


def test_init_overwrites_nothing(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("seed: 1\n")
    assert main(["init", "monojet", "-o", str(path)]) == 2
    assert f"{path} exists already" in capsys.readouterr().err
    assert path.read_text() == "seed: 1\n"


def test_check_opens_the_files_and_estimates(
    configuration: Path, capsys: Output
) -> None:
    assert main(["check", str(configuration)]) == 0
    text = capsys.readouterr().out
    assert "signal_region: 300 events (mc)" in text
    assert "GB of memory" in text


def test_search_says_the_answer_and_report_draws_it_again(
    configuration: Path, tmp_path: Path, capsys: Output
) -> None:
    run = tmp_path / "run"
    assert main(["search", str(configuration), "-o", str(run)]) == 0
    answer = capsys.readouterr().out.splitlines()[0]
    assert "sigma" in answer
    page = (run / "report.html").read_bytes()
    (run / "report.html").unlink()
    assert main(["report", str(run)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == answer
    assert (run / "report.html").read_bytes() == page


def test_report_refuses_stages_of_another_result(
    configuration: Path, tmp_path: Path, capsys: Output
) -> None:
    run = tmp_path / "run"
    assert main(["search", str(configuration), "-o", str(run)]) == 0
    counted = run / "stages" / "count" / "results.json"
    counted.write_text(counted.read_text() + " ")
    assert main(["report", str(run)]) == 2
    assert "has lost some of its stages" in capsys.readouterr().err
