"""Closure bin by bin, and one probability for all bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy import special

from oddjet.stats.abcd import Closure, closure_test

if TYPE_CHECKING:
    from oddjet.stats.abcd import Status
    from oddjet.stats.region_yields import RegionYields

__all__ = ["BinnedClosure", "binned_closure_test"]


@dataclass(frozen=True)
class BinnedClosure:
    """Closure tests of each bin and of their sum.

    Attributes
    ----------
    status, reason
        "ok", or "not_determined" and the reason as a sentence: the first bin, or the
        total, without an answer.
    total : Closure
        Of the sum of all bins.
    bins : tuple of Closure
    chi_square : float
        Sum of the squared pulls of the bins.
    degrees_of_freedom : int
        The number of bins: nothing was fitted to the signal region.
    p_value : float
        Probability of a larger chi_square if the method closes.
    """

    status: Status
    total: Closure
    bins: tuple[Closure, ...]
    reason: str | None = None
    chi_square: float | None = None
    degrees_of_freedom: int | None = None
    p_value: float | None = None


def binned_closure_test(yields: RegionYields) -> BinnedClosure:
    """Predict each bin from its own control regions, and compare.

    Parameters
    ----------
    yields : RegionYields
        Arrays of shape (bins,).

    Returns
    -------
    BinnedClosure

    Examples
    --------
    >>> import numpy as np
    >>> from oddjet.stats.region_yields import FourRegions, RegionYields
    >>> counts = np.array([[50.0, 8.0], [100.0, 20.0], [100.0, 20.0], [200.0, 40.0]])
    >>> found = binned_closure_test(RegionYields.of_counts(FourRegions(*counts)))
    >>> round(found.chi_square, 3), found.degrees_of_freedom, round(found.p_value, 3)
    (0.195, 2, 0.907)
    """
    total = closure_test(yields.total())
    bins = tuple(closure_test(each) for each in yields.bins())
    named = [("all bins together", total)]
    named += [(f"bin {i}", found) for i, found in enumerate(bins)]
    for name, found in named:
        if found.status != "ok":
            reason = f"{name}: {found.reason}"
            return BinnedClosure("not_determined", total, bins, reason)
    chi_square = sum(found.pull**2 for found in bins if found.pull is not None)
    return BinnedClosure(
        "ok",
        total,
        bins,
        None,
        chi_square,
        len(bins),
        float(special.chdtrc(len(bins), chi_square)),
    )
