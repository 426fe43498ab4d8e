"""The bump hunt: windows over a mass spectrum, each judged by its own sidebands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from oddjet.stats.counting_model import CountingModel
from oddjet.stats.fit_functions import LADDER, FitFunction, Floats
from oddjet.stats.spectrum_fit import SpectrumFit, fit_spectrum

__all__ = ["Window", "WindowResult", "hunt_window", "scan_windows"]


@dataclass(frozen=True)
class Window:
    """A signal region with its sidebands, in bins of one width.

    Attributes
    ----------
    low_gev, high_gev : float
        Signal region, [low, high).
    sideband_gev : float
        Width of each sideband.
    num_bins : int
        Bins over sidebands and signal region.

    Raises
    ------
    ValueError
        A signal region or sideband that is not a whole number of bins.
    """

    low_gev: float
    high_gev: float
    sideband_gev: float = 600.0
    num_bins: int = 30

    def __post_init__(self) -> None:
        inside = (self.high_gev - self.low_gev) / self.bin_width_gev
        beside = self.sideband_gev / self.bin_width_gev
        whole = all(abs(bins - round(bins)) < 1e-9 for bins in (inside, beside))
        if not (0 < self.low_gev < self.high_gev and whole and round(beside) > 0):
            message = (
                f"window {self.low_gev:g}-{self.high_gev:g} GeV with sidebands of "
                f"{self.sideband_gev:g} GeV does not fit {self.num_bins} equal bins"
            )
            raise ValueError(message)

    @property
    def bin_width_gev(self) -> float:
        """Give the width of a bin."""
        full = self.high_gev - self.low_gev + 2 * self.sideband_gev
        return full / self.num_bins

    @property
    def edges_gev(self) -> Floats:
        """Give the edges of all bins, shape (num_bins + 1,)."""
        low = self.low_gev - self.sideband_gev
        return np.linspace(low, self.high_gev + self.sideband_gev, self.num_bins + 1)

    @property
    def in_signal_region(self) -> np.ndarray:
        """Tell which bins are the signal region, shape (num_bins,)."""
        return self.holds((self.edges_gev[1:] + self.edges_gev[:-1]) / 2)

    def holds(self, mass_gev: ArrayLike) -> np.ndarray:
        """Tell which masses are in the signal region, low <= mass < high."""
        mass = np.asarray(mass_gev)
        inside: np.ndarray = (mass >= self.low_gev) & (mass < self.high_gev)
        return inside

    def covers(self, mass_gev: ArrayLike) -> np.ndarray:
        """Tell which masses are in the signal region or a sideband, likewise."""
        mass = np.asarray(mass_gev)
        inside: np.ndarray = (mass >= self.edges_gev[0]) & (mass < self.edges_gev[-1])
        return inside

    def counts(self, mass_gev: ArrayLike, weights: ArrayLike | None = None) -> Floats:
        """Histogram masses; those outside the window are in no bin.

        Parameters
        ----------
        mass_gev : float, shape (events,)
        weights : float, shape (events,), optional

        Returns
        -------
        float64, shape (num_bins,)

        Raises
        ------
        ValueError
            A mass that is not finite.
        """
        mass = np.asarray(mass_gev, np.float64)
        if not np.isfinite(mass).all():
            first = int(np.flatnonzero(~np.isfinite(mass))[0])
            message = f"window: mass {mass[first]} at index {first} is not finite"
            raise ValueError(message)
        # NumPy closes the last bin on both sides; [low, high) is what is meant.
        inside = mass < self.edges_gev[-1]
        chosen = None if weights is None else np.asarray(weights, np.float64)[inside]
        found, _ = np.histogram(mass[inside], self.edges_gev, weights=chosen)
        return np.asarray(found, np.float64)


def scan_windows(
    first_gev: float = 2600.0,
    last_gev: float = 5000.0,
    *,
    width_gev: float = 600.0,
    step_gev: float = 300.0,
    sideband_gev: float = 600.0,
    num_bins: int = 30,
) -> tuple[Window, ...]:
    """Give overlapping windows from `first_gev` until the last reaches `last_gev`.

    Returns
    -------
    tuple of Window

    Raises
    ------
    ValueError
        A width or step that is not positive, or no window that fits.

    Examples
    --------
    >>> [(window.low_gev, window.high_gev) for window in scan_windows()][::3]
    [(2600.0, 3200.0), (3500.0, 4100.0), (4400.0, 5000.0)]
    """
    if not (
        width_gev > 0 and step_gev > 0 and first_gev + width_gev <= last_gev + 1e-9
    ):
        message = (
            f"scan_windows: no window of {width_gev:g} GeV in steps of {step_gev:g} "
            f"fits between {first_gev:g} and {last_gev:g} GeV"
        )
        raise ValueError(message)
    steps = int(np.floor((last_gev - width_gev - first_gev) / step_gev + 1e-9))
    lows = [first_gev + step_gev * step for step in range(steps + 1)]
    return tuple(Window(low, low + width_gev, sideband_gev, num_bins) for low in lows)


@dataclass(frozen=True)
class WindowResult:
    """What a window says; what a failed one cannot say is None.

    Attributes
    ----------
    window : Window
    status, reason
        "ok", or "failed" and the reason as a sentence.
    fit : SpectrumFit or None
        None where there were too few events to try.
    model : CountingModel or None
        Observed and expected events of the merged signal region; uncertainties of
        the fit and of the ensemble in quadrature.
    fit_uncertainty, ensemble_uncertainty : float or None
    significance, p_value : float or None
        Signed and local; p0 is the upper tail.
    """

    window: Window
    status: Literal["ok", "failed"]
    reason: str | None = None
    fit: SpectrumFit | None = None
    model: CountingModel | None = None
    fit_uncertainty: float | None = None
    ensemble_uncertainty: float | None = None
    significance: float | None = None
    p_value: float | None = None


def hunt_window(
    window: Window,
    counts: ArrayLike,
    *,
    ensemble_covariance: ArrayLike | None = None,
    dispersion: float = 1.0,
    high_sideband_min: float = 10.0,
    collision_energy_gev: float = 13_000.0,
    functions: Sequence[FitFunction] = LADDER,
) -> WindowResult:
    """Judge one window: masked fit, merged signal region, signed significance.

    Parameters
    ----------
    window : Window
    counts : float, shape (num_bins,)
        Events, or medians of an ensemble.
    ensemble_covariance : float, shape (num_bins, num_bins), optional
        Of the medians for given data.
    dispersion : float
        > 0: what the data themselves add, the variance of a count for each expected
        event; 1 for Poisson.
    high_sideband_min : float
        Every bin of the high sideband must hold more events than this; a negative
        number asks nothing.
    collision_energy_gev : float
    functions : sequence of FitFunction

    Returns
    -------
    WindowResult
        A window with too few events, or without a fit, is a failed result.

    Raises
    ------
    ValueError
        As `fit_spectrum`.

    Examples
    --------
    >>> window = Window(2600.0, 3200.0)
    >>> centres = (window.edges_gev[1:] + window.edges_gev[:-1]) / 2
    >>> counts = 1e5 * (1 - centres / 13e3) ** 9 * (centres / 2e3) ** -5
    >>> counts[window.in_signal_region] *= 1.1
    >>> hunt_window(window, np.round(counts)).significance > 3
    True
    """
    n = np.asarray(counts, np.float64)
    inside = window.in_signal_region
    if n.shape != inside.shape:
        message = f"hunt_window: {window.num_bins} counts expected, got shape {n.shape}"
        raise ValueError(message)
    least = float(np.min(n[int(np.flatnonzero(inside)[-1]) + 1 :]))
    if least <= high_sideband_min:
        reason = (
            f"a bin of the high sideband holds {least:g} events, not more than "
            f"{high_sideband_min:g}"
        )
        return WindowResult(window, "failed", reason)
    fit = fit_spectrum(
        n,
        window.edges_gev,
        inside,
        collision_energy_gev=collision_energy_gev,
        ensemble_covariance=ensemble_covariance,
        dispersion=dispersion,
        functions=functions,
    )
    if fit.status == "failed":
        return WindowResult(window, "failed", fit.reason, fit)
    expected, of_fit = fit.merged(inside)
    of_ensemble = _merged_error(ensemble_covariance, inside)
    total = float(np.hypot(of_fit, of_ensemble))
    observed = float(np.sum(n[inside]))
    model = CountingModel(observed, expected, total, dispersion=dispersion)
    return WindowResult(
        window=window,
        status="ok",
        fit=fit,
        model=model,
        fit_uncertainty=of_fit,
        ensemble_uncertainty=of_ensemble,
        significance=model.significance(),
        p_value=model.p_value(),
    )


def _merged_error(covariance: ArrayLike | None, inside: np.ndarray) -> float:
    """Give the error of the sum of some bins; 0 without a covariance."""
    if covariance is None:
        return 0.0
    block = np.asarray(covariance, np.float64)[np.ix_(inside, inside)]
    return float(np.sqrt(max(np.sum(block), 0.0)))
