from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oddjet.report import SearchReport, write_report
from oddjet.report.search_report import CONTROL_REGION, SIGNAL_REGION
from oddjet.runs.errors import MissingExtra, UserError


def _page(directory: Path, report: SearchReport) -> str:
    write_report(directory / "report.html", report)
    return (directory / "report.html").read_text(encoding="utf-8")


def _text(page: str) -> str:
    """What a reader reads: no style, no markup, plain spaces."""
    page = re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL)
    return re.sub(r"<[^>]+>", " ", page).replace("\N{NO-BREAK SPACE}", " ")


def test_the_page_answers_and_shows_everything(
    tmp_path: Path, report: SearchReport
) -> None:
    page = _page(tmp_path, report)
    assert "an excess of 6.3 sigma (exact test, p = 1.2e-10)." in _text(page)
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings == [
        "How to read this page",
        "Cut flows",
        "Counts and tests",
        "Scores",
        "Training",
        "How it was made",
    ]
    assert page.count("<svg ") == 2
    assert "arXiv:2204.11889" in page
    assert "1 of 5,001 jets could not be scored" in _text(page)
    assert "search: monojet" in page
    assert "dependencies: numpy" in page


def test_without_truth_nothing_speaks_of_truth(
    tmp_path: Path, report: SearchReport
) -> None:
    page = _page(tmp_path, report)
    assert "truth" not in page.lower()
    assert "svj" not in page
    assert "zjet" not in page


def test_truth_changes_nothing_but_its_own_section(
    tmp_path: Path, report: SearchReport, truth: dict[str, np.ndarray]
) -> None:
    report = replace(report, training_history=())
    without = _page(tmp_path, report)
    page = _page(tmp_path, replace(report, truth=truth))
    heading = "What it was (simulation truth, not used)"
    section = re.search(
        rf"<section><h2>{re.escape(heading)}</h2>.*?</section>", page, re.DOTALL
    )
    assert section is not None
    assert "Simulation truth, not used" in section.group()
    assert page.replace(section.group(), "") == without


def test_many_processes_are_put_together(tmp_path: Path, report: SearchReport) -> None:
    names = np.array([f"process {i % 30:02d}" for i in range(5001)])
    page = _page(tmp_path, replace(report, truth={SIGNAL_REGION: names}))
    assert page.count("<svg ") == 3


def test_blinded_shows_no_number_of_the_signal_region(
    tmp_path: Path, report: SearchReport, truth: dict[str, np.ndarray]
) -> None:
    blinded = replace(
        report,
        results={**report.results, "blinded": True, "signal_fraction": 0.02},
        cutflows={
            SIGNAL_REGION: [("all", 777_777, 777_777.0, 777_777.0)],
            CONTROL_REGION: report.cutflows[CONTROL_REGION],
        },
        truth=truth,
    )
    page = _page(tmp_path, blinded)
    text = _text(page)
    assert "Blinded: the signal region of these data stays closed" in text
    for secret in ("777,777", "214", "101.0", "6.3", "1.2e-10", "8.0", "107", "svj"):
        assert secret not in text
    assert "Training" not in text
    assert "The signal region is not shown." in text
    # What the signal region holds cannot even be read off the figure.
    other = np.zeros(5001)
    changed = replace(blinded, scores={**report.scores, SIGNAL_REGION: other})
    assert _page(tmp_path, changed) == page


