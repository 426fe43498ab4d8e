"""The page that a study leaves behind, in the style of a search's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from oddjet.report.markup import Html, document, element
from oddjet.report.page import answer_card, page_style
from oddjet.report.wording import Answer
from oddjet.runs.atomic import write_text_atomic

__all__ = ["StudyReport", "StudySection", "figure", "write_study_report"]


@dataclass(frozen=True)
class StudySection:
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
class StudyReport:
    """Everything that the page of a study shows.

    Attributes
    ----------
    title : str
        Heading of the page.
    introduction : str
        A sentence or two under it.
    answers : sequence of Answer
        One card each.
    sections : sequence of StudySection
    config_yaml : str
        The configuration.
    """

    title: str
    introduction: str
    answers: Sequence[Answer]
    sections: Sequence[StudySection]
    config_yaml: str = ""


def write_study_report(path: Path | str, report: StudyReport) -> None:
    """Write the report of a study as one self-contained HTML page.

    Equal content gives equal bytes.

    Parameters
    ----------
    path : Path or str
        Where to write; the file appears complete or not at all.
    report : StudyReport
        What to show.

    Raises
    ------
    UserError
        The directory of `path` does not exist.
    """
    header = element(
        "header",
        element("h1", report.title),
        element("p", report.introduction, class_="facts"),
        *(answer_card(found) for found in report.answers),
    )
    sections = [_section(section) for section in report.sections]
    if report.config_yaml:
        code = element("pre", element("code", report.config_yaml))
        details = element("details", element("summary", "Configuration"), code)
        sections.append(_section(StudySection("How it was made", [details])))
    body = element("main", header, *sections)
    write_text_atomic(path, document(f"{report.title} · oddjet", page_style(), body))


def figure(svg: Html, caption: str) -> Html:
    """Put a caption under a figure."""
    return element("figure", svg, element("figcaption", caption))


def _section(section: StudySection) -> Html:
    content = [
        part if isinstance(part, Html) else element("p", part)
        for part in section.content
    ]
    return element("section", element("h2", section.title), *content)
