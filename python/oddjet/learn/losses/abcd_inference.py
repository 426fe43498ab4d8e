"""What an ABCD analysis is expected to find, as a differentiable loss.

Yields of background and signal in four regions and bins of a mass go in, an expected
significance or CLs comes out: that of the fit of `oddjet.stats.abcd_likelihood`, with a
non-closure uncertainty a bin, on Asimov data. Given the signal strength the bins are
independent, four parameters each, so that all of them are fitted at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from oddjet.stats.abcd import non_closure, predicted_yield
from oddjet.stats.region_yields import FourRegions

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["expected_cls", "expected_significance", "profiled_parameters"]

#: Of the logarithm of the background in each region: the yield where both fail, the two
#: transfer factors, and in the signal region the non-closure (times its size).
_DESIGN = ((1.0, 1.0, 1.0, 1.0), (1.0, 1.0, 0.0, 0.0), (1.0, 0.0, 1.0, 0.0),
           (1.0, 0.0, 0.0, 0.0))  # fmt: skip
_MAX_STEPS = 100


def expected_significance(
    background: FourRegions[Tensor],
    signal: FourRegions[Tensor],
    *,
    non_closure_floor: float = 0.02,
) -> Tensor:
    """Give the expected discovery significance of the signal.

    The root of twice the log likelihood ratio of mu = 0, on data of the predicted
    background plus signal. The background is the predicted one, so that a bias of the
    prediction is no excess; it counts as an uncertainty instead, as large as it is,
    in quadrature with the floor.

    Parameters
    ----------
    background, signal : FourRegions of Tensor, shape (bins,)
        Expected yields, all background > 0.
    non_closure_floor : float
        Relative, > 0.

    Returns
    -------
    Tensor, shape ()
        In sigma; differentiable by all yields.

    References
    ----------
    Cowan, Cranmer, Gross, Vitells, arXiv:1007.1727, equation 12, on Asimov data.

    Examples
    --------
    >>> background, signal = (
    ...     FourRegions(*torch.tensor(each).double().reshape(4, 1))
    ...     for each in ([100.0, 1e5, 1e5, 1e8], [30.0, 0.0, 0.0, 0.0])
    ... )
    >>> round(expected_significance(background, signal).item(), 2)
    2.8
    """
    n = _stacked(background)
    n = torch.cat([predicted_yield(background).double()[None], n[1:]])
    s = _stacked(signal)
    size = _non_closure_size(background, non_closure_floor)
    return _root(_profiled_deviance(n + s, torch.zeros_like(s), n, size))


def expected_cls(
    background: FourRegions[Tensor],
    signal: FourRegions[Tensor],
    *,
    non_closure_floor: float = 0.02,
) -> Tensor:
    """Give the median CLs of the signal if there is none.

    2 Phi(-sqrt q) with q of mu = 1 on background-only Asimov data.

    Parameters
    ----------
    background, signal, non_closure_floor
        As for `expected_significance`.

    Returns
    -------
    Tensor, shape ()
        In (0, 1].

    References
    ----------
    arXiv:1007.1727, equations 59 and 65; Simpson & Heinrich, arXiv:2203.05570 (neos).

    Examples
    --------
    >>> background, signal = (
    ...     FourRegions(*torch.tensor(each).double().reshape(4, 1))
    ...     for each in ([100.0, 1e5, 1e5, 1e8], [30.0, 0.0, 0.0, 0.0])
    ... )
    >>> round(expected_cls(background, signal).item(), 4)
    0.0068
    """
    n = _stacked(background)
    n = torch.cat([predicted_yield(background).double()[None], n[1:]])
    size = _non_closure_size(background, non_closure_floor)
    root = _root(_profiled_deviance(n, _stacked(signal), n, size))
    cls: Tensor = 2 * torch.special.ndtr(-root)
    return cls


def _stacked(regions: FourRegions[Tensor]) -> Tensor:
    """Give the regions as rows, in double precision."""
    return torch.stack([each.double() for each in regions.named.values()])


def _non_closure_size(background: FourRegions[Tensor], floor: float) -> Tensor:
    """Give the relative uncertainty of each bin's prediction."""
    missed = non_closure(background.map(lambda each: each.double()))
    # hypot has no gradient where both vanish; the floor keeps it from there.
    return torch.hypot(missed, torch.full_like(missed, floor))


