"""The ABCD method as a likelihood: four regions, bins of a mass, signal in all of them.

In each bin the background of what passes both cuts is the product of the others,

    nu(pass, pass) = nu(pass, fail) nu(fail, pass) / nu(fail, fail) x non-closure,

with three free yields a bin. Signal is expected in every region, so that its part in
the control regions is no part of the background.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from oddjet.stats.abcd import predicted_yield
from oddjet.stats.log_linear_fit import LogLinearModel
from oddjet.stats.region_yields import FourRegions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from oddjet.stats.log_linear_fit import Fit
    from oddjet.stats.region_yields import RegionYields

    Array = NDArray[np.float64]

__all__ = [
    "AbcdLikelihood",
    "AbcdUncertainties",
    "normalisation_shifts",
    "why_no_likelihood",
]

#: Of each region: the powers of the yields (fail, fail), of passing X and of passing Y.
_POWERS = {
    "pass_pass": (1, 1, 1),
    "pass_fail": (1, 1, 0),
    "fail_pass": (1, 0, 1),
    "fail_fail": (1, 0, 0),
}


@dataclass(frozen=True)
class AbcdUncertainties:
    """Relative systematic uncertainties, all log-normal: a factor (1 + size)^theta.

    Attributes
    ----------
    signal : mapping of name to float
        Of the signal in all regions and bins together: luminosity, acceptance.
    non_closure : float64, shape (bins,), optional
        Of the prediction, each bin for itself.
    prediction : mapping of name to float64, shape (bins,)
        Of the prediction, all bins together; each entry > -1. See
        `normalisation_shifts`.

    Examples
    --------
    >>> AbcdUncertainties({"luminosity": 0.016}).names(bins=2)
    ('luminosity',)
    """

    signal: Mapping[str, float] = field(default_factory=dict)
    non_closure: Array | None = None
    prediction: Mapping[str, Array] = field(default_factory=dict)

    def of_prediction(self, bins: int) -> dict[str, Array]:
        """Give the sizes on the prediction by name, each of shape (bins,)."""
        own = np.zeros(bins) if self.non_closure is None else self.non_closure
        own = np.broadcast_to(np.asarray(own, np.float64), (bins,))
        each = {f"non_closure_{i}": own[i] * np.eye(bins)[i] for i in range(bins)}
        together = {
            name: np.broadcast_to(np.asarray(sizes, np.float64), (bins,))
            for name, sizes in self.prediction.items()
        }
        return {
            name: np.array(sizes)
            for name, sizes in {**each, **together}.items()
            if np.any(sizes != 0)
        }

    def names(self, bins: int) -> tuple[str, ...]:
        """Give the names of all of them, those of the signal first."""
        return (*self.signal, *self.of_prediction(bins))

    def check(self, bins: int) -> None:
        """Refuse what is no log-normal uncertainty.

        Raises
        ------
        ValueError
            A size that is not above -1 or not finite, or a name used twice.
        """
        sizes: dict[str, Array] = {
            **self.of_prediction(bins),
            **{name: np.array(size) for name, size in self.signal.items()},
        }
        for name, size in sizes.items():
            if not np.all(np.isfinite(size)) or not np.all(np.asarray(size) > -1):
                message = (
                    f"ABCD likelihood: the uncertainty {name} must be above -1, got "
                    f"{np.asarray(size).tolist()}"
                )
                raise ValueError(message)
        if len(sizes) < len(self.signal) + len(self.of_prediction(bins)):
            message = (
                "ABCD likelihood: uncertainties of signal and prediction need different"
                f" names, got {list(self.names(bins))}"
            )
            raise ValueError(message)


def why_no_likelihood(
    observed: FourRegions[Array], signal: FourRegions[Array]
) -> str | None:
    """Say why counts and a signal give no likelihood, if they do not.

    Parameters
    ----------
    observed, signal : FourRegions of float64, shape (bins,)

    Returns
    -------
    str or None
        The first control region and bin that is empty or negative, a yield that is
        not finite or below zero, or a signal without any yield in the signal region.

    Examples
    --------
    >>> one = np.ones(2)
    >>> why_no_likelihood(FourRegions(one, one, one, np.array([3.0, 0.0])),
    ...                   FourRegions(one, one, one, one))
    'bin 1 of the region fail X, fail Y holds 0 events: no prediction without them'
    """
    for (name, counts), expected in zip(
        observed.named.items(), signal.named.values(), strict=True
    ):
        for i, (n, s) in enumerate(zip(counts, expected, strict=True)):
            where = f"bin {i} of the region {name}"
            if name != "pass X, pass Y" and not n > 0:
                return f"{where} holds {n:g} events: no prediction without them"
            if not (n >= 0 and math.isfinite(n)):
                return f"{where} holds {n:g} events"
            if not (s >= 0 and math.isfinite(s)):
                return f"the signal in {where} sums to {s:g}, below zero"
    if not np.sum(signal.pass_pass) > 0:
        return "no signal passes both cuts: its efficiency is zero"
    return None


@dataclass(frozen=True)
class AbcdLikelihood:
    """Counts, a signal and their uncertainties.

    Attributes
    ----------
    observed : FourRegions of float64, shape (bins,)
        Counts; of Asimov data they need not be whole.
    signal : FourRegions of float64, shape (bins,)
        Expected at mu = 1.
    uncertainties : AbcdUncertainties
    centres : float64, shape (uncertainties,), optional
        What constrains the nuisance parameters; 0 if not given.

    Raises
    ------
    ValueError
        See `why_no_likelihood` and `AbcdUncertainties.check`.

    Examples
    --------
    >>> observed = FourRegions(*np.array([[60.0], [100.0], [50.0], [100.0]]))
    >>> signal = FourRegions(*np.array([[10.0], [1.0], [1.0], [0.0]]))
    >>> round(AbcdLikelihood(observed, signal).significance(), 3)
    0.767
    """

    observed: FourRegions[Array]
    signal: FourRegions[Array]
    uncertainties: AbcdUncertainties = field(default_factory=AbcdUncertainties)
    centres: Array | None = None

    def __post_init__(self) -> None:
        reason = why_no_likelihood(self.observed, self.signal)
        if reason is not None:
            message = f"ABCD likelihood: {reason}"
            raise ValueError(message)
        self.uncertainties.check(self.bins)

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return len(self.observed.pass_pass)

    @cached_property
    def model(self) -> LogLinearModel:
        """The constants of the fit; cells are regions times bins.

        Parameters are, per bin, the logarithms of the yield (fail, fail) and of the
        two transfer factors over their estimates without signal, then the nuisance
        parameters. In these units all are of order one.
        """
        bins, u = self.bins, self.uncertainties
        names = u.names(bins)
        free = 3 * bins
        background = np.zeros((4, bins, free + len(names)))
        signal = np.zeros_like(background)
        for region, powers in enumerate(_POWERS.values()):
            for i in range(bins):
                background[region, i, 3 * i : 3 * i + 3] = powers
        for name, sizes in u.of_prediction(bins).items():
            background[0, :, free + names.index(name)] = np.log1p(sizes)
        for name, size in u.signal.items():
            signal[:, :, free + names.index(name)] = math.log1p(size)
        return LogLinearModel(
            np.log(self.predicted()).ravel(),
            background.reshape(4 * bins, -1),
            np.array(list(self.signal.named.values()), np.float64).ravel(),
            signal.reshape(4 * bins, -1),
            np.arange(free + len(names)) >= free,
        )

    def predicted(self) -> Array:
        """Give the background by the control regions alone, shape (4, bins)."""
        control = [self.observed.pass_fail, self.observed.fail_pass]
        control.append(self.observed.fail_fail)
        return np.array([predicted_yield(self.observed), *control], np.float64)

    @property
    def counts(self) -> Array:
        """The observed counts, shape (1, 4 bins)."""
        rows = list(self.observed.named.values())
        return np.array(rows, np.float64).reshape(1, -1)

    @property
    def _centres(self) -> Array:
        all_centres = np.zeros((1, len(self.model.constrained)))
        if self.centres is not None:
            all_centres[:, self.model.constrained] = self.centres
        return all_centres

    def blinded(self) -> AbcdLikelihood:
        """Give the same with the prediction in place of the signal region's counts."""
        prediction = self.predicted()[0]
        return replace(self, observed=replace(self.observed, pass_pass=prediction))

    def fit(self, mu: float) -> Fit:
        """Fit all else at a signal strength."""
        return self.model.fit(self.counts, self._centres, mu=np.array([mu]))

    def best_fit(self, *, non_negative: bool = True) -> Fit:
        """Fit the signal strength too, from zero on unless it may be negative."""
        return best_fit(
            self.model, self.counts, self._centres, non_negative=non_negative
        )

    def asimov(self, mu: float = 0.0) -> AbcdLikelihood:
        """Give the likelihood of data that are what the fit at mu expects."""
        fit = self.fit(mu)
        expected = self.model.expected(fit.values, fit.mu).reshape(4, -1)
        return replace(
            self,
            observed=FourRegions(*expected),
            centres=fit.values[0, self.model.constrained],
        )

    def significance(self) -> float:
        """Give the local significance of the signal, negative for a deficit.

        The root of the deviance at mu = 0 over the least one, with the sign of the
        best mu; NaN if a fit did not converge.
        """
        nothing = self.fit(0.0)
        slope = float(self.model.slope(self.counts, nothing)[0])
        best = self.best_fit(non_negative=False)
        if not (nothing.converged[0] and best.converged[0]):
            return math.nan
        q = max(float(nothing.deviance[0] - best.deviance[0]), 0.0)
        return math.copysign(math.sqrt(q), -slope)


