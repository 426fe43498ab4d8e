"""An ABCD likelihood for other programs: pyhf and CMS Combine.

Both get the same model as `AbcdLikelihood` fits: three free factors a bin of which the
background of the four regions is made, and log-normal uncertainties.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oddjet.stats.abcd_likelihood import AbcdLikelihood

__all__ = ["REGIONS", "abcd_workspace", "combine_card"]

#: The regions by the names that files give them.
REGIONS = ("pass_pass", "pass_fail", "fail_pass", "fail_fail")
#: The free factors of each: one a bin, shared by the regions that name it.
_FACTORS = {
    "pass_pass": ("background", "x_transfer", "y_transfer"),
    "pass_fail": ("background", "x_transfer"),
    "fail_pass": ("background", "y_transfer"),
    "fail_fail": ("background",),
}
#: Of the factors, which are 1 where there is no signal.
_FACTOR_BOUNDS = [1e-10, 10.0]


def abcd_workspace(likelihood: AbcdLikelihood) -> dict[str, Any]:
    """Write an ABCD likelihood as a HistFactory workspace.

    HistFactory has no product of other samples, but its factors multiply: the
    background is N(fail, fail) f, N(pass, fail) f x, N(fail, pass) f y and, where both
    pass, the prediction times f x y, with a `shapefactor` for each of f, x and y.
    Those of one name are one set of parameters, whatever the channel.

    Parameters
    ----------
    likelihood : AbcdLikelihood
        With constraints at their nominal values, not one of Asimov data.

    Returns
    -------
    dict
        JSON-ready, with the parameter of interest "mu".

    Raises
    ------
    ValueError
        A likelihood with other constraints.

    References
    ----------
    K. Cranmer et al., HistFactory, CERN-OPEN-2012-016 (data-driven shapes).
    """
    if likelihood.centres is not None and np.any(likelihood.centres != 0):
        message = "abcd_workspace: constraints that are not at 0 cannot be written"
        raise ValueError(message)
    nominal = dict(zip(REGIONS, likelihood.predicted(), strict=True))
    channels, observations = [], []
    for region in REGIONS:
        signal = {
            "name": "signal",
            "data": _floats(getattr(likelihood.signal, region)),
            "modifiers": [_factor("mu", "normfactor"), *_of_signal(likelihood)],
        }
        factors = [_factor(name, "shapefactor") for name in _FACTORS[region]]
        backgrounds = (
            _by_bin(likelihood, nominal[region], factors)
            if region == "pass_pass"
            else [
                {
                    "name": "background",
                    "data": _floats(nominal[region]),
                    "modifiers": factors,
                }
            ]
        )
        channels.append({"name": region, "samples": [signal, *backgrounds]})
        counts = _floats(getattr(likelihood.observed, region))
        observations.append({"name": region, "data": counts})
    return {
        "version": "1.0.0",
        "channels": channels,
        "observations": observations,
        "measurements": [{"name": "abcd", "config": _config(likelihood)}],
    }


def _by_bin(
    likelihood: AbcdLikelihood, nominal: Any, factors: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Give a sample a bin: the prediction's uncertainty differs between bins."""
    sizes = likelihood.uncertainties.of_prediction(likelihood.bins)
    samples = []
    for i in range(likelihood.bins):
        here = np.where(np.arange(likelihood.bins) == i, nominal, 0.0)
        shifts = [
            _log_normal(name, float(size[i]))
            for name, size in sizes.items()
            if size[i] != 0
        ]
        samples.append(
            {
                "name": f"background_{i}",
                "data": _floats(here),
                "modifiers": [*factors, *shifts],
            }
        )
    return samples


def _of_signal(likelihood: AbcdLikelihood) -> list[dict[str, Any]]:
    sizes = likelihood.uncertainties.signal.items()
    return [_log_normal(name, size) for name, size in sizes]


def _factor(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "data": None}


def _log_normal(name: str, size: float) -> dict[str, Any]:
    return {
        "name": name,
        "type": "normsys",
        "data": {"hi": 1 + size, "lo": 1 / (1 + size)},
    }


