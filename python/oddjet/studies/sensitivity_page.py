"""The page of a sensitivity curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oddjet.report.markup import Html, table
from oddjet.report.page import Page, Section, figure
from oddjet.report.study_figures import sensitivity_figure
from oddjet.report.wording import Answer
from oddjet.runs.config import dump_yaml
from oddjet.studies.pages import row_sections

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from oddjet.studies.sensitivity_config import SensitivityConfig

__all__ = ["sensitivity_report"]


def sensitivity_report(
    found: Mapping[str, Any], stages: Sequence[Path], study: SensitivityConfig
) -> Page:
    """Compose the page of a sensitivity curve; arguments as for `table_report`."""
    curve = found["sensitivity"]["curve"]
    smallest = found["sensitivity"]["smallest"]
    sections = []
    if curve:
        columns = {name: [point[name] for point in curve] for name in curve[0]}
        svg = sensitivity_figure(
            columns["injected"],
            columns["median"],
            columns["low"],
            columns["high"],
            study.levels,
        )
        caption = (
            f"Searches of {study.n_sr:,} events of the signal region with rising"
            f" signal, {study.repeats} draws and trainings of each; not determined:"
            f" {found['sensitivity']['not_determined']}."
        )
        sections.append(
            Section("Sensitivity", [figure(svg, caption), _level_table(smallest)])
        )
    rows = row_sections(found["rows"], stages, study, study.rows)
    return Page(
        title="Sensitivity of a mono-jet search",
        introduction="The smallest signal that the search would find, by injection.",
        answers=[_sensitivity_answer(smallest, study)],
        sections=[*sections, *rows],
        config_yaml=dump_yaml(study),
    )


def _level_table(smallest: Mapping[str, Any]) -> Html:
    lines = [
        (f"{level} sigma", "not reached", "")
        if found is None
        else (
            f"{level} sigma",
            f"{found['signal']:,.0f}",
            f"{found['low']:,.0f} to {found['high']:,.0f}",
        )
        for level, found in smallest.items()
    ]
    caption = "Smallest signal whose median significance reaches a level"
    return table(
        ("Level", "N A", "68 % (bootstrap over repeats)"), lines, caption=caption
    )


def _sensitivity_answer(
    smallest: Mapping[str, Any], study: SensitivityConfig
) -> Answer:
    highest = f"{max(study.levels):g}"
    found = smallest[highest]
    if found is None:
        sentence = (
            f"{highest} sigma are not reached with {study.injected[-1]:,} signal events"
            f" among {study.n_sr:,}."
        )
        return Answer("mild", "not reached", sentence)
    share = 100 * found["signal"] / study.n_sr
    sentence = (
        f"{highest} sigma with {found['signal']:,.0f} signal events among"
        f" {study.n_sr:,} ({share:.2g} %), in the median of {study.repeats} repeats."
    )
    return Answer("compatible", f"{found['signal']:,.0f} events", sentence)