def _root(deviance: Tensor) -> Tensor:
    """Give the square root; of no signal at all 0, and no gradient."""
    positive = deviance > 0
    return torch.where(positive, torch.where(positive, deviance, 1.0).sqrt(), 0.0)


def _profiled_deviance(
    counts: Tensor, signal: Tensor, nominal: Tensor, size: Tensor
) -> Tensor:
    """Give the least deviance at a signal, summed over bins.

    counts, signal, nominal: shape (4, bins); size: shape (bins,).
    """
    values = profiled_parameters(counts, signal, nominal, size)
    expected = _background(values, nominal, size) + signal
    poisson = expected - counts + torch.special.xlogy(counts, counts / expected)
    deviance: Tensor = 2 * poisson.sum() + (values[3] ** 2).sum()
    return deviance


def profiled_parameters(
    counts: Tensor, signal: Tensor, nominal: Tensor, size: Tensor
) -> Tensor:
    """Fit the background of each bin, with the gradient of the fitted values.

    The fit itself is not recorded. At its end the gradient g of the deviance by the
    values vanishes for any input x, hence d values / dx = -H^-1 dg/dx: the implicit
    function theorem. One step of Newton's method from the fitted values, with H taken
    as constant, has the fitted values as its result and that as its derivative.

    Parameters
    ----------
    counts, signal, nominal : float64 Tensor, shape (4, bins)
        Data, signal, and the background at values of zero.
    size : float64 Tensor, shape (bins,)
        Of the non-closure.

    Returns
    -------
    float64 Tensor, shape (4, bins)
        Logarithms of the yield and the two transfer factors over the nominal ones, and
        the non-closure in standard deviations.
    """
    with torch.no_grad():
        values = torch.zeros_like(counts)
        for _ in range(_MAX_STEPS):
            gradient, hessian, fallback = _derivatives(
                values, counts, signal, nominal, size
            )
            definite = torch.linalg.cholesky_ex(hessian).info == 0
            hessian = torch.where(definite[:, None, None], hessian, fallback)
            step = torch.linalg.solve(hessian, gradient.T[..., None])[..., 0].T
            # exp of a logarithm must not overflow on the way.
            values = values - step.clamp(-2.0, 2.0)
            if bool((gradient * step).abs().sum() < 1e-24):
                break
        _, hessian, fallback = _derivatives(values, counts, signal, nominal, size)
        definite = torch.linalg.cholesky_ex(hessian).info == 0
        hessian = torch.where(definite[:, None, None], hessian, fallback)
    gradient = _derivatives(values, counts, signal, nominal, size)[0]
    # A Newton step from the minimum: zero, but for its derivative.
    attached: Tensor = torch.linalg.solve(hessian, gradient.T[..., None])[..., 0].T
    return values - attached


def _background(values: Tensor, nominal: Tensor, size: Tensor) -> Tensor:
    design = values.new_tensor(_DESIGN)
    # The non-closure (1 + size)^theta enters as theta log(1 + size).
    scaled = torch.cat([values[:3], (values[3] * torch.log1p(size))[None]])
    return nominal * torch.exp(design @ scaled)


def _derivatives(
    values: Tensor, counts: Tensor, signal: Tensor, nominal: Tensor, size: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Give gradient, Hessian and Fisher information of half the deviance, by bin."""
    design = values.new_tensor(_DESIGN)[..., None].expand(-1, -1, len(size))
    scale = torch.stack([*torch.ones_like(values[:3]), torch.log1p(size)])
    by_value = design * scale  # regions, values, bins
    background = _background(values, nominal, size)
    expected = background + signal
    gradient = torch.einsum(
        "rb,rpb->pb", background * (1 - counts / expected), by_value
    )
    gradient = torch.cat([gradient[:3], (gradient[3] + values[3])[None]])
    prior = values.new_tensor([0.0, 0.0, 0.0, 1.0]).diag()
    hessian, information = (
        torch.einsum("rb,rpb,rqb->bpq", weight, by_value, by_value) + prior
        for weight in (
            background * (1 - counts * signal / expected**2),
            background**2 / expected,
        )
    )
    return gradient, hessian, information
