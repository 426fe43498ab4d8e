"""The ABCD likelihood: closed forms, pyhf, toys, scales, and what gives no answer."""

from __future__ import annotations

import math

import numpy as np
import pytest

from oddjet.stats.abcd import predicted_yield, signal_contamination
from oddjet.stats.abcd_likelihood import (
    AbcdLikelihood,
    AbcdUncertainties,
    normalisation_shifts,
    why_no_likelihood,
)
from oddjet.stats.abcd_limits import abcd_cls, abcd_limit, toy_cls
from oddjet.stats.abcd_workspace import abcd_workspace, combine_card
from oddjet.stats.limits import gaussian_upper_limit
from oddjet.stats.region_yields import FourRegions, RegionYields
from oddjet.stats.workspace import pyhf_cls, pyhf_significance


def regions(pass_pass, pass_fail, fail_pass, fail_fail):
    columns = (pass_pass, pass_fail, fail_pass, fail_fail)
    return FourRegions(*(np.array(each, float) for each in columns))


COUNTS = regions([52, 18, 5], [110, 40, 12], [95, 30, 11], [210, 70, 25])
DEFICIT = regions([30, 11, 0], [110, 40, 12], [95, 30, 11], [210, 70, 25])
SIGNAL = regions([6, 9, 4], [2, 2, 1], [1, 2, 1], [0.3, 0.2, 0.1])
UNCERTAINTIES = AbcdUncertainties(
    {"luminosity": 0.016, "acceptance": 0.1},
    np.array([0.05, 0.08, 0.2]),
    {"normalisation_top": np.array([0.02, -0.03, 0.0])},
)
LIKELIHOODS = {
    "excess": AbcdLikelihood(COUNTS, SIGNAL, UNCERTAINTIES),
    "deficit": AbcdLikelihood(DEFICIT, SIGNAL, UNCERTAINTIES),
    "small deficit": AbcdLikelihood(
        regions([45, 14, 3], [110, 40, 12], [95, 30, 11], [210, 70, 25]), SIGNAL
    ),
    "statistics alone": AbcdLikelihood(COUNTS, SIGNAL),
}


class TestClosedForms:
    def test_without_signal_it_is_the_test_of_independence(self):
        """Four counts and three free yields: nu = row times column over the sum."""
        n = np.array([[52.0, 110.0], [95.0, 210.0]])
        likelihood = AbcdLikelihood(
            regions(*n.reshape(4, 1)), regions([10], [0], [0], [0])
        )
        expected = n.sum(1, keepdims=True) * n.sum(0) / n.sum()
        wanted = 2 * np.sum(n * np.log(n / expected))
        assert likelihood.fit(0.0).deviance[0] == pytest.approx(wanted, rel=1e-10)
        assert likelihood.significance() == pytest.approx(math.sqrt(wanted), rel=1e-10)
        fit = likelihood.fit(0.0)
        np.testing.assert_allclose(
            likelihood.model.expected(fit.values, fit.mu)[0], expected.ravel()
        )

    def test_best_signal_without_contamination_is_the_difference(self):
        counts = regions([80], [110], [95], [210])
        likelihood = AbcdLikelihood(counts, regions([7], [0], [0], [0]))
        wanted = (80 - predicted_yield(counts)[0]) / 7
        assert likelihood.best_fit().mu[0] == pytest.approx(wanted, rel=1e-9)
        assert likelihood.best_fit().deviance[0] == pytest.approx(0.0, abs=1e-12)

    @pytest.mark.parametrize("excess", [0.0, 1.5e4, -1.5e4])
    def test_gaussian_limit(self, excess):
        """Many events: measured (n - predicted) / s (1 - r), Gaussian, bounded by CLs.

        r is the signal contamination of arXiv:2007.14400, equation 2.8: the part of a
        signal that the control regions predict away.
        """
        control = np.array([[2e8], [3e8], [6e8]])
        predicted = 2e8 * 3e8 / 6e8
        counts = regions([predicted + excess], *control)
        signal = regions([4e3], [1e3], [2e3], [5e2])
        background = regions([predicted], *control)
        kept = 1 - signal_contamination(signal, background)[0]
        variance = predicted + predicted**2 * np.sum(1 / control)
        # At the tested signal the variance is that of a few events more: 1e-3.
        wanted = gaussian_upper_limit(excess, math.sqrt(variance)) / (4e3 * kept)
        found = abcd_limit(counts, signal)
        assert found.observed == pytest.approx(wanted, rel=2e-3)
        assert found.significance == pytest.approx(
            excess / math.sqrt(variance), abs=2e-3
        )
        sigma = math.sqrt(variance) / (4e3 * kept)
        assert found.expected[2] == pytest.approx(1.96 * sigma, rel=2e-3)

    def test_non_closure_adds_in_quadrature(self):
        counts = regions([1e8], [2e8], [3e8], [6e8])
        signal = regions([1e4], [0], [0], [0])
        statistical = 1e8 + 1e16 * (1 / 2e8 + 1 / 3e8 + 1 / 6e8)
        for size in (0.0, 3e-4, 1e-3):
            sigma = math.sqrt(statistical + (size * 1e8) ** 2) / 1e4
            u = AbcdUncertainties(non_closure=np.array([size]))
            found = abcd_limit(counts, signal, u)
            assert found.observed == pytest.approx(1.96 * sigma, rel=2e-3)