def best_fit(
    model: LogLinearModel,
    counts: Array,
    centres: Array,
    *,
    non_negative: bool,
    start: Fit | None = None,
) -> Fit:
    """Fit the signal strength of every data set.

    Parameters
    ----------
    model : LogLinearModel
    counts, centres
        As for `LogLinearModel.deviance`.
    non_negative : bool
        Where the deviance rises from mu = 0 on, that is the best of mu >= 0.
    start : Fit, optional
        The fit at mu = 0, if there is one.

    Returns
    -------
    Fit
    """
    nothing = start or model.fit(counts, centres, mu=np.zeros(len(counts)))
    free = np.flatnonzero((model.slope(counts, nothing) < 0) | (not non_negative))
    found = model.fit(
        counts[free],
        centres[free],
        mu=np.zeros(len(free)),
        free=True,
        start=nothing.values[free],
    )
    parts = {}
    for name, values in vars(nothing).items():
        parts[name] = values.copy()
        parts[name][free] = getattr(found, name)
    return type(nothing)(**parts)


def normalisation_shifts(
    processes: Mapping[str, RegionYields], uncertainties: Mapping[str, float]
) -> dict[str, Array]:
    """Tell how the prediction errs if a process has another normalisation.

    A sum of processes may close although none of them does; the ratio of true to
    predicted background then depends on their shares. With rho that ratio in
    simulation, the shift is rho(process scaled by 1 + size) / rho(nominal) - 1.

    Parameters
    ----------
    processes : mapping of name to RegionYields
        Of simulation, arrays of shape (bins,).
    uncertainties : mapping of name to float
        Relative, of processes among them.

    Returns
    -------
    dict of "normalisation_NAME" to float64, shape (bins,)
        For `AbcdUncertainties.prediction`.

    Raises
    ------
    ValueError
        An unknown process, or a bin without yield in some region.

    Examples
    --------
    >>> from oddjet.stats.region_yields import RegionYields
    >>> shares = FourRegions(*np.array([[120.0], [100.0], [100.0], [100.0]]))
    >>> other = FourRegions(*np.array([[80.0], [100.0], [100.0], [100.0]]))
    >>> both = {"a": RegionYields(shares, shares), "b": RegionYields(other, other)}
    >>> normalisation_shifts(both, {"a": 0.2})["normalisation_a"].round(4)
    array([0.0182])
    """
    unknown = [name for name in uncertainties if name not in processes]
    if unknown:
        message = (
            f"normalisation_shifts: there is no process {unknown[0]!r}; known: "
            f"{', '.join(processes)}"
        )
        raise ValueError(message)

    def ratio(scaled: str | None, size: float) -> Array:
        total = FourRegions(
            *(
                sum(
                    np.asarray(getattr(each.weight, region), np.float64)
                    * (1 + size if name == scaled else 1.0)
                    for name, each in processes.items()
                )
                for region in _POWERS
            )
        )
        if not all(np.all(n > 0) for n in total.named.values()):
            message = (
                "normalisation_shifts: a bin has no yield above zero in a region, so"
                " that the shares of the processes say nothing about its prediction"
            )
            raise ValueError(message)
        true_over_predicted: Array = total.pass_pass / predicted_yield(total)
        return true_over_predicted

    nominal = ratio(None, 0.0)
    return {
        f"normalisation_{name}": ratio(name, size) / nominal - 1
        for name, size in uncertainties.items()
    }
