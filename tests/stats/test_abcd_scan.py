"""The working-point scan against one point at a time, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from oddjet.runs.config import parse_config
from oddjet.runs.errors import UserError
from oddjet.stats.abcd import signal_contamination
from oddjet.stats.abcd_scan import ScoredEvents, WorkingPointRules, scan_cuts
from oddjet.stats.asimov import asimov_significance, simple_significance
from oddjet.stats.binned_closure import binned_closure_test
from oddjet.stats.region_yields import RegionYields, count_regions
from oddjet.stats.score_grid import yields_of_cuts

EDGES = np.array([600.0, 900.0, 1300.0, 3000.0])
RULES = WorkingPointRules(cuts=9)


def events(count, seed, *, signal=False, weight=1.0):
    rng = np.random.default_rng(seed)
    x, y = rng.beta(5, 1.5, (2, count)) if signal else rng.beta(1.2, 3, (2, count))
    mass = 600 + (
        rng.exponential(400, count) if not signal else rng.normal(500, 90, count)
    )
    return ScoredEvents(x, y, mass, weight * rng.uniform(0.5, 1.5, count))


BACKGROUND = events(60_000, 1)
SIGNALS = {
    "2 TeV": events(2000, 2, signal=True, weight=0.1),
    "3 TeV": events(1500, 3, signal=True, weight=0.02),
}


def yields_at(sample, cut):
    return count_regions(
        sample.x,
        sample.y,
        cut=cut,
        weights=sample.weight,
        bin_of=np.digitize(sample.mass, EDGES) - 1,
        num_bins=3,
    )


class TestGrid:
    def test_it_counts_as_one_point_does(self):
        rng = np.random.default_rng(4)
        x, y = rng.integers(0, 6, (2, 400)) / 5  # many scores at a cut
        bin_of, weights = rng.integers(-1, 4, 400), rng.normal(size=400)
        cuts_x, cuts_y = np.array([0.2, 0.6, 0.8]), np.array([0.0, 0.4])
        options = {"bin_of": bin_of, "num_bins": 3, "weights": weights}
        grid = yields_of_cuts(x, y, x_cuts=cuts_x, y_cuts=cuts_y, **options)
        for i, x_cut in enumerate(cuts_x):
            for j, y_cut in enumerate(cuts_y):
                one = count_regions(x, y, cut=(x_cut, y_cut), **options)
                for found, expected in (
                    (grid.weight, one.weight),
                    (grid.variance, one.variance),
                ):
                    for region, values in expected.named.items():
                        np.testing.assert_allclose(
                            found.named[region][i, j], values, rtol=1e-12, atol=1e-12
                        )

    def test_an_empty_region_is_exactly_empty(self):
        weights = np.random.default_rng(5).uniform(size=1000)
        grid = yields_of_cuts(
            np.linspace(0, 0.5, 1000),
            np.linspace(0.5, 0, 1000),
            x_cuts=[0.2, 0.6],
            y_cuts=[0.4],
            bin_of=np.zeros(1000),
            num_bins=1,
            weights=weights,
        )
        assert grid.weight.pass_pass[1, 0, 0] == 0
        assert grid.variance.pass_fail[1, 0, 0] == 0

    def test_bad_grids_are_refused(self):
        arguments = {
            "x_cuts": [0.5, 0.4],
            "y_cuts": [0.5],
            "bin_of": [0],
            "num_bins": 1,
        }
        with pytest.raises(ValueError, match=r"x_cuts must ascend, got \[0.5, 0.4\]"):
            yields_of_cuts([0.1], [0.2], **arguments)
        with pytest.raises(
            ValueError, match=r"yields_of_cuts: y\[0\] is not finite, nan"
        ):
            yields_of_cuts([0.1], [np.nan], **(arguments | {"x_cuts": [0.5]}))


class TestMetrics:
    @pytest.mark.parametrize("asimov", [True, False])
    def test_every_point_is_the_arithmetic_of_one(self, asimov):
        scan = scan_cuts(
            BACKGROUND, SIGNALS, mass_edges=EDGES, rules=RULES, asimov=asimov
        )
        totals = {
            name: each.weight[(each.mass >= 600) & (each.mass < 3000)].sum()
            for name, each in SIGNALS.items()
        }
        for i, j in ((0, 0), (2, 5), (4, 4), (6, 3)):
            cut = RULES.grid()[i], RULES.grid()[j]
            found = yields_at(BACKGROUND, cut)
            control = found.weight if asimov else found.variance
            tested = binned_closure_test(
                RegionYields(
                    found.weight,
                    type(control)(
                        found.variance.pass_pass, *list(control.named.values())[1:]
                    ),
                )
            )
            point = scan.point(i, j)
            assert (point["x_cut"], point["y_cut"]) == cut
            assert point["p_value"] == pytest.approx(tested.p_value, rel=1e-9)
            assert point["non_closure"] == pytest.approx(tested.total.non_closure)
            assert point["pull"] == pytest.approx(tested.total.pull)
            significances, simple, contamination = [], [], []
            for name, sample in SIGNALS.items():
                signal = yields_at(sample, cut)
                scale = totals["2 TeV"] / totals[name]
                squared = 0.0
                for s, each in zip(signal.weight.pass_pass, tested.bins, strict=True):
                    bias = each.prediction.predicted - each.observed
                    variance = each.prediction.error**2 + bias**2
                    squared += (
                        float(
                            asimov_significance(
                                scale * s, each.prediction.predicted, variance
                            )
                        )
                        ** 2
                    )
                significances.append(math.sqrt(squared))
                all_bins = signal.total().weight
                simple.append(
                    simple_significance(
                        [scale * all_bins.pass_pass],
                        tested.total.prediction.predicted,
                        tested.total.non_closure,
                    )[0]
                )
                contamination.append(
                    signal_contamination(all_bins, found.total().weight)
                )
            assert point["significance"] == pytest.approx(np.mean(significances))
            assert point["simple_significance"] == pytest.approx(np.mean(simple))
            assert point["contamination"] == pytest.approx(max(contamination))

    def test_a_signal_that_is_scaled_is_the_same_signal(self):
        scaled = {
            name: ScoredEvents(each.x, each.y, each.mass, 7 * each.weight)
            for name, each in SIGNALS.items()
        }
        mixed = {"2 TeV": SIGNALS["2 TeV"], "3 TeV": scaled["3 TeV"]}
        options = {"mass_edges": EDGES, "rules": RULES}
        plain, other = (scan_cuts(BACKGROUND, s, **options) for s in (SIGNALS, mixed))
        np.testing.assert_allclose(
            other.metrics["significance"], plain.metrics["significance"], rtol=1e-12
        )
        by_other = scan_cuts(BACKGROUND, SIGNALS, reference="3 TeV", **options)
        assert np.nanmax(by_other.metrics["significance"]) < np.nanmax(
            plain.metrics["significance"]
        )


class TestChoice:
    def scan(self, **changed):
        rules = WorkingPointRules(
            **({"cuts": 9, "p_value_min": 0.3, "plateau": 0} | changed)
        )
        return scan_cuts(BACKGROUND, SIGNALS, mass_edges=EDGES, rules=rules)

    def test_the_most_significant_of_the_allowed(self):
        scan = self.scan()
        assert scan.status == "ok"
        i, j = scan.chosen
        assert scan.allowed[i, j]
        best = scan.metrics["significance"][scan.allowed].max()
        assert scan.metrics["significance"][i, j] == best
        assert scan.cut == (scan.cuts[i], scan.cuts[j])
        assert scan.point(i, j)["broken_rules"] == []

    def test_the_plateau_is_of_the_neighbours(self):
        narrow, wide = self.scan(), self.scan(plateau=1)
        name = "p-value >= 0.3 on a plateau"
        p_value = np.nan_to_num(narrow.metrics["p_value"], nan=-1)
        padded = np.pad(p_value, 1, constant_values=2.0)
        expected = np.min(
            [padded[i : i + 9, j : j + 9] for i in range(3) for j in range(3)], axis=0
        )
        np.testing.assert_array_equal(narrow.rules[name], p_value >= 0.3)
        np.testing.assert_array_equal(wide.rules[name], expected >= 0.3)

    def test_the_neighbourhood_tells_who_breaks_what(self):
        scan = self.scan()
        rows = scan.neighbourhood()
        i, j = scan.chosen
        assert {(row["x_cut"], row["y_cut"]) for row in rows} >= {scan.cut}
        assert len(rows) == (min(i + 2, 9) - max(i - 1, 0)) * (
            min(j + 2, 9) - max(j - 1, 0)
        )
        better = [
            r for r in rows if r["significance"] > scan.point(i, j)["significance"]
        ]
        assert all(row["broken_rules"] for row in better)

    def test_correlated_scores_have_no_working_point(self):
        rng = np.random.default_rng(6)
        x = rng.uniform(size=20_000)
        y = np.clip(x + rng.normal(0, 0.2, 20_000), 0, 1)
        correlated = ScoredEvents(x, y, np.full(20_000, 700.0), np.ones(20_000))
        scan = scan_cuts(correlated, SIGNALS, mass_edges=[600, 3000], rules=RULES)
        assert scan.status == "not_determined"
        assert scan.reason.startswith("none of 81 working points keeps all rules")
        assert "|non-closure| <= 0.05: 0" in scan.reason
        assert scan.chosen is scan.cut is None
        assert scan.neighbourhood() == []

    def test_a_bin_without_background_allows_no_point(self):
        edges = np.array([600.0, 3000.0, 90_000.0, 91_000.0])
        scan = scan_cuts(BACKGROUND, SIGNALS, mass_edges=edges, rules=RULES)
        assert scan.status == "not_determined"
        assert "every bin is determined: 0" in scan.reason
        assert scan.reason.endswith("give more events, or wider bins of the mass")

    def test_negative_regions_are_not_determined(self):
        negative = ScoredEvents(
            BACKGROUND.x,
            BACKGROUND.y,
            BACKGROUND.mass,
            np.where(BACKGROUND.x > 0.5, -1.0, 1.0),
        )
        scan = scan_cuts(negative, SIGNALS, mass_edges=EDGES, rules=RULES)
        high = RULES.grid() >= 0.5
        assert np.isnan(scan.metrics["non_closure"][high]).all()
        assert not scan.rules["every bin is determined"][high].any()

    def test_a_signal_without_yield(self):
        empty = ScoredEvents(*(np.array([v]) for v in (0.9, 0.9, 700.0, 0.0)))
        scan = scan_cuts(BACKGROUND, SIGNALS | {"none": empty}, mass_edges=EDGES)
        assert scan.status == "not_determined"
        assert scan.reason == "the signal none has no yield above zero in the mass bins"


class TestBinnedClosure:
    def test_independent_scores_give_uniform_probabilities(self):
        p_values = [
            binned_closure_test(
                yields_at(events(8000, 100 + seed), (0.4, 0.35))
            ).p_value
            for seed in range(300)
        ]
        assert stats.kstest(p_values, "uniform").pvalue > 0.01

    def test_the_first_bin_without_an_answer_is_named(self):
        yields = yields_at(events(40, 7), (0.6, 0.6))
        found = binned_closure_test(yields)
        assert found.status == "not_determined"
        assert ": the region " in found.reason
        assert len(found.bins) == 3


def test_bad_requests_are_refused():
    with pytest.raises(ValueError, match=r"mass_edges must ascend, got \[2.0, 1.0\]"):
        scan_cuts(BACKGROUND, SIGNALS, mass_edges=[2.0, 1.0])
    with pytest.raises(ValueError, match=r"reference must be one of .* got 'W'"):
        scan_cuts(BACKGROUND, SIGNALS, mass_edges=EDGES, reference="W")
    with pytest.raises(UserError, match=r"svj.yaml: p_value_min"):
        parse_config(WorkingPointRules, {"p_value_min": 2}, source="svj.yaml")