class TestAgainstPyhf:
    @pytest.mark.parametrize("name", ["excess", "small deficit", "statistics alone"])
    def test_significance(self, name):
        likelihood = LIKELIHOODS[name]
        theirs = pyhf_significance(abcd_workspace(likelihood))
        assert likelihood.significance() == pytest.approx(theirs, abs=1e-6)

    def test_a_bin_without_events_bounds_a_negative_signal(self):
        """Its expectation falls to zero, where pyhf's own fit loses its way."""
        likelihood = LIKELIHOODS["deficit"]
        best = likelihood.best_fit(non_negative=False)
        assert best.converged[0]
        expected = likelihood.model.expected(best.values, best.mu)[0]
        assert 0 < expected[2] < 1e-9
        assert -4 < likelihood.significance() < -2

    @pytest.mark.parametrize("mu", [0.3, 1.3, 4.0])
    @pytest.mark.parametrize("name", LIKELIHOODS)
    def test_cls(self, name, mu):
        """The deficit is on the other branch of qtilde."""
        mine = abcd_cls(LIKELIHOODS[name], mu)
        theirs = pyhf_cls(abcd_workspace(LIKELIHOODS[name]), mu)
        assert mine.observed == pytest.approx(theirs.observed, abs=1e-6)
        assert mine.expected == pytest.approx(theirs.expected, abs=1e-6)

    def test_asimov_data_cannot_be_written(self):
        with pytest.raises(ValueError, match="constraints that are not at 0"):
            abcd_workspace(LIKELIHOODS["excess"].asimov())


def test_toys_agree_with_the_asymptotic_formulae():
    """With hundreds of events the two differ by less than the toys' own error."""
    counts = regions([340], [1100], [950], [3100])
    signal = regions([50], [20], [10], [5])
    u = AbcdUncertainties({"luminosity": 0.02}, np.array([0.03]))
    likelihood = AbcdLikelihood(counts, signal, u)
    for mu in (0.8, 1.5):
        found = toy_cls(likelihood, mu, toys=4000, seed=5)
        assert found.failed == 0
        wanted = abcd_cls(likelihood, mu).observed
        assert found.value == pytest.approx(wanted, abs=3 * found.error)
        assert found.error < 0.2 * found.value


