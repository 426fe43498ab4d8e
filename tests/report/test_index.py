from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from oddjet.report import IndexEntry, write_index


def test_every_search_has_its_answer_and_its_links(
    tmp_path: Path, results: dict[str, Any]
) -> None:
    null = {**results, "is_null_test": True, "significance": {"sigma": -0.3}}
    entries = [
        IndexEntry(
            "Injected",
            results,
            "injected/report.html",
            description="A signal & more.",
            files={"Model": "injected/model.onnx"},
        ),
        IndexEntry("Null", {**null, "p_value": 0.62}, "null/report.html"),
    ]
    path = tmp_path / "index.html"
    write_index(path, entries, title="Demo", introduction="Two searches.")
    page = path.read_text(encoding="utf-8")
    assert re.findall(r'href="([^"]*)"', page) == [
        "injected/report.html",
        "injected/report.html",
        "injected/model.onnx",
        "null/report.html",
        "null/report.html",
    ]
    assert 'class="answer excess"' in page
    assert 'class="answer compatible"' in page
    assert "A signal &amp; more." in page
    assert page.count("6.3") == 2
    assert "<script" not in page
    write_index(path, entries, title="Demo", introduction="Two searches.")
    assert path.read_text(encoding="utf-8") == page
