"""The page that a search or a study leaves behind: one file that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from oddjet.report.markup import Html, document, element
from oddjet.report.tables import provenance_table
from oddjet.report.wording import Answer
from oddjet.runs.atomic import write_text_atomic

__all__ = ["Page", "Section", "answer_card", "figure", "page_style", "write_page"]


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes
    ----------
    title : str
    content : sequence of str
        Paragraphs as text; tables and figures as `Html`.
    """

    title: str
    content: Sequence[str]


@dataclass(frozen=True)
class Page:
    """Everything that a page shows.

    Attributes
    ----------
    title : str
        Heading of the page.
    introduction : str
        A sentence or two under it.
    answers : sequence of Answer
        One card each.
    sections : sequence of Section
    config_yaml : str
        The configuration.
    provenance : mapping
        Versions and processor.
    """

    title: str
    introduction: str
    answers: Sequence[Answer]
    sections: Sequence[Section]
    config_yaml: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)


def write_page(path: Path | str, page: Page) -> None:
    """Write one self-contained HTML file.

    Equal content gives equal bytes.

    Parameters
    ----------
    path : Path or str
        Where to write; the file appears complete or not at all.
    page : Page
        What to show.

    Raises
    ------
    UserError
        The directory of `path` does not exist.
    """
    header = element(
        "header",
        element("h1", page.title),
        element("p", page.introduction, class_="facts"),
        *(answer_card(found) for found in page.answers),
    )
    sections = [_section(each) for each in (*page.sections, *_how_it_was_made(page))]
    body = element("main", header, *sections)
    write_text_atomic(path, document(f"{page.title} · oddjet", page_style(), body))


def figure(svg: Html, caption: str) -> Html:
    """Put a caption under a figure."""
    return element("figure", svg, element("figcaption", caption))


def answer_card(found: Answer) -> Html:
    """Show the significance and what it means."""
    return element(
        "div",
        element("p", found.headline, class_="headline"),
        element("p", *_unbroken(found.sentence), class_="sentence"),
        class_=f"answer {found.kind}",
    )


def page_style() -> str:
    """Read the style sheet that every page carries."""
    return (files("oddjet.report") / "style.css").read_text(encoding="utf-8")


def _unbroken(sentence: str) -> list[str]:
    """Keep lines from breaking within 'p = 0.1', '3.0 sigma' and '--option'."""
    sentence = re.sub(
        r"(?<=\bp) ([=>]) ", "\N{NO-BREAK SPACE}\\1\N{NO-BREAK SPACE}", sentence
    )
    sentence = sentence.replace(" sigma", "\N{NO-BREAK SPACE}sigma")
    words = re.split(r"(--\w+)", sentence)
    return [element("code", word) if word.startswith("--") else word for word in words]


def _section(section: Section) -> Html:
    content = [
        part if isinstance(part, Html) else element("p", part)
        for part in section.content
    ]
    return element("section", element("h2", section.title), *content)


def _how_it_was_made(page: Page) -> list[Section]:
    parts = []
    if page.config_yaml:
        code = element("pre", element("code", page.config_yaml))
        parts.append(_details("Configuration", code))
    if page.provenance:
        parts.append(_details("Provenance", provenance_table(page.provenance)))
    return [Section("How it was made", parts)] if parts else []


def _details(summary: str, content: Html) -> Html:
    return element("details", element("summary", summary), content)
