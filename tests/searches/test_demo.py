"""The demonstration, from collisions to the index page, at a hundredth of its size."""

from __future__ import annotations

from pathlib import Path

import pytest

from oddjet.runs.progress import Progress
from oddjet.searches.demo import run_demo

RESULTS = ("model.onnx", "scores.parquet", "cutflow.csv", "results.json", "report.html")


def demo(directory: Path, jobs: int) -> Path:
    run_demo(directory, seed=4, jobs=jobs, scale=0.01, progress=Progress.silent())
    return directory


@pytest.fixture(scope="module")
def one_process(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo(tmp_path_factory.mktemp("one"), jobs=1)


def test_the_demo_is_complete(one_process: Path) -> None:
    index = (one_process / "index.html").read_text("utf-8")
    for name in ("injected", "null"):
        assert f'href="{name}/report.html"' in index
        page = (one_process / name / "report.html").read_text("utf-8")
        assert "Simulation truth" in page
        assert ("Null test" in page) == (name == "null")


def test_two_places_and_any_jobs_give_the_same_bytes(
    one_process: Path, tmp_path: Path
) -> None:
    two_processes = demo(tmp_path, jobs=2)
    for search in ("injected", "null"):
        for name in RESULTS:
            left, right = (
                (place / search / name).read_bytes()
                for place in (one_process, two_processes)
            )
            assert left == right, f"{search}/{name}"
