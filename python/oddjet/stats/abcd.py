"""The ABCD method: a background predicted from three regions of two variables.

Two cuts, on X and on Y, make four regions. If X and Y are independent for the
background, what passes both is

    n(pass, pass) = n(pass, fail) n(fail, pass) / n(fail, fail).

Papers name these regions differently (2007.14400: A is the signal region; the talk
of J. Janik et al.: B), so regions are named here by pass and fail, X before Y.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from oddjet.stats.region_yields import FourRegions, RegionYields

if TYPE_CHECKING:
    from collections.abc import Mapping


__all__ = [
    "Closure",
    "Prediction",
    "closure_test",
    "closure_tests_of_processes",
    "non_closure",
    "predict",
    "predicted_yield",
    "signal_contamination",
    "symmetric_closure",
]

Status = Literal["ok", "not_determined"]


@dataclass(frozen=True)
class Prediction:
    """What three control regions predict for the signal region.

    Attributes
    ----------
    status, reason
        "ok", or "not_determined" and the reason as a sentence; then the others are
        None.
    predicted, error : float
        And its statistical standard deviation, from the three control regions.
    """

    status: Status
    reason: str | None = None
    predicted: float | None = None
    error: float | None = None


@dataclass(frozen=True)
class Closure:
    """A prediction beside what was found.

    Attributes
    ----------
    status, reason
        "ok", or "not_determined" and the reason as a sentence.
    prediction : Prediction
        May be determined where the comparison is not.
    observed, observed_error : float
        In the signal region.
    non_closure : float
        predicted / observed - 1.
    non_closure_error : float
        Its statistical standard deviation.
    pull : float
        (predicted - observed) / sqrt(error^2 + observed_error^2).
    symmetric : float
        See `symmetric_closure`.
    """

    status: Status
    prediction: Prediction
    reason: str | None = None
    observed: float | None = None
    observed_error: float | None = None
    non_closure: float | None = None
    non_closure_error: float | None = None
    pull: float | None = None
    symmetric: float | None = None


def predicted_yield(n: FourRegions[Any]) -> Any:
    """Predict the signal region: n(pass, fail) n(fail, pass) / n(fail, fail).

    Parameters
    ----------
    n : FourRegions
        Numbers, arrays or tensors; `pass_pass` is not looked at.

    Returns
    -------
    of the type of the yields

    Examples
    --------
    The yields of the talk's signal plane, where 62,135 are found:

    >>> round(predicted_yield(FourRegions(62135, 130585, 226397, 486353)))
    60787
    """
    return n.pass_fail * n.fail_pass / n.fail_fail


def non_closure(n: FourRegions[Any]) -> Any:
    """Compare with what is found: predicted / n(pass, pass) - 1.

    Parameters
    ----------
    n : FourRegions
        Numbers, arrays or tensors.

    Returns
    -------
    of the type of the yields

    References
    ----------
    J. Janik et al., talk, 12 Jan 2026, the formulas of its working points.

    Examples
    --------
    >>> round(non_closure(FourRegions(62135, 130585, 226397, 486353)), 4)
    -0.0217
    """
    return predicted_yield(n) / n.pass_pass - 1


def symmetric_closure(n: FourRegions[Any]) -> Any:
    """Measure non-closure between 0 and 1, in all regions alike.

    |ad - bc| / (ad + bc) with ad = n(pass, fail) n(fail, pass) and
    bc = n(pass, pass) n(fail, fail); a prediction off by a factor 1 + d gives
    |d| / (2 + d).

    Parameters
    ----------
    n : FourRegions
        Numbers, arrays or tensors, of which the denominator is not zero.

    Returns
    -------
    of the type of the yields

    References
    ----------
    J. Janik et al., talk, 12 Jan 2026, "Loss details (iii)".

    Examples
    --------
    >>> symmetric_closure(FourRegions(1.0, 3.0, 1.0, 1.0))
    0.5
    """
    crossed = n.pass_fail * n.fail_pass
    straight = n.pass_pass * n.fail_fail
    return abs(crossed - straight) / (crossed + straight)


def signal_contamination(signal: FourRegions[Any], background: FourRegions[Any]) -> Any:
    """Give the part of a signal that the method itself predicts away.

    With d = signal / background of each region:
    r = (d(pass, fail) + d(fail, pass) - d(fail, fail)) / d(pass, pass), to first
    order the rise of the prediction over that of the signal region.

    Parameters
    ----------
    signal, background : FourRegions
        Numbers, arrays or tensors.

    Returns
    -------
    of the type of the yields

    References
    ----------
    Kasieczka, Nachman, Schwartz, Shih, arXiv:2007.14400, equation 2.8.

    Examples
    --------
    >>> background = FourRegions(100.0, 1000.0, 1000.0, 10000.0)
    >>> round(signal_contamination(FourRegions(50.0, 20.0, 10.0, 5.0), background), 3)
    0.059
    """
    return (
        signal.pass_fail / background.pass_fail
        + signal.fail_pass / background.fail_pass
        - signal.fail_fail / background.fail_fail
    ) / (signal.pass_pass / background.pass_pass)


def predict(yields: RegionYields) -> Prediction:
    """Predict the signal region with its statistical error, if there is an answer.

    Parameters
    ----------
    yields : RegionYields
        Of numbers; `pass_pass` is not looked at.

    Returns
    -------
    Prediction
        Not determined where a control region has no events, or a sum of weights
        that is not above zero: a product of such numbers means nothing.

    Examples
    --------
    >>> found = predict(RegionYields.of_counts(FourRegions(0, 100, 50, 100)))
    >>> found.predicted, round(found.error, 3)
    (50.0, 10.0)
    >>> predict(RegionYields.of_counts(FourRegions(7, 100, 0, 50))).reason
    'the region fail X, pass Y is empty'
    """
    named = zip(
        yields.weight.named.items(), yields.variance.named.values(), strict=True
    )
    control = [(name, n, v) for (name, n), v in named if name != _SIGNAL_REGION]
    for name, weight, variance in control:
        reason = _no_answer(name, weight, variance)
        if reason is not None:
            return Prediction("not_determined", reason)
    predicted = float(predicted_yield(yields.weight))
    relative = math.sqrt(sum(v / n**2 for _, n, v in control))
    return Prediction("ok", None, predicted, predicted * relative)


_SIGNAL_REGION = "pass X, pass Y"


def _no_answer(name: str, weight: float, variance: float) -> str | None:
    """Say why a region cannot be computed with, if it cannot."""
    if not variance > 0:
        return f"the region {name} is empty"
    if not weight > 0:
        return f"the weights of the region {name} sum to {weight:.6g}, not above zero"
    if not math.isfinite(weight) or not math.isfinite(variance):
        return f"the sum of weights of the region {name} is not finite"
    return None


def closure_test(yields: RegionYields) -> Closure:
    """Compare the prediction with what the signal region holds.

    Parameters
    ----------
    yields : RegionYields
        Of numbers: of simulation, or of data that may be looked at.

    Returns
    -------
    Closure
        Not determined where a region has no answer; the prediction may have one.

    Examples
    --------
    >>> found = closure_test(RegionYields.of_counts(FourRegions(40, 100, 50, 100)))
    >>> found.non_closure, round(found.pull, 2)
    (0.25, 0.85)
    """
    prediction = predict(yields)
    weight, variance = yields.weight.pass_pass, yields.variance.pass_pass
    failed = Closure("not_determined", prediction)
    if prediction.predicted is None or prediction.error is None:
        return replace(failed, reason=prediction.reason)
    found = replace(
        failed,
        observed=float(weight),
        observed_error=math.sqrt(variance) if variance >= 0 else None,
    )
    reason = _no_answer(_SIGNAL_REGION, weight, variance)
    if reason is not None:
        return replace(found, reason=reason)
    ratio = prediction.predicted / weight
    relative = math.hypot(
        prediction.error / prediction.predicted, math.sqrt(variance) / weight
    )
    return replace(
        found,
        status="ok",
        non_closure=float(non_closure(yields.weight)),
        non_closure_error=ratio * relative,
        pull=(prediction.predicted - weight)
        / math.hypot(prediction.error, math.sqrt(variance)),
        symmetric=float(symmetric_closure(yields.weight)),
    )


def closure_tests_of_processes(
    processes: Mapping[str, RegionYields],
) -> dict[str, Closure]:
    """Test each process and their sum.

    A sum can close because its processes err in opposite directions; then the method
    rests on their normalisations, which become a systematic of it.

    Parameters
    ----------
    processes : mapping of name to RegionYields

    Returns
    -------
    dict of name to Closure
        The sum last, as "total".

    Raises
    ------
    ValueError
        No process, or one that is called "total".

    Examples
    --------
    >>> up = RegionYields.of_counts(FourRegions(100, 120, 100, 100))
    >>> down = RegionYields.of_counts(FourRegions(100, 80, 100, 100))
    >>> found = closure_tests_of_processes({"up": up, "down": down})
    >>> {name: round(each.non_closure, 3) for name, each in found.items()}
    {'up': 0.2, 'down': -0.2, 'total': 0.0}
    """
    if not processes or "total" in processes:
        message = (
            "closure_tests_of_processes: there must be a process, and none called "
            f"'total', got {list(processes)}"
        )
        raise ValueError(message)
    first, *others = processes.values()
    total = sum(others, start=first)
    return {
        name: closure_test(yields)
        for name, yields in {**processes, "total": total}.items()
    }