def test_toys_of_few_events_all_converge():
    """Control regions that come out empty are data, not failures."""
    counts = regions([1], [3], [2], [4])
    likelihood = AbcdLikelihood(counts, regions([2], [0.2], [0.2], [0.1]))
    found = toy_cls(likelihood, 2.0, toys=2000, seed=6)
    assert found.failed == 0
    assert 0 < found.value < 1


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e6])
def test_limits_of_any_scale(scale):
    wanted = abcd_limit(COUNTS, SIGNAL, UNCERTAINTIES)
    found = abcd_limit(COUNTS, SIGNAL.map(lambda s: s / scale), UNCERTAINTIES)
    assert found.observed == pytest.approx(wanted.observed * scale, rel=1e-6)
    assert found.expected == pytest.approx(
        tuple(each * scale for each in wanted.expected), rel=1e-6
    )
    assert found.significance == pytest.approx(wanted.significance, abs=1e-8)


def test_bands_are_limits_of_what_they_say():
    """CLs of the Asimov data at each expected limit is 0.05 in its own band."""
    found = abcd_limit(COUNTS, SIGNAL, UNCERTAINTIES)
    assert list(found.expected) == sorted(found.expected)
    for i, mu in enumerate(found.expected):
        cls = abcd_cls(LIKELIHOODS["excess"], mu)
        assert cls.expected[i] == pytest.approx(0.05, abs=1e-6)
    at_limit = abcd_cls(LIKELIHOODS["excess"], found.observed)
    assert at_limit.observed == pytest.approx(0.05, abs=1e-6)


def test_contamination_costs_power():
    clean = SIGNAL.map(np.copy)
    clean = regions(clean.pass_pass, [0] * 3, [0] * 3, [0] * 3)
    assert (
        abcd_limit(COUNTS, clean).expected[2]
        < 0.95 * abcd_limit(COUNTS, SIGNAL).expected[2]
    )


def test_blind_limits_do_not_see_the_signal_region():
    one = abcd_limit(COUNTS, SIGNAL, UNCERTAINTIES, blind=True)
    other = abcd_limit(DEFICIT, SIGNAL, UNCERTAINTIES, blind=True)
    assert one == other
    assert (one.observed, one.significance, one.best_mu) == (None, None, None)
    asimov = AbcdLikelihood(COUNTS, SIGNAL, UNCERTAINTIES).blinded()
    assert asimov.significance() == pytest.approx(0.0, abs=1e-7)


class TestNoAnswer:
    @pytest.mark.parametrize(
        ("counts", "signal", "reason"),
        [
            (
                regions([3, 1], [2, 0], [1, 1], [2, 2]),
                regions([1, 1], [0, 0], [0, 0], [0, 0]),
                "bin 1 of the region pass X, fail Y holds 0 events: no prediction",
            ),
            (
                regions([3], [2], [-1], [2]),
                regions([1], [0], [0], [0]),
                "bin 0 of the region fail X, pass Y holds -1 events",
            ),
            (
                regions([math.nan], [2], [1], [2]),
                regions([1], [0], [0], [0]),
                "the region pass X, pass Y holds nan events",
            ),
            (
                regions([3], [2], [1], [2]),
                regions([1], [-0.2], [0], [0]),
                "signal in bin 0 of the region pass X, fail Y sums to -0.2, below zero",
            ),
            (
                regions([3], [2], [1], [2]),
                regions([0], [1], [0], [0]),
                "no signal passes both cuts: its efficiency is zero",
            ),
        ],
    )
    def test_reasons(self, counts, signal, reason):
        assert reason in why_no_likelihood(counts, signal)
        found = abcd_limit(counts, signal)
        assert found.status == "not_determined"
        assert reason in found.reason
        assert (found.observed, found.expected) == (None, None)
        with pytest.raises(ValueError, match="ABCD likelihood"):
            AbcdLikelihood(counts, signal)

    def test_an_empty_signal_region_is_an_answer(self):
        found = abcd_limit(regions([0], [2], [1], [2]), regions([1], [0], [0], [0]))
        assert found.status == "ok"
        assert found.significance < 0
        assert 2 < found.observed < 5

    def test_a_signal_that_is_predicted_away_is_bounded_by_all_events(self):
        """Of the shape of the background: only the sum of all counts limits it."""
        counts = regions([100], [200], [300], [600])
        found = abcd_limit(counts, counts.map(lambda n: n / 10))
        assert found.significance == pytest.approx(0.0, abs=1e-6)
        assert found.observed == pytest.approx(10.0, rel=0.1)

    @pytest.mark.parametrize(
        ("uncertainties", "problem"),
        [
            (AbcdUncertainties({"acceptance": -1.0}), "acceptance must be above -1"),
            (AbcdUncertainties({"a": math.nan}), "must be above -1, got nan"),
            (
                AbcdUncertainties({"top": 0.1}, prediction={"top": np.full(3, 0.1)}),
                "need different names",
            ),
        ],
    )
    def test_uncertainties(self, uncertainties, problem):
        with pytest.raises(ValueError, match=problem):
            AbcdLikelihood(COUNTS, SIGNAL, uncertainties)


