"""Where to cut: the working point of an ABCD method, by a scan with rules.

Scan events that neither training nor the final closure test uses: the best of a
thousand points is a fluctuation too, and looks better than it is on the events that
chose it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field
from scipy import ndimage, special

from oddjet.runs.config import ConfigModel
from oddjet.stats.abcd import non_closure, predicted_yield, signal_contamination
from oddjet.stats.asimov import asimov_significance, simple_significance
from oddjet.stats.region_yields import FourRegions, RegionYields
from oddjet.stats.score_grid import yields_of_cuts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from oddjet.stats.abcd import Status

__all__ = ["ScoredEvents", "WorkingPointRules", "WorkingPointScan", "scan_cuts"]

_DETERMINED = "every bin is determined"


class WorkingPointRules(ConfigModel):
    """What a working point must satisfy; the defaults are those of the talk.

    J. Janik et al., talk, 12 Jan 2026, "Boundary Optimization".
    """

    cuts: int = Field(33, ge=2, le=400, description="cuts on each score")
    lowest_cut: float = Field(0.1, description="the lowest cut on either score")
    highest_cut: float = Field(0.9, description="the highest cut on either score")
    p_value_min: float = Field(
        0.9,
        ge=0,
        le=1,
        description="chi2 probability of the mass bins of the signal region, at least;"
        " a rule for Asimov data, where it measures bias and not luck",
    )
    plateau: int = Field(
        1,
        ge=0,
        description="how many cuts to each side must keep that probability as well",
    )
    non_closure_max: float = Field(
        0.05, gt=0, description="|predicted / found - 1| of all bins together, at most"
    )
    pull_max: float = Field(
        2.0, gt=0, description="the same in standard deviations, at most"
    )
    contamination_max: float = Field(
        0.35, description="part of any signal that the method predicts away, at most"
    )

    def grid(self) -> NDArray[np.float64]:
        """Give the cuts, the same for both scores."""
        return np.linspace(self.lowest_cut, self.highest_cut, self.cuts)


@dataclass(frozen=True)
class ScoredEvents:
    """Events of one sample.

    Attributes
    ----------
    x, y : float, shape (events,)
        Scores.
    mass : float, shape (events,)
        The variable of the bins [GeV].
    weight : float, shape (events,)
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    mass: NDArray[np.float64]
    weight: NDArray[np.float64]


@dataclass(frozen=True)
class WorkingPointScan:
    """Metrics and rules at every pair of cuts, and the pair that is chosen.

    Attributes
    ----------
    status, reason
        "ok", or "not_determined" and why no point may be taken.
    cuts : float64, shape (n,)
        On either score.
    metrics : dict of name to float64, shape (n, n)
        Cut on X first; NaN where not determined. "significance": mean over the
        signals of the binned Asimov significance; "simple_significance": of all bins
        together; "p_value"; "non_closure"; "pull"; "contamination": the largest.
    rules : dict of name to bool, shape (n, n)
        Whether each rule is met.
    chosen : (int, int) or None
        Indices of the cuts: of the points that meet all rules the one of highest
        significance.
    """

    status: Status
    cuts: NDArray[np.float64]
    metrics: dict[str, NDArray[np.float64]]
    rules: dict[str, NDArray[np.bool_]]
    chosen: tuple[int, int] | None = None
    reason: str | None = None

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """The points that meet every rule."""
        met: NDArray[np.bool_] = np.all(list(self.rules.values()), axis=0)
        return met

    @property
    def cut(self) -> tuple[float, float] | None:
        """The chosen cuts on X and on Y."""
        if self.chosen is None:
            return None
        return float(self.cuts[self.chosen[0]]), float(self.cuts[self.chosen[1]])

    def point(self, i: int, j: int) -> dict[str, Any]:
        """Tell everything about one pair of cuts, and which rules it breaks."""
        broken = [name for name, met in self.rules.items() if not met[i, j]]
        values = {name: float(each[i, j]) for name, each in self.metrics.items()}
        cuts = {"x_cut": float(self.cuts[i]), "y_cut": float(self.cuts[j])}
        return {**cuts, **values, "broken_rules": broken}

    def neighbourhood(self, reach: int = 1) -> list[dict[str, Any]]:
        """Tell about the chosen point and those around it; empty if none is chosen."""
        if self.chosen is None:
            return []
        ranges = (
            range(max(k - reach, 0), min(k + reach + 1, len(self.cuts)))
            for k in self.chosen
        )
        rows, columns = ranges
        return [self.point(i, j) for i in rows for j in columns]


