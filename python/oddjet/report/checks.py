"""What an analyst must defend: systematic uncertainty, low scores, other thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oddjet.report.markup import Html, element, fragment, table
from oddjet.report.numbers import (
    MINUS,
    NOTHING,
    format_count,
    format_expectation,
    format_p_value,
    format_sigma,
)

__all__ = ["checks_tables"]


def checks_tables(results: Mapping[str, Any]) -> Html:
    """Show the cross-checks that results.json holds; nothing if it holds none."""
    tables = [
        make(results[key], results)
        for key, make in (
            ("mismodelling", _mismodelling),
            ("transfer", _transfer),
            ("low_tail", _low_tail),
            ("scan", _scan),
        )
        if results.get(key)
    ]
    if not tables:
        return fragment()
    return element("div", *tables, class_="columns")


def _mismodelling(found: Mapping[str, Any], results: Mapping[str, Any]) -> Html:
    rows = [("explains all of it", _relative(found["explains"]))]
    if found.get("hides") is not None:
        left = f"leaves {found['sigma']:g} sigma"
        rows.append((left, _relative(found["hides"])))
    if found.get("uncertainty") is not None:
        unknown = f"an uncertainty that leaves {found['sigma']:g} sigma"
        rows.append((unknown, f"{100 * found['uncertainty']:.3g} %"))
    uncertainty = results.get("uncertainty") or {}
    if uncertainty.get("systematic") is not None:
        parts = ("statistical", "systematic")
        rows += [
            (f"{part} uncertainty [jets]", format_expectation(uncertainty[part]))
            for part in parts
        ]
    if results.get("statistical_only"):
        sigma = format_sigma(results["statistical_only"]["sigma"])
        rows.append(("significance, statistical only", sigma))
    return table(
        ("Background passes more often by", "In the signal region"),
        rows,
        caption="The mismodelling that would explain this",
    )


def _transfer(found: Mapping[str, Any], _: Mapping[str, Any]) -> Html:
    """Break the uncertainty of the transfer down, source by source."""
    parts = [("given", "given"), ("composition", "of the composition")]
    budget = table(
        ("Uncertainty of the pass rate", "Relative"),
        [(words, f"{100 * found[name]:.3g} %") for name, words in parts if found[name]],
        caption="From the control to the signal region",
        footer=("in quadrature", f"{100 * found['total']:.3g} %"),
    )
    sources = found.get("sources")
    if not sources:
        return budget
    rows = [
        (
            name,
            f"{100 * row['share']:.4g} %",
            format_count(row["num_events"]),
            f"{row['efficiency']:.2g}",
            _relative(row["shift"]) if row["shift"] else NOTHING,
            NOTHING if row["explains"] is None else _relative(row["explains"]),
        )
        for name, row in sources.items()
    ]
    known = f"{100 * found['relative_uncertainty']:g} %"
    mixture = table(
        ("Control region", "Share", "Jets", "Efficiency", "Shift", "Explains at"),
        rows,
        caption="What the control region is made of",
    )
    note = element(
        "p",
        f"Shift: change of the pass rate if the share is larger by {known}, at the cost"
        " of the others. Explains at: change of the share alone that gives the whole"
        " excess. The largest share fills up and is not varied.",
        class_="note",
    )
    return fragment(budget, element("div", mixture, note))


def _low_tail(found: Mapping[str, Any], _: Mapping[str, Any]) -> Html:
    rows = [
        ("Observed below", format_count(round(found["n_sr"]))),
        ("Expected below", format_expectation(found["n_expected"])),
        ("Sigma", format_sigma(found["sigma"])),
    ]
    return table(
        ("Quantity", "Value"), rows, caption="Lowest scores (nothing should be here)"
    )


def _scan(found: Mapping[str, Any], _: Mapping[str, Any]) -> Html:
    rows = [
        (
            f"{point['efficiency']:g}",
            *(
                (NOTHING,) * 3
                if point["significance"] is None
                else (
                    format_count(round(point["n_sr"])),
                    format_expectation(point["n_expected"]),
                    format_sigma(point["significance"]),
                )
            ),
        )
        for point in found["points"]
    ]
    global_p = format_p_value(found["global_p_value"]).removeprefix("= ")
    experiments = format_count(found["pseudo_experiments"])
    caption = (
        f"Other thresholds: best at {found['best_efficiency']:g}, global p {global_p}"
        f" ({format_sigma(found['global_sigma'])} sigma) of {experiments}"
        " pseudo-experiments"
    )
    return table(("Efficiency", "Observed", "Expected", "Sigma"), rows, caption=caption)


def _relative(value: float) -> str:
    return f"{100 * value:+.3g} %".replace("-", MINUS)
