"""The page that a search leaves behind, and its figures.

- ``page``: what every page is, one file without a single outside resource; ``index``
- ``monojet_page``, ``dijet_page``, ``svj_page``: the sections of each search
- ``search_report``: everything the page of a mono-jet search shows, as plain data
- ``wording``, ``dijet_wording``: the answer in one sentence
- ``numbers``: how numbers are rounded for people
- ``markup``: HTML that escapes by construction
- ``tables``: cut flows, counts and tests
- ``score_histogram``: what the score figure shows, as arrays
- ``figures``, ``figure_svg``: matplotlib, loaded when a figure is drawn
"""

from __future__ import annotations

from oddjet.report.index import IndexEntry, write_index
from oddjet.report.monojet_page import write_report
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