def test_not_determined_needs_no_scores_and_no_matplotlib(
    tmp_path: Path, report: SearchReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    results = {
        "search": "monojet",
        "status": "not_determined",
        "reason": "no event passed the selection",
        "significance": None,
        "counts": None,
        "paper_formula": None,
    }
    bare = replace(
        report, results=results, scores={}, threshold=None, training_history=()
    )
    text = _text(_page(tmp_path, bare))
    assert "Not determined: no event passed the selection." in text
    assert "Cut flows" in text
    assert "Counts" not in text


def test_a_control_region_without_a_single_score(
    tmp_path: Path, report: SearchReport
) -> None:
    scores = {**report.scores, CONTROL_REGION: np.full(5, np.nan)}
    text = _text(_page(tmp_path, replace(report, scores=scores)))
    assert "No control jet could be scored." in text


def test_missing_matplotlib_is_one_sentence_and_no_half_a_page(
    tmp_path: Path, report: SearchReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"oddjet\[report\]"):
        write_report(tmp_path / "report.html", report)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_directory_is_the_users_to_make(
    tmp_path: Path, report: SearchReport
) -> None:
    with pytest.raises(UserError, match="no directory"):
        write_report(tmp_path / "nowhere" / "report.html", report)


def test_everything_from_outside_is_escaped(
    tmp_path: Path, report: SearchReport, truth: dict[str, np.ndarray]
) -> None:
    bad = "<script>alert('&')</script>"
    names = np.where(truth[SIGNAL_REGION] == "svj_monojet", bad, "zjet")
    page = _page(
        tmp_path,
        replace(
            report,
            title=bad,
            results={
                **report.results,
                "search": bad,
                "paper_formula": {"sigma": 1.0, "formula": bad},
            },
            cutflows={bad: [(bad, 1, 1.0, 1.0)]},
            truth={SIGNAL_REGION: names},
            config_yaml=bad,
            provenance={bad: bad},
        ),
    )
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_equal_content_gives_equal_bytes_without_dates_and_paths(
    tmp_path: Path, report: SearchReport, truth: dict[str, np.ndarray]
) -> None:
    shown = replace(report, truth=truth)
    pages = []
    for name in ("first", "second"):
        write_report(tmp_path / name, shown)
        pages.append((tmp_path / name).read_bytes())
    assert pages[0] == pages[1]
    assert b"\r" not in pages[0]
    assert re.findall(rb"\b20\d\d-\d\d", pages[0]) == []
    assert str(tmp_path).encode() not in pages[0]


_NEW_PROCESS = """
import sys
from pathlib import Path
import numpy as np
from oddjet.report.figures import loss_figure
print(loss_figure([[0.7, 0.69], [0.7, 0.68]]))
"""


def test_another_process_draws_the_same_bytes() -> None:
    drawn = [
        subprocess.run(
            [sys.executable, "-c", _NEW_PROCESS],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    ]
    assert drawn[0] == drawn[1]


def test_the_page_loads_nothing(
    tmp_path: Path, report: SearchReport, truth: dict[str, np.ndarray]
) -> None:
    page = _page(tmp_path, replace(report, truth=truth))
    assert "default-src 'none'" in page
    assert re.findall(r"<(?:script|link|img|iframe|object|embed|base)\b", page) == []
    assert "@import" not in page
    assert "src=" not in page
    urls = re.findall(r'\bhref="([^"]*)"', page)
    outside = [url for url in urls if not url.startswith("#")]
    # A link is followed by a click only.
    assert outside == ["https://arxiv.org/abs/2204.11889"]
    assert re.findall(r"url\((?!#)", page) == []
    # Names of vocabularies are no addresses, but the page has none of them either.
    assert re.findall(r"https?://(?!arxiv\.org)[^\"<\s]*", page) == []


def test_truth_of_another_length_is_refused(report: SearchReport) -> None:
    with pytest.raises(ValueError, match="truth of signal_region has 2 entries"):
        replace(report, truth={SIGNAL_REGION: np.array(["a", "b"])})
    with pytest.raises(ValueError, match="weights of control_region has 1 entries"):
        replace(report, weights={CONTROL_REGION: np.ones(1)})


def test_weights_reach_the_figure(tmp_path: Path, report: SearchReport) -> None:
    report = replace(report, training_history=())
    plain = _page(tmp_path, report)
    ones: dict[str, Any] = {name: np.ones(len(s)) for name, s in report.scores.items()}
    assert _page(tmp_path, replace(report, weights=ones)) == plain
    ones[SIGNAL_REGION] = np.linspace(0.1, 2.0, 5001)
    assert _page(tmp_path, replace(report, weights=ones)) != plain


def test_importing_the_room_loads_no_matplotlib() -> None:
    code = (
        "import sys, oddjet.report;"
        "assert not {'matplotlib', 'mplhep', 'hist', 'torch'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