def _config(likelihood: AbcdLikelihood) -> dict[str, Any]:
    bins = likelihood.bins
    factors = [
        {"name": name, "inits": [1.0] * bins, "bounds": [_FACTOR_BOUNDS] * bins}
        for name in _FACTORS["pass_pass"]
    ]
    reach = _reach(likelihood)
    mu = {"name": "mu", "inits": [min(1.0, reach / 2)], "bounds": [[-reach, reach]]}
    return {"poi": "mu", "parameters": [mu, *factors]}


def _reach(likelihood: AbcdLikelihood) -> float:
    """Give a signal strength that no fit reaches: twenty deviations above the best."""
    counts = float(np.sum(likelihood.observed.pass_pass))
    predicted = float(np.sum(likelihood.predicted()[0]))
    spread = math.sqrt(counts + predicted + 1) + predicted
    signal = float(np.sum(likelihood.signal.pass_pass))
    return (abs(counts - predicted) + 20 * spread) / signal


def _floats(values: Any) -> list[float]:
    return [float(value) for value in values]


def combine_card(likelihood: AbcdLikelihood) -> str:
    """Write an ABCD likelihood as a text card of CMS Combine.

    A bin of the card is a region and a bin of the mass. Backgrounds have the rate 1
    and a free `rateParam` each, but where both cuts pass: there it is the formula
    @0*@1/@2 of the other three.

    Parameters
    ----------
    likelihood : AbcdLikelihood

    Returns
    -------
    str
        Read by `text2workspace.py`.

    References
    ----------
    CMS Combine manual, "Rate parameters" (arXiv:2404.06614).
    """
    bins = [(region, i) for region in REGIONS for i in range(likelihood.bins)]
    names = [f"{region}_{i}" for region, i in bins]
    observed = [getattr(likelihood.observed, region)[i] for region, i in bins]
    columns = [
        (name, process) for name in names for process in ("signal", "background")
    ]
    rates = [
        number
        for region, i in bins
        for number in (getattr(likelihood.signal, region)[i], 1.0)
    ]
    rule = "-" * 72
    lines = [
        "# ABCD method: the background of pass_pass is pass_fail fail_pass / fail_fail",
        f"imax {len(bins)}  number of bins",
        "jmax 1  number of processes less one",
        "kmax *  number of uncertainties",
        rule,
        _row("bin", names),
        _row("observation", (f"{n:.10g}" for n in observed)),
        rule,
        _row("bin", (name for name, _ in columns)),
        _row("process", (process for _, process in columns)),
        _row("process", ("0" if p == "signal" else "1" for _, p in columns)),
        _row("rate", (f"{rate:.10g}" for rate in rates)),
        rule,
        *_log_normals(likelihood, bins),
        *_rate_parameters(likelihood),
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, entries: Iterable[str]) -> str:
    return " ".join([f"{name:<28}", *entries]).rstrip()


def _log_normals(
    likelihood: AbcdLikelihood, bins: list[tuple[str, int]]
) -> Iterable[str]:
    """Write a line an uncertainty: of all signals, or of predicted backgrounds."""
    for name, size in likelihood.uncertainties.signal.items():
        entries = (f"{1 + size:.10g}", "-") * len(bins)
        yield _row(f"{name} lnN", entries)
    sizes = likelihood.uncertainties.of_prediction(likelihood.bins)
    for name, each in sizes.items():
        factors = (
            f"{1 + each[i]:.10g}" if region == "pass_pass" and each[i] != 0 else "-"
            for region, i in bins
        )
        yield _row(f"{name} lnN", (e for factor in factors for e in ("-", factor)))


def _rate_parameters(likelihood: AbcdLikelihood) -> Iterable[str]:
    for i in range(likelihood.bins):
        for region in REGIONS[1:]:
            count = float(getattr(likelihood.observed, region)[i])
            yield (
                f"n_{region}_{i} rateParam {region}_{i} background {count:.10g} "
                f"[0,{10 * count:.10g}]"
            )
        others = ",".join(f"n_{region}_{i}" for region in REGIONS[1:])
        yield f"n_pass_pass_{i} rateParam pass_pass_{i} background @0*@1/@2 {others}"
