"""The bump hunt in a spectrum that many networks combine, which share events."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from oddjet.stats.bump_hunt import Window, WindowResult, hunt_window
from oddjet.stats.fit_functions import LADDER
from oddjet.stats.spectrum_fit import SpectrumFit, fit_spectrum

__all__ = ["hunt_ensemble"]


def hunt_ensemble(
    window: Window,
    counts: ArrayLike,
    histograms: ArrayLike,
    *,
    shared: float,
    ensemble_share: float,
    high_sideband_min: float = 10.0,
    collision_energy_gev: float = 13_000.0,
) -> WindowResult:
    """Judge one window with the error that counts of shared events have.

    The excess of one network over its fit has a Poisson variance V, and the excesses of
    two of them the covariance f V. Combined, the seeds leave a part s of what is not
    shared: (f + (1 - f) s) V, the dispersion times V. Where the excesses of the
    networks spread by more than (1 - f) V, because they follow the mass, that is taken
    in its place.

    Parameters
    ----------
    window : Window
    counts : float, shape (num_bins,)
        Of the networks combined.
    histograms : float, shape (networks, num_bins)
        Of each of them.
    shared : float
        f, as `oddjet.learn.ensemble.shared_fraction` gives it.
    ensemble_share : float
        s, as `oddjet.learn.ensemble.ensemble_share` gives it.
    high_sideband_min, collision_energy_gev : float
        As `hunt_window`.

    Returns
    -------
    WindowResult
        With the dispersion in its model, and no other uncertainty of the ensemble.

    Raises
    ------
    ValueError
        As `hunt_window`.
    """

    def hunted(dispersion: float) -> WindowResult:
        return hunt_window(
            window,
            counts,
            dispersion=dispersion,
            high_sideband_min=high_sideband_min,
            collision_energy_gev=collision_energy_gev,
        )

    dispersion = shared + ensemble_share * (1 - shared)
    result = hunted(dispersion)
    if result.fit is None or result.model is None:
        return result
    of_fit = result.model.uncertainty
    poisson = result.model.background + of_fit**2 / dispersion
    excesses = _excesses(window, histograms, result.fit, collision_energy_gev)
    if len(excesses) < 2:
        return result
    spread = float(np.var(excesses, ddof=1)) / poisson
    return hunted(shared + ensemble_share * spread) if spread > 1 - shared else result


def _excesses(
    window: Window, histograms: ArrayLike, fit: SpectrumFit, energy_gev: float
) -> list[float]:
    """Give what each network has above a fit of the function that was accepted."""
    inside = window.in_signal_region
    functions = [one for one in LADDER if one.name == fit.function]
    found = []
    for counts in np.asarray(histograms, np.float64):
        own = fit_spectrum(
            counts,
            window.edges_gev,
            inside,
            collision_energy_gev=energy_gev,
            functions=functions,
            p_value_min=0.0,
        )
        if own.status == "ok":
            found.append(float(np.sum(counts[inside])) - own.merged(inside)[0])
    return found
