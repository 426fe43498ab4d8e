"""The tables of the page: cut flows, counts and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from oddjet.report.markup import Html, element, fragment, table
from oddjet.report.numbers import (
    NOTHING,
    format_count,
    format_expectation,
    format_p_value,
    format_percent,
    format_sigma,
    format_weighted,
)
from oddjet.report.search_report import CutRow
from oddjet.report.wording import method_name

__all__ = [
    "counts_table",
    "cutflow_tables",
    "fold_table",
    "provenance_table",
    "region_name",
    "significance_table",
]


def region_name(region: str) -> str:
    """Write the name of a region for people.

    'signal_region' -> 'Signal region', 'control_region-zll' -> 'Control region zll'.
    """
    words = region.replace("_", " ").replace("-", " ", 1)
    return words[:1].upper() + words[1:]


def cutflow_tables(cutflows: Mapping[str, Sequence[CutRow]]) -> Html:
    """Put the cut flow of every region side by side."""
    tables = (_cutflow_table(region, rows) for region, rows in cutflows.items())
    return element("div", *tables, class_="columns")


def _cutflow_table(region: str, rows: Sequence[CutRow]) -> Html:
    """Efficiencies are those of the weighted numbers."""
    first = rows[0][2] if rows else 0.0
    steps = [NOTHING] + [
        format_percent(after[2], before[2]) for before, after in pairwise(rows)
    ]
    return table(
        ("Cut", "Events", "Weighted", "Step %", "Total %"),
        [
            (
                name,
                format_count(int(events)),
                format_weighted(sum_weights, sum_weights_squared),
                step,
                format_percent(sum_weights, first),
            )
            for step, (name, events, sum_weights, sum_weights_squared) in zip(
                steps, rows, strict=False
            )
        ],
        caption=region_name(region),
    )


def significance_table(results: Mapping[str, Any]) -> Html:
    """Put the exact test beside the paper's formula, each under its own name."""
    rows = []
    if results.get("significance"):
        rows.append(
            (
                f"{method_name(results)} (the answer)".capitalize(),
                format_sigma(float(results["significance"]["sigma"])),
                format_p_value(
                    results.get("p_value"), results.get("log10_p_value")
                ).removeprefix("= "),
                _describe_method(results),
            )
        )
    paper = results.get("paper_formula")
    if paper and paper.get("sigma") is not None:
        rows.append(
            (
                "Paper's formula (to compare)",
                format_sigma(float(paper["sigma"])),
                NOTHING,
                str(paper.get("formula", "")),
            )
        )
    return table(
        ("Test", "Sigma", "p-value", "What it is"),
        rows,
        caption="How significant",
        text_columns=(0, 3),
    )


def _describe_method(results: Mapping[str, Any]) -> str:
    if method_name(results) != "exact test":
        return str(results["significance"].get("method", ""))
    law = "negative binomial: thresholds from the control region, folds convolved"
    if results.get("scoring") == "in_sample":
        return f"{law}; not valid, because scores are those of the training jets"
    return f"{law}, one-sided"


def counts_table(results: Mapping[str, Any]) -> Html:
    """List what was counted, what was expected, and the difference."""
    counts = results.get("counts") or {}
    uncertainty = results.get("uncertainty") or {}
    rows = [
        _count_row("Observed above threshold", counts.get("n_sr")),
        _expected_row(counts.get("n_expected")),
        _excess_row(counts, uncertainty),
        _count_row("Signal-region jets", counts.get("n_sr_total")),
        _count_row("Control-region jets", counts.get("n_cr_total")),
        _number_row("Control-region efficiency", counts.get("cr_efficiency")),
        _number_row("Threshold (calibrated score)", counts.get("threshold")),
        _number_row(
            "Signal fraction (truth, not used)",
            results.get("signal_fraction"),
        ),
    ]
    present = [row for row in rows if row is not None]
    return table(("Quantity", "Value"), present, caption="What was counted")


def _count_row(name: str, count: int | None) -> tuple[str, str] | None:
    return None if count is None else (name, format_count(int(count)))


def _number_row(name: str, number: float | None) -> tuple[str, str] | None:
    return None if number is None else (name, f"{number:.4g}")


def _expected_row(expected: float | None) -> tuple[str, str] | None:
    if expected is None:
        return None
    return "Expected above threshold", format_expectation(float(expected))


def _excess_row(
    counts: Mapping[str, Any], uncertainty: Mapping[str, Any]
) -> tuple[str, str] | None:
    if counts.get("n_sr") is None or counts.get("n_expected") is None:
        return None
    text = format_expectation(float(counts["n_sr"]) - float(counts["n_expected"]))
    for source, short in (("statistical", "stat."), ("systematic", "syst.")):
        error = uncertainty.get(source)
        if error is not None:
            text += f" ± {format_expectation(float(error))} ({short})"
    return "Observed less expected", text


_FOLD_COLUMNS = {
    "fold": "Fold",
    "num_cr": "CR jets",
    "k": "k",
    "threshold": "Threshold",
    "num_sr": "SR jets",
    "expected": "Expected",
    "n_sr": "Observed",
}


def fold_table(
    folds: Sequence[Mapping[str, Any]], counts: Mapping[str, Any] | None = None
) -> Html:
    """One row a fold: where its threshold lies and what lies above it.

    Each fold's expectation is k N_SR / N_CR; the last row adds up what can be added
    and takes the total expectation from `counts`.
    """
    rows = [{**fold, **_fold_expectation(fold)} for fold in folds]
    columns = [name for name in _FOLD_COLUMNS if any(name in row for row in rows)]
    cells = [[_fold_cell(name, row.get(name)) for name in columns] for row in rows]
    totals = {
        name: sum(row.get(name, 0) for row in rows)
        for name in ("num_cr", "k", "num_sr", "n_sr")
    }
    expected = (counts or {}).get("n_expected")
    footer = {"fold": "all", **totals, "expected": expected}
    rows_of_folds = table(
        [_FOLD_COLUMNS[name] for name in columns],
        cells,
        caption="Fold by fold",
        footer=[_fold_cell(name, footer.get(name)) for name in columns],
    )
    note = "k: rank of the control jet that sets the threshold of its fold."
    if "expected" in columns:
        note += " Expected: k times SR jets / CR jets."
    return element("div", rows_of_folds, element("p", note, class_="note"))


def _fold_expectation(fold: Mapping[str, Any]) -> dict[str, float]:
    if any(fold.get(name) is None for name in ("k", "num_sr", "num_cr")):
        return {}
    if fold["num_cr"] == 0:
        return {}
    return {"expected": fold["k"] * fold["num_sr"] / fold["num_cr"]}


def _fold_cell(name: str, value: Any) -> str:
    if value is None:
        return NOTHING if name in {"expected", "n_sr"} else ""
    if name == "fold":
        return str(value)
    if name == "threshold":
        return f"{value:.3f}"
    return format_expectation(value) if name == "expected" else format_count(int(value))


def provenance_table(provenance: Mapping[str, Any]) -> Html:
    """Name the versions and the machine behind the numbers, in alphabetical order."""
    rows = [(name, str(value)) for name, value in _flat(provenance)]
    return (
        table(("What", "Value"), rows, caption="Made with", text_columns=(0, 1))
        if rows
        else fragment()
    )


def _flat(mapping: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    entries: list[tuple[str, Any]] = []
    for key, value in sorted(mapping.items()):
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            entries += _flat(value, prefix=f"{name}: ")
        else:
            entries.append((name, value))
    return entries
