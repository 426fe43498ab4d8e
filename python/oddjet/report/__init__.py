"""The page that a search leaves behind, and its figures.

- ``search_report``: everything the page shows, as plain data
- ``wording``: the answer in one sentence
- ``numbers``: how numbers are rounded for people
- ``markup``: HTML that escapes by construction
- ``tables``: cut flows, counts and tests
- ``score_histogram``: what the score figure shows, as arrays
- ``figures``, ``figure_svg``: matplotlib, loaded when a figure is drawn
- ``page``, ``index``: one file each, without a single outside resource
"""

from __future__ import annotations

from oddjet.report.index import IndexEntry, write_index
from oddjet.report.page import write_report
from oddjet.report.search_report import SearchReport
from oddjet.report.wording import Answer, answer

__all__ = [
    "Answer",
    "IndexEntry",
    "SearchReport",
    "answer",
    "write_index",
    "write_report",
]