def test_normalisation_shifts_of_the_talk():
    """Its total closes by cancellation: 20 % more ttbar moves the prediction.

    Yields (pass-pass, pass-fail, fail-pass, fail-fail) of two processes that miss by
    +17.5 % and -24.6 %.
    """
    qcd = regions([100.0], [200.0], [235.0], [400.0])
    top = regions([100.0], [150.8], [200.0], [400.0])
    yields = {
        name: RegionYields(each, each)
        for name, each in {"qcd": qcd, "top": top}.items()
    }
    shift = normalisation_shifts(yields, {"top": 0.2})["normalisation_top"]

    def ratio(scale):
        each = [
            q + scale * t
            for q, t in zip(qcd.named.values(), top.named.values(), strict=True)
        ]
        return each[0] * each[3] / (each[1] * each[2])

    np.testing.assert_allclose(shift, ratio(1.2) / ratio(1.0) - 1)
    assert 0.005 < shift[0] < 0.03
    with pytest.raises(ValueError, match="no process 'W'; known: qcd, top"):
        normalisation_shifts(yields, {"W": 0.1})


class TestCombineCard:
    def test_it_says_what_the_likelihood_says(self):
        rows = [
            line.split() for line in combine_card(LIKELIHOODS["excess"]).splitlines()
        ]
        named = {row[0]: row[1:] for row in rows if row[0] not in ("bin", "process")}
        assert named["observation"][:4] == ["52", "18", "5", "110"]
        signal, background = named["rate"][::2], named["rate"][1::2]
        assert [float(each) for each in signal] == pytest.approx(
            LIKELIHOODS["excess"].model.signal
        )
        assert set(background) == {"1"}
        assert named["luminosity"] == ["lnN", *(["1.016", "-"] * 12)]
        assert named["non_closure_1"] == ["lnN", "-", "-", "-", "1.08", *(["-"] * 20)]
        assert named["normalisation_top"][:7] == [
            "lnN", "-", "1.02", "-", "0.97", "-", "-",
        ]  # fmt: skip
        assert named["n_pass_pass_2"] == [
            "rateParam",
            "pass_pass_2",
            "background",
            "@0*@1/@2",
            "n_pass_fail_2,n_fail_pass_2,n_fail_fail_2",
        ]

    def test_its_formula_gives_the_prediction(self):
        """A card read back by its own rules: rates times parameters."""
        likelihood = LIKELIHOODS["excess"]
        rates = {}
        for line in combine_card(likelihood).splitlines():
            words = line.split()
            if "rateParam" in words[1:2]:
                if words[4].startswith("@"):
                    a, b, c = (rates[name] for name in words[5].split(","))
                    rates[words[0]] = a * b / c
                else:
                    rates[words[0]] = float(words[4])
        found = [rates[f"n_pass_pass_{i}"] for i in range(3)]
        np.testing.assert_allclose(found, likelihood.predicted()[0])