def scan_cuts(
    background: ScoredEvents,
    signals: Mapping[str, ScoredEvents],
    *,
    mass_edges: NDArray[np.float64],
    rules: WorkingPointRules | None = None,
    reference: str | None = None,
    asimov: bool = True,
) -> WorkingPointScan:
    """Find the cuts of highest significance among those that keep the rules.

    In each mass bin the signal region is predicted from the other three. Signals are
    brought to the total yield of one of them, so that none dominates the mean by its
    cross section alone. The variance of the background in a bin is that of its
    prediction plus the square of its non-closure: a bias is no better than a
    fluctuation.

    Parameters
    ----------
    background : ScoredEvents
        All processes, weighted to the luminosity that the significance is of.
    signals : mapping of name to ScoredEvents
    mass_edges : float, shape (bins + 1,)
        Ascending [GeV]; events outside count nowhere.
    rules : WorkingPointRules, optional
    reference : str, optional
        The signal whose yield all are given; the first if not named.
    asimov : bool
        True: the control regions are data with exactly the expected yields, so that
        their variances are Poisson, as in the talk. False: they are simulation,
        with sums of squared weights.

    Returns
    -------
    WorkingPointScan
        "not_determined" if no point keeps all rules, or no signal has a yield above
        zero in the reference.

    Raises
    ------
    ValueError
        No signal, an unknown reference, edges that do not ascend, or columns of
        `ScoredEvents` that are not finite or differ in length.

    References
    ----------
    J. Janik et al., talk, 12 Jan 2026, the formulas of its working points; which
    sigma_b it uses is not said there. Contamination: arXiv:2007.14400, equation 2.8.
    """
    rules = rules or WorkingPointRules()
    edges = np.asarray(mass_edges, np.float64)
    if edges.ndim != 1 or len(edges) < 2 or not np.all(np.diff(edges) > 0):
        message = f"scan_cuts: mass_edges must ascend, got {edges.tolist()}"
        raise ValueError(message)
    if not signals or (reference is not None and reference not in signals):
        message = (
            f"scan_cuts: reference must be one of the signals {list(signals)}, "
            f"got {reference!r}"
        )
        raise ValueError(message)
    templates = {name: _templates(each, edges, rules) for name, each in signals.items()}
    found = _templates(background, edges, rules)
    metrics, determined = _background_metrics(found, asimov=asimov)
    reference = reference or next(iter(signals))
    yields = {name: _all_events(each.weight) for name, each in templates.items()}
    _add_signal_metrics(metrics, templates, yields, found, reference, asimov=asimov)
    met = _rules(metrics, determined, rules)
    scan = WorkingPointScan("not_determined", rules.grid(), metrics, met)
    powerless = [name for name, total in yields.items() if not total > 0]
    if powerless:
        reason = f"the signal {powerless[0]} has no yield above zero in the mass bins"
        return WorkingPointScan(**{**vars(scan), "reason": reason})
    if not scan.allowed.any():
        return WorkingPointScan(**{**vars(scan), "reason": _why_none(scan)})
    best = np.where(scan.allowed, metrics["significance"], -np.inf)
    i, j = np.unravel_index(int(np.argmax(best)), best.shape)
    return WorkingPointScan("ok", rules.grid(), metrics, met, (int(i), int(j)))


def _templates(
    events: ScoredEvents, edges: NDArray[np.float64], rules: WorkingPointRules
) -> RegionYields:
    return yields_of_cuts(
        events.x,
        events.y,
        x_cuts=rules.grid(),
        y_cuts=rules.grid(),
        bin_of=np.digitize(events.mass, edges) - 1,
        num_bins=len(edges) - 1,
        weights=events.weight,
    )


def _all_events(regions: FourRegions[NDArray[np.float64]]) -> float:
    """Sum over regions and bins, which is the same at every cut."""
    return float(sum(np.sum(each[0, 0]) for each in regions.named.values()))


@dataclass(frozen=True)
class _Predicted:
    """Predictions where there are any, of shape (cuts, cuts[, bins]); NaN elsewhere."""

    weight: FourRegions[NDArray[np.float64]]
    value: NDArray[np.float64]
    variance: NDArray[np.float64]
    observed_variance: NDArray[np.float64]

    @classmethod
    def of(cls, yields: RegionYields, *, asimov: bool) -> _Predicted:
        weight = yields.weight
        defined = np.logical_and.reduce([n > 0 for n in weight.named.values()])
        weight = weight.map(lambda n: np.where(defined, n, np.nan))
        variance = weight if asimov else yields.variance
        value = predicted_yield(weight)
        relative = sum(
            getattr(variance, region) / getattr(weight, region) ** 2
            for region in ("pass_fail", "fail_pass", "fail_fail")
        )
        return cls(weight, value, value**2 * relative, yields.variance.pass_pass)

    @property
    def miss(self) -> NDArray[np.float64]:
        missed: NDArray[np.float64] = self.value - self.weight.pass_pass
        return missed

    @property
    def squared_pull(self) -> NDArray[np.float64]:
        return self.miss**2 / (self.variance + self.observed_variance)


