"""Closure on the page of a search for semi-visible jets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oddjet.report.abcd_figures import process_closure_figure
from oddjet.report.markup import Html, table
from oddjet.report.numbers import NOTHING, format_expectation
from oddjet.report.page import figure
from oddjet.stats.abcd import Closure, Prediction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["closure_content", "data_content"]

_REGION = {
    "pass_pass": "pass both",
    "pass_fail": "pass X, fail Y",
    "fail_pass": "fail X, pass Y",
    "fail_fail": "fail both",
}
_HEADS = ("Events", "Pass both", "Predicted", "Non-closure", "Pull")


def closure_content(results: Mapping[str, Any]) -> list[Html | str]:
    """Show the closure of simulation in both planes, process by process."""
    planes = results["planes"]
    if planes is None:
        return ["Not tested: there is no working point to test it at."]
    content: list[Html | str] = []
    for plane, each in planes.items():
        closures = {
            name: Closure(**(found | {"prediction": Prediction(**found["prediction"])}))
            for name, found in each["closures"].items()
        }
        content += [
            table(
                _HEADS,
                [_closure_row(name, found) for name, found in closures.items()],
                caption=f"{plane}: simulation that neither training nor scan has seen",
            ),
            _probability(plane, each["binned"]),
            f"Worth, in simulated events of equal weight, of the regions of {plane}: "
            + "; ".join(
                f"{_REGION[name]} {count:,.0f}"
                for name, count in each["effective_events"].items()
            )
            + ".",
            figure(
                process_closure_figure(closures, name=f"process-closure-{plane}"),
                f"{plane}: a sum may close although its processes do not; then their"
                " cross sections are an uncertainty of the method.",
            ),
            _bin_table(results["mass_edges_gev"], each["binned"]["bins"],
                       f"{plane}: bin by bin"),
        ]  # fmt: skip
    return content


def data_content(results: Mapping[str, Any]) -> list[Html | str]:
    """Show what was counted in the data, in the planes that are open."""
    content: list[Html | str] = []
    if results["blinded"]:
        content.append(
            "Only the validation plane has been looked at. The signal plane stays"
            " closed until the search is run with --unblind."
        )
    for plane, each in results["data"].items():
        content += [
            f"{each['events']:,} events in {plane}.",
            _bin_table(results["mass_edges_gev"], each["binned"]["bins"],
                       f"{plane}: data, bin by bin"),
            _probability(plane, each["binned"]),
        ]  # fmt: skip
    return content


def _probability(plane: str, binned: Mapping[str, Any]) -> str:
    if binned["status"] != "ok":
        return f"{plane}: no chi2 of all bins, because {binned['reason']}."
    return (
        f"{plane}: chi2 = {binned['chi_square']:.1f} for"
        f" {binned['degrees_of_freedom']} bins, p = {binned['p_value']:.2g}."
    )


def _closure_row(name: str, closure: Closure) -> tuple[str, ...]:
    return (name, *_numbers(vars(closure) | {"prediction": vars(closure.prediction)}))


def _bin_table(
    edges: Sequence[float], bins: Sequence[Mapping[str, Any]], caption: str
) -> Html:
    rows = [
        (f"{low:g} to {high:g}", *_numbers(found))
        for low, high, found in zip(edges[:-1], edges[1:], bins, strict=True)
    ]
    return table(("M_T [GeV]", *_HEADS[1:]), rows, caption=caption)


def _numbers(found: Mapping[str, Any]) -> tuple[str, ...]:
    """Give found, predicted, non-closure and pull; dashes where there are none."""
    prediction = found["prediction"]
    missed, pull = NOTHING, NOTHING
    if found["non_closure"] is not None:
        value, error = (100 * found[f"non_closure{end}"] for end in ("", "_error"))
        missed = f"{value:+.1f} ± {error:.1f} %"
        pull = f"{found['pull']:+.1f}"
    return (
        _measured(found["observed"], found["observed_error"]),
        _measured(prediction["predicted"], prediction["error"]),
        missed,
        pull,
    )


def _measured(value: float | None, error: float | None) -> str:
    if value is None or error is None:
        return NOTHING
    return f"{format_expectation(value)} ± {format_expectation(error)}"
