"""The results of injected signals: what is found of them, and what they exclude."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from oddjet.searches.dijet_injections import POINT
from oddjet.searches.dijet_results import significance_of
from oddjet.stats.limits import UpperLimit, limit_from_scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oddjet.campaigns.campaign import Outcome
    from oddjet.searches.dijet_config import DijetConfig, InjectionConfig
    from oddjet.searches.dijet_injections import Injection

__all__ = ["injection_results"]

Done = tuple["Injection", "Outcome", "Outcome"]
# Where background alone fluctuates by so many sigma.
_BANDS = (-2, -1, 0, 1, 2)


def injection_results(
    config: DijetConfig, done: Sequence[Done]
) -> list[dict[str, Any]]:
    """Put the injections of each signal and spectrum together.

    Parameters
    ----------
    config : DijetConfig
    done : sequence of (Injection, Outcome, Outcome)
        The outcomes of its hunt and of its point of the CLs curve.

    Returns
    -------
    list of dict
        An entry for each signal, feature set, template and efficiency: `points` of the
        CLs curve, `discovery`, and the `limit` in events and, where it is known how
        many a picobarn gives, in picobarn; None with a `reason` where a curve gives
        none.
    """
    curves: dict[tuple[Any, ...], list[Done]] = {}
    for one in done:
        injection = one[0]
        curves.setdefault((injection.signal, *injection.injected.kind), []).append(one)
    return [
        _curve(config.injections[str(key[0])], injections)
        for key, injections in curves.items()
    ]


def _curve(wanted: InjectionConfig, done: Sequence[Done]) -> dict[str, Any]:
    first = done[0][0]
    window = first.nominal.window
    points = [_point(*one) for one in done if not one[0].is_discovery]
    found: dict[str, Any] = {
        "signal": first.signal,
        "features": first.nominal.features,
        "template": first.nominal.template,
        "efficiency": first.nominal.efficiency,
        "low_gev": window.low_gev,
        "high_gev": window.high_gev,
        "points": points,
        "discovery": next((_point(*one) for one in done if one[0].is_discovery), None),
    }
    if points:
        found["limit"] = _limits(wanted, points)
    return found


def _point(injection: Injection, hunted: Outcome, tested: Outcome) -> dict[str, Any]:
    point: dict[str, Any] = {
        "events": injection.events,
        "significance": significance_of(hunted),
        "hunt_reason": hunted.reason,
        "reason": tested.reason,
        "cls": None,
    }
    if tested.reason is None:
        point |= json.loads((tested.place / POINT).read_text("utf-8"))
    return point


def _limits(
    wanted: InjectionConfig, points: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Find where the curve, which starts at CLs = 1 without a signal, falls to 5 %."""
    good = [point for point in points if point["cls"] is not None]
    events = [0.0, *(float(point["events"]) for point in good)]

    def crossing(values: Sequence[float]) -> UpperLimit:
        return limit_from_scan(events, [1.0, *values], slack=wanted.slack)

    observed = crossing([point["cls"] for point in good])
    expected = [
        crossing([point["cls_expected"][band] for point in good]).value
        for band, _ in enumerate(_BANDS)
    ]
    per_pb = wanted.events_per_pb
    reason = observed.reason
    if reason is not None and len(good) < len(points):
        failed = next(point for point in points if point["cls"] is None)
        reason = f"{reason}; of {failed['events']} events: {failed['reason']}"
    return {
        "events": observed.value,
        "reason": reason,
        "expected_events": expected,
        "cross_section_pb": observed.value / per_pb
        if observed.value is not None and per_pb is not None
        else None,
    }
