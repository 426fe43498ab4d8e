"""The counting model as a pyhf workspace, and inference with pyhf.

pyhf keeps its optimiser in a global variable; it is set here for the time of a call
and put back, so threads must not share a process with other users of pyhf.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from oddjet.runs.errors import require
from oddjet.stats.limits import CLs, Statistic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oddjet.stats.counting_model import CountingModel

__all__ = ["counting_workspace", "pyhf_cls", "pyhf_significance"]


def counting_workspace(
    model: CountingModel,
    *,
    uncertainties: Mapping[str, float] | None = None,
    channel: str = "signal_region",
) -> dict[str, Any]:
    """Write a counting model as a HistFactory workspace.

    Each uncertainty is a `histosys` with the same shift up and down, which pyhf
    interpolates linearly: exactly a Gaussian-constrained background. A dispersion other
    than 1 divides all numbers, which gives the same likelihood: events are then not
    events but what n / d counts.

    Parameters
    ----------
    model : CountingModel
    uncertainties : mapping of str to float, optional
        Names and sizes whose quadratic sum is the model's; one, "background", if
        not given.
    channel : str

    Returns
    -------
    dict
        JSON-ready, with the parameter of interest "mu".

    Raises
    ------
    ValueError
        Uncertainties that do not add up to that of the model.
    """
    parts = dict(uncertainties or {"background": model.uncertainty})
    total = math.sqrt(sum(size**2 for size in parts.values()))
    if not math.isclose(total, model.uncertainty, rel_tol=1e-6, abs_tol=1e-12):
        message = (
            f"counting_workspace: the uncertainties add up to {total:g}, the model has "
            f"{model.uncertainty:g}"
        )
        raise ValueError(message)
    scale = 1 / model.dispersion
    b = model.background * scale
    shifts = [
        {
            "name": name,
            "type": "histosys",
            "data": {"hi_data": [b + size * scale], "lo_data": [b - size * scale]},
        }
        for name, size in parts.items()
        if size > 0
    ]
    signal = {"name": "mu", "type": "normfactor", "data": None}
    samples = [
        {"name": "signal", "data": [model.signal * scale], "modifiers": [signal]},
        {"name": "background", "data": [b], "modifiers": shifts},
    ]
    parameter = {"name": "mu", "bounds": [_bounds(model)], "inits": [1.0]}
    return {
        "version": "1.0.0",
        "channels": [{"name": channel, "samples": samples}],
        "observations": [{"name": channel, "data": [model.observed * scale]}],
        "measurements": [
            {"name": "resonance", "config": {"poi": "mu", "parameters": [parameter]}}
        ],
    }


def _bounds(model: CountingModel) -> list[float]:
    """Bound mu far from its best value, so that no fit ends at a bound."""
    spread = math.sqrt(model.observed + model.background + 1) + model.uncertainty
    reach = (abs(model.observed - model.background) + 20 * spread) / model.signal
    return [-reach, reach]


def pyhf_significance(workspace: Mapping[str, Any]) -> float:
    """Give the signed local significance of a workspace, negative for a deficit.

    Parameters
    ----------
    workspace : mapping
        HistFactory JSON whose bounds on mu allow negative values.

    Returns
    -------
    float
        The root of the uncapped profile likelihood ratio at mu = 0.
    """
    with _precise() as pyhf:
        model, data = _model_and_data(pyhf, workspace)
        best, fitted = pyhf.infer.mle.fit(data, model, return_fitted_val=True)
        _, fixed = pyhf.infer.mle.fixed_poi_fit(
            0.0, data, model, return_fitted_val=True
        )
    best_mu = float(best[model.config.poi_index])
    return math.copysign(math.sqrt(max(float(fixed) - float(fitted), 0.0)), best_mu)


def pyhf_cls(
    workspace: Mapping[str, Any], mu: float, *, statistic: Statistic = "qtilde"
) -> CLs:
    """Give the asymptotic CLs of a workspace, by pyhf.

    Parameters
    ----------
    workspace : mapping
        HistFactory JSON.
    mu : float
        Signal strength tested.
    statistic : "qtilde" or "q"

    Returns
    -------
    CLs
    """
    with _precise() as pyhf:
        model, data = _model_and_data(pyhf, workspace)
        low, high = model.config.suggested_bounds()[model.config.poi_index]
        bounds = model.config.suggested_bounds()
        bounds[model.config.poi_index] = (0.0 if statistic == "qtilde" else low, high)
        observed, expected = pyhf.infer.hypotest(
            mu,
            data,
            model,
            par_bounds=bounds,
            test_stat=statistic,
            return_expected_set=True,
        )
    return CLs(float(observed), tuple(map(float, expected)))  # type: ignore[arg-type]


def _model_and_data(pyhf: Any, workspace: Mapping[str, Any]) -> tuple[Any, Any]:
    with warnings.catch_warnings():
        # pyhf 0.7 validates with a class that jsonschema means to remove.
        warnings.filterwarnings("ignore", "jsonschema", DeprecationWarning)
        opened = pyhf.Workspace(dict(workspace))
        model = opened.model()
    return model, opened.data(model)


@contextmanager
def _precise() -> Iterator[Any]:
    """Give pyhf with a tight optimiser, and put its settings back after.

    SLSQP at 1e-13 agrees with the closed form to 1e-8 or better; Minuit with its
    numerical gradient refuses to call fits converged that start at their minimum.
    """
    pyhf = require("pyhf", extra="stats")
    backend, optimizer = pyhf.get_backend()
    tight = pyhf.optimize.scipy_optimizer(tolerance=1e-13)
    pyhf.set_backend("numpy", tight, precision="64b")
    try:
        yield pyhf
    finally:
        pyhf.set_backend(backend, optimizer)
