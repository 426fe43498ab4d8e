"""One page that leads to several reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oddjet.report.markup import Html, document, element
from oddjet.report.page import answer_card, page_style
from oddjet.report.wording import answer
from oddjet.runs.atomic import write_text_atomic

__all__ = ["IndexEntry", "write_index"]


@dataclass(frozen=True)
class IndexEntry:
    """One report on the index page.

    Attributes
    ----------
    title : str
        Heading of its card.
    results : mapping
        The content of its results.json.
    report : str
        Link to its page, relative to the index.
    description : str
        One or two sentences under the heading.
    files : mapping of label to str
        Further links, relative to the index.
    """

    title: str
    results: Mapping[str, Any]
    report: str
    description: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


def write_index(
    path: Path | str,
    entries: Sequence[IndexEntry],
    *,
    title: str = "oddjet",
    introduction: str = "",
) -> None:
    """Write a page with the answer of each search and links to the reports.

    Parameters
    ----------
    path : Path or str
        Where to write; the file appears complete or not at all.
    entries : sequence of IndexEntry
        One card each, in this order.
    title : str
        Heading of the page.
    introduction : str
        A sentence under it.

    Raises
    ------
    UserError
        The directory of `path` does not exist.
    """
    header = element(
        "header",
        element("h1", title),
        element("p", introduction, class_="facts"),
    )
    body = element("main", header, *(_card(entry) for entry in entries))
    write_text_atomic(path, document(title, page_style(), body))


def _card(entry: IndexEntry) -> Html:
    links = {"Report": entry.report, **entry.files}
    return element(
        "section",
        element("h2", element("a", entry.title, href=entry.report)),
        element("p", entry.description, class_="note"),
        answer_card(answer(entry.results)),
        element(
            "p",
            *(element("a", label, href=target) for label, target in links.items()),
            class_="links",
        ),
    )
