"""The page of a study of mixtures: tables and figures as in the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.report.figures import loss_figure
from oddjet.report.markup import Html, table
from oddjet.report.numbers import format_expectation, format_sigma
from oddjet.report.page import Page, Section, figure
from oddjet.report.study_figures import (
    class_score_figure,
    comparison_figure,
)
from oddjet.runs.config import dump_yaml
from oddjet.studies.jets import read_jets
from oddjet.studies.rows import JETS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from oddjet.studies.config import MixturesConfig, RowConfig, StudyConfig
    from oddjet.studies.jets import ScoredJets

__all__ = ["mean_curve", "row_sections", "table_report"]

Row = dict[str, Any]

#: Figures beyond so many would make a page that no browser likes.
MOST_FIGURES = 12
_SIGNAL = "signal"
NO_BREAK_HYPHEN, NO_BREAK_SPACE = "\N{NON-BREAKING HYPHEN}", "\N{NO-BREAK SPACE}"


def table_report(
    found: Mapping[str, Any],
    stages: Sequence[Path],
    study: StudyConfig,
) -> Page:
    """Compose the page of a study of mixtures.

    Parameters
    ----------
    found : mapping
        The content of study.json.
    stages : sequence of Path
        Of each row and repeat, in the order of ``found["rows"]``.
    study : StudyConfig

    Returns
    -------
    Page
    """
    return Page(
        title="Mono-jet mixtures",
        introduction=(
            "Searches of mixtures whose composition is known, with the columns and"
            " figures of Finke, Krämer, Lipp, Mück, arXiv:2204.11889. Processes are"
            " simulation truth, which no search has seen."
        ),
        answers=[],
        sections=row_sections(found["rows"], stages, study, study.rows),
        config_yaml=dump_yaml(study),
    )


def row_sections(
    found: Sequence[Row],
    stages: Sequence[Path],
    study: MixturesConfig,
    rows: Sequence[RowConfig],
) -> list[Section]:
    """Give the sections that every study of mixtures has: tables, scores, jets."""
    by_name = {row.name: [r for r in found if r["name"] == row.name] for row in rows}
    first = {r["name"]: path for r, path in zip(found, stages, strict=True)
             if r["repeat"] == 0}  # fmt: skip
    sections = [
        Section("Selected events", [_signal_table(by_name, rows)]),
    ]
    if any(row.r_sr or row.r_cr for row in rows):
        tables = [_composition_table(by_name, rows, study.rest)]
        sections.append(Section("Selected events by process", tables))
    order = [study.rest, *(name for name in study.background if name != study.rest)]
    sections.append(_score_section(first, by_name, [*order, _SIGNAL]))
    sections += _selected_section(first, by_name)
    sections.append(_training_section(by_name))
    return sections


def _signal_table(by_name: Mapping[str, list[Row]], rows: Sequence[RowConfig]) -> Html:
    """Lay out Tables 1-3: sizes, fraction, expected and selected events."""
    head = ["Row", "N SR", "f SR", "n exp", "n SR", "n A", "n B", "Paper's", "Exact"]
    permuted = any(row.permutations for row in rows)
    head += ["Permuted"] * permuted
    lines = []
    for row in rows:
        repeats = by_name[row.name]
        anomalous = [r["selected_sr"].get(_SIGNAL, 0) for r in repeats]
        every = [sum(r["selected_sr"].values()) for r in repeats]
        others = [n - n_a for n, n_a in zip(every, anomalous, strict=True)]
        line = [
            _unbroken(row.name) + _times(len(repeats)),
            f"{row.n_sr:,}",
            f"{100 * row.f_sr:.3g} %",
            _number(_mean(r["n_expected"] for r in repeats)),
            _number(_mean(r["n_sr"] for r in repeats)),
            _number(_mean(anomalous)),
            _number(_mean(others)),
            _spread([r["paper_sigma"] for r in repeats]),
            _spread([r["sigma"] for r in repeats]),
        ]
        lines.append(line + [_p_values(repeats)] * permuted)
    caption = (
        "As Tables 1-3: A is the signal, B all background; (n SR - n exp) /"
        " sqrt(2 n exp) and the exact test [sigma]; means over repeats, ± their spread"
    )
    if permuted:
        caption += (
            ". Permuted: p-value of each repeat among networks trained anew on permuted"
            " labels of the same events"
        )
    return table(head, lines, caption=caption)


def _composition_table(
    by_name: Mapping[str, list[Row]], rows: Sequence[RowConfig], rest: str
) -> Html:
    """Lay out Tables 4 and 5: composition of the control region, then counts."""
    varied = sorted({name for row in rows for name in (*row.r_sr, *row.r_cr)})
    counted = [rest, *varied]
    with_signal = any(row.f_sr > 0 for row in rows)
    in_sr = [_SIGNAL, *counted] if with_signal else counted
    head = ["Row", *(f"CR: r {name}" for name in varied)]
    head += [f"CR: n {name}" for name in counted] + [f"SR: n {name}" for name in in_sr]
    head += ["n SR", "Exact"]
    lines = []
    for row in rows:
        repeats = by_name[row.name]
        line = [
            _unbroken(row.name),
            *(f"{100 * row.r_cr.get(name, 0):g} %" for name in varied),
        ]
        for part, names in (("selected_cr", counted), ("selected_sr", in_sr)):
            line += [
                _number(_mean(r[part].get(name, 0) for r in repeats)) for name in names
            ]
        line += [
            _number(_mean(r["n_sr"] for r in repeats)),
            _spread([r["sigma"] for r in repeats]),
        ]
        lines.append(line)
    caption = "As Tables 4 and 5: selected events of each process in either region"
    return table(head, lines, caption=caption)


def _score_section(
    first: Mapping[str, Path],
    by_name: Mapping[str, list[Row]],
    processes: Sequence[str],
) -> Section:
    content: list[str] = []
    for name, stage in list(first.items())[:MOST_FIGURES]:
        svg = _class_figure(name, read_jets(stage / JETS), by_name[name][0], processes)
        content.append(figure(svg, f"Row {name}, first repeat, as in Figs. 1-3."))
    if len(first) > MOST_FIGURES:
        content.append(f"Further rows ({len(first) - MOST_FIGURES}) are not drawn.")
    return Section("Scores by simulated process", content)


def _class_figure(
    name: str, jets: ScoredJets, row: Row, processes: Sequence[str]
) -> Html:
    scored = np.isfinite(jets.score)
    signal = jets.in_signal_region & scored
    names = [n for n in processes if (jets.process[signal] == n).any()]
    return class_score_figure(
        name,
        {n: jets.score[signal & (jets.process == n)] for n in names},
        jets.score[~jets.in_signal_region & scored],
        rest=processes[0],
        thresholds=row["thresholds"],
    )


def _selected_section(
    first: Mapping[str, Path], by_name: Mapping[str, list[Row]]
) -> list[Section]:
    """Show the selected jets of the row that has most to show."""
    known = {n: r[0]["sigma"] for n, r in by_name.items() if r[0]["sigma"] is not None}
    if not known:
        return []
    name = max(known, key=lambda n: known[n])
    jets = read_jets(first[name] / JETS)
    signal = jets.in_signal_region & np.isfinite(jets.score)
    chosen, others = signal & jets.selected, signal & ~jets.selected
    if not (chosen.any() and others.any()):
        return []
    svg = comparison_figure(
        name,
        {key: column[chosen] for key, column in jets.observables.items()},
        {key: column[others] for key, column in jets.observables.items()},
    )
    caption = (
        f"Row {name}, first repeat: the {np.count_nonzero(chosen):,} jets of the signal"
        f" region above the thresholds, and its {np.count_nonzero(others):,} others,"
        " both of area 1. z: constituent pT over jet pT; of the constituents that the"
        " network sees."
    )
    return [Section("Selected and rejected jets", [figure(svg, caption)])]


def _training_section(by_name: Mapping[str, list[Row]]) -> Section:
    names = list(by_name)[:MOST_FIGURES]
    curves = [mean_curve(by_name[name][0]["losses"]) for name in names]
    caption = (
        "Mean training loss of the networks of each row, first repeat. A loss that"
        " stays at ln 2 means that there was nothing to tell the regions apart."
    )
    return Section("Training", [figure(loss_figure(curves, names), caption)])


def mean_curve(losses: Sequence[Sequence[float]]) -> list[float]:
    """Average the losses of networks by epoch, as far as each has come."""
    longest = max(map(len, losses))
    return [
        float(np.mean([loss[epoch] for loss in losses if epoch < len(loss)]))
        for epoch in range(longest)
    ]


def _p_values(repeats: Sequence[Row]) -> str:
    found = [row["permutation"] for row in repeats if row.get("permutation")]
    return ", ".join(f"{permutation['p_value']:.3g}" for permutation in found)


def _unbroken(name: str) -> str:
    return name.replace("-", NO_BREAK_HYPHEN)


def _times(repeats: int) -> str:
    return f"{NO_BREAK_SPACE}(x{repeats})" if repeats > 1 else ""


def _mean(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value == round(value) else format_expectation(value)


def _spread(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "not determined"
    text = format_sigma(float(np.mean(known)))
    width = f" ± {np.std(known, ddof=1):.1f}" if len(known) > 1 else ""
    return f"{text}{width}"