def _over_bins(yields: RegionYields) -> RegionYields:
    return RegionYields(
        yields.weight.map(lambda n: n.sum(axis=-1)),
        yields.variance.map(lambda n: n.sum(axis=-1)),
    )


def _background_metrics(
    found: RegionYields, *, asimov: bool
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    binned = _Predicted.of(found, asimov=asimov)
    total = _Predicted.of(_over_bins(found), asimov=asimov)
    chi_square = binned.squared_pull.sum(axis=-1)
    determined = np.isfinite(chi_square) & np.isfinite(total.value)
    p_value = special.chdtrc(binned.value.shape[-1], chi_square)
    return {
        "p_value": np.where(determined, p_value, np.nan),
        "non_closure": non_closure(total.weight),
        "pull": np.sign(total.miss) * np.sqrt(total.squared_pull),
    }, determined


def _add_signal_metrics(
    metrics: dict[str, NDArray[np.float64]],
    templates: Mapping[str, RegionYields],
    yields: Mapping[str, float],
    found: RegionYields,
    reference: str,
    *,
    asimov: bool,
) -> None:
    binned = _Predicted.of(found, asimov=asimov)
    total = _Predicted.of(_over_bins(found), asimov=asimov)
    variance = binned.variance + binned.miss**2
    significance, simple, contamination = [], [], []
    for name, template in templates.items():
        scale = yields[reference] / yields[name] if yields[name] > 0 else np.nan
        signal = template.weight.map(lambda n, scale=scale: scale * n)  # type: ignore[misc]
        in_bins = asimov_significance(signal.pass_pass, binned.value, variance)
        significance.append(np.sqrt(np.sum(in_bins**2, axis=-1)))
        all_bins = signal.map(lambda n: n.sum(axis=-1))
        simple.append(
            simple_significance(
                all_bins.pass_pass, total.value, non_closure(total.weight)
            )
        )
        contamination.append(_contamination(all_bins, total.weight))
    metrics["significance"] = np.mean(significance, axis=0)
    metrics["simple_significance"] = np.mean(simple, axis=0)
    metrics["contamination"] = np.max(contamination, axis=0)


def _contamination(
    signal: FourRegions[NDArray[np.float64]],
    background: FourRegions[NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Of a signal that has no events in the signal region all is predicted away."""
    some = signal.pass_pass > 0
    safe = FourRegions(
        np.where(some, signal.pass_pass, 1.0), *list(signal.named.values())[1:]
    )
    return np.where(some, signal_contamination(safe, background), np.inf)


def _rules(
    metrics: Mapping[str, NDArray[np.float64]],
    determined: NDArray[np.bool_],
    rules: WorkingPointRules,
) -> dict[str, NDArray[np.bool_]]:
    # A comparison with NaN is False: what is not determined breaks the rule.
    p_value = np.nan_to_num(metrics["p_value"], nan=-1.0)
    lowest = ndimage.minimum_filter(p_value, 2 * rules.plateau + 1, mode="nearest")
    return {
        _DETERMINED: determined,
        f"p-value >= {rules.p_value_min:g} on a plateau": lowest >= rules.p_value_min,
        f"|non-closure| <= {rules.non_closure_max:g}": (
            np.abs(metrics["non_closure"]) <= rules.non_closure_max
        ),
        f"|pull| <= {rules.pull_max:g}": np.abs(metrics["pull"]) <= rules.pull_max,
        f"contamination <= {rules.contamination_max:g}": (
            metrics["contamination"] <= rules.contamination_max
        ),
        "the significance is determined": np.isfinite(metrics["significance"]),
    }


def _why_none(scan: WorkingPointScan) -> str:
    alone = "; ".join(f"{name}: {met.sum()}" for name, met in scan.rules.items())
    said = (
        f"none of {scan.allowed.size} working points keeps all rules; points that keep "
        f"each of them alone: {alone}"
    )
    if scan.rules[_DETERMINED].any():
        return said
    return (
        f"{said}; everywhere a bin has a region whose weights do not sum to more than"
        " zero: give more events, or wider bins of the mass"
    )
