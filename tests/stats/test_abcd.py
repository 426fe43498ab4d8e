"""The ABCD arithmetic: a published table, its errors by toys, and refusals."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
import torch

from oddjet.stats.abcd import (
    closure_test,
    closure_tests_of_processes,
    non_closure,
    predict,
    predicted_yield,
    signal_contamination,
    symmetric_closure,
)
from oddjet.stats.region_yields import FourRegions, RegionYields, count_regions

# J. Janik et al., talk, 12 Jan 2026, "Expected Background Yields at optimized WP":
# its regions A, B, C, D are (pass, fail), (pass, pass), (fail, fail), (fail, pass).
TABLE = {
    "SP": {
        "QCD": (102541, 25086, 376254, 108167),
        "ttbar": (18187, 26432, 71890, 78808),
        "W+jets": (7600, 7996, 32803, 29686),
        "Z+jets": (2257, 2621, 5406, 9736),
    },
    "VP": {
        "QCD": (24566, 7492, 72132, 24993),
        "ttbar": (2545, 4299, 5949, 7246),
        "W+jets": (956, 1425, 2420, 2876),
        "Z+jets": (359, 531, 472, 1145),
    },
}


def of_the_talk(row):
    a, b, c, d = row
    return RegionYields.of_counts(
        FourRegions(pass_pass=b, pass_fail=a, fail_pass=d, fail_fail=c)
    )


class TestPublishedTable:
    def processes(self, plane):
        return closure_tests_of_processes(
            {name: of_the_talk(row) for name, row in TABLE[plane].items()}
        )

    def test_signal_plane(self):
        total = self.processes("SP")["total"]
        assert round(total.prediction.predicted) == 60_787
        assert total.observed == 62_135
        assert total.non_closure == pytest.approx(-0.022, abs=5e-4)
        # Three regions of 1e5 events: the miss of 2 % is real.
        assert total.prediction.error == pytest.approx(228, abs=1)
        assert total.pull == pytest.approx(-4.0, abs=0.05)

    def test_validation_plane(self):
        total = self.processes("VP")["total"]
        assert total.observed == 13_747
        assert total.non_closure == pytest.approx(-0.074, abs=5e-4)

    def test_the_total_closes_by_cancellation(self):
        found = self.processes("SP")
        percent = {name: 100 * each.non_closure for name, each in found.items()}
        expected = {"QCD": 17.5, "ttbar": -24.6, "W+jets": -14.0, "Z+jets": 55.1}
        for name, value in expected.items():
            assert percent[name] == pytest.approx(value, abs=0.05)


class TestArithmetic:
    def test_arrays_tensors_and_numbers_agree(self):
        rng = np.random.default_rng(1)
        table = rng.uniform(1, 9, (4, 7))
        signal = rng.uniform(0, 1, (4, 7))
        arrays = FourRegions(*table)
        tensors = arrays.map(torch.from_numpy)
        for function in (predicted_yield, non_closure, symmetric_closure):
            numbers = [function(FourRegions(*table[:, i])) for i in range(7)]
            np.testing.assert_allclose(function(arrays), numbers, rtol=1e-14)
            np.testing.assert_allclose(function(tensors).numpy(), numbers, rtol=1e-14)
        both = signal_contamination(FourRegions(*signal), arrays)
        tensor = signal_contamination(
            FourRegions(*signal).map(torch.from_numpy), tensors
        )
        np.testing.assert_allclose(tensor.numpy(), both, rtol=1e-14)

    def test_symmetric_closure_of_a_given_miss(self):
        for miss in (-0.5, -0.1, 0.1, 1.0):
            regions = FourRegions(1.0, 2.0, 3.0 * (1 + miss), 6.0)
            assert non_closure(regions) == pytest.approx(miss)
            assert symmetric_closure(regions) == pytest.approx(abs(miss) / (2 + miss))

    def test_contamination_is_the_rise_of_the_prediction(self):
        """To first order in the signal, by a numerical derivative."""
        background = FourRegions(100.0, 900.0, 1500.0, 13500.0)
        signal = FourRegions(7.0, 4.0, 3.0, 2.0)

        def with_signal(strength):
            return FourRegions(
                *(
                    b + strength * s
                    for b, s in zip(
                        background.named.values(), signal.named.values(), strict=True
                    )
                )
            )

        step = 1e-6
        rise = predicted_yield(with_signal(step)) - predicted_yield(background)
        expected = rise / (step * signal.pass_pass)
        found = signal_contamination(signal, background)
        assert found == pytest.approx(expected, rel=1e-5)

    def test_errors_are_those_of_toys(self):
        means = FourRegions(400, 2000, 1000, 5000)
        rng = np.random.default_rng(2)
        toys = FourRegions(*(rng.poisson(n, 40_000) for n in means.named.values()))
        found = closure_test(RegionYields.of_counts(means))
        # Beyond the linear propagation: terms of 1/n, 0.2 % here.
        assert np.std(predicted_yield(toys)) == pytest.approx(
            found.prediction.error, rel=0.02
        )
        assert np.std(non_closure(toys)) == pytest.approx(
            found.non_closure_error, rel=0.02
        )
        pulls = [
            closure_test(RegionYields.of_counts(FourRegions(*counts))).pull
            for counts in np.array(list(toys.named.values())).T[:4000]
        ]
        assert abs(np.mean(pulls)) < 0.06
        assert np.std(pulls) == pytest.approx(1, abs=0.05)

    def test_weighted_errors_are_those_of_toys(self):
        rng = np.random.default_rng(3)
        predictions, errors = [], []
        for _ in range(1000):
            count = rng.poisson(3000)
            x, y = rng.uniform(size=(2, count))
            weights = rng.choice([-0.5, 0.2, 3.0], count, p=[0.1, 0.6, 0.3])
            found = predict(count_regions(x, y, cut=(0.6, 0.7), weights=weights))
            predictions.append(found.predicted)
            errors.append(found.error)
        assert np.std(predictions) == pytest.approx(np.mean(errors), rel=0.08)


class TestCounting:
    def test_the_literal_definition(self):
        rng = np.random.default_rng(4)
        x, y = rng.uniform(size=(2, 500))
        x[:5], y[5:9] = 0.3, 0.6
        weights, bin_of = rng.normal(size=500), rng.integers(-1, 4, 500)
        found = count_regions(
            x, y, cut=(0.3, 0.6), weights=weights, bin_of=bin_of, num_bins=3
        )
        for i in range(3):
            for pass_x in (True, False):
                for pass_y in (True, False):
                    here = ((x > 0.3) == pass_x) & ((y > 0.6) == pass_y) & (bin_of == i)
                    region = f"{'pass' if pass_x else 'fail'}_"
                    region += "pass" if pass_y else "fail"
                    assert getattr(found.weight, region)[i] == pytest.approx(
                        weights[here].sum()
                    )
                    assert getattr(found.variance, region)[i] == pytest.approx(
                        (weights[here] ** 2).sum()
                    )

    def test_bins_add_to_the_total(self):
        rng = np.random.default_rng(5)
        x, y, mass = rng.uniform(size=(3, 300))
        bin_of = np.digitize(mass, [0.25, 0.5, 0.75])
        options = {"cut": (0.5, 0.5)}
        binned = count_regions(x, y, bin_of=bin_of, num_bins=4, **options)
        assert binned.total() == count_regions(x, y, **options)
        each = [
            count_regions(x[bin_of == i], y[bin_of == i], **options) for i in range(4)
        ]
        assert binned.bins() == tuple(each)
        assert sum(each[1:], start=each[0]) == binned.total()

    def test_copies_of_an_event_fluctuate_together(self):
        columns = {"x": [0.9, 0.9, 0.9, 0.1], "y": [0.9, 0.9, 0.9, 0.9]}
        weights = [1.0, 2.0, 3.0, 5.0]
        apart = count_regions(**columns, cut=(0.5, 0.5), weights=weights)
        found = count_regions(
            **columns, cut=(0.5, 0.5), weights=weights, source=[7, 7, 8, 7]
        )
        assert found.weight == apart.weight
        assert apart.variance.pass_pass == 1 + 4 + 9
        # The copies 1 and 2 share a cell; the third copy lies in another.
        assert found.variance.pass_pass == (1 + 2) ** 2 + 9
        assert found.variance.fail_pass == 25
        binned = count_regions(
            **columns, cut=(0.5, 0.5), weights=weights, source=[7, 7, 8, 7],
            bin_of=[0, 1, 1, -1], num_bins=2,
        )  # fmt: skip
        assert binned.variance.pass_pass.tolist() == [1, 4 + 9]
        assert binned.variance.fail_pass.tolist() == [0, 0]

    def test_a_score_at_the_cut_fails(self):
        found = count_regions([0.5], [0.5], cut=(0.5, 0.5))
        assert found.weight.fail_fail == 1

    @pytest.mark.parametrize(
        ("changed", "problem"),
        [
            ({"y": [0.1]}, r"y must have one value an event, \(2,\), got .* \(1,\)"),
            ({"x": [0.1, math.nan]}, r"x\[1\] is not finite, nan"),
            ({"weights": [math.inf, 1.0]}, r"weights\[0\] is not finite, inf"),
            ({"bin_of": [0, 1]}, "bin_of and num_bins go together"),
            ({"bin_of": [0], "num_bins": 2}, "bin_of must have one value an event"),
        ],
    )
    def test_bad_columns_are_named(self, changed, problem):
        arguments = {"x": [0.1, 0.2], "y": [0.3, 0.4], "cut": (0.5, 0.5)}
        with pytest.raises(ValueError, match=f"count_regions: {problem}"):
            count_regions(**(arguments | changed))


class TestNotDetermined:
    @pytest.mark.parametrize("region", ["pass_fail", "fail_pass", "fail_fail"])
    def test_an_empty_control_region(self, region):
        counts = {"pass_pass": 5, "pass_fail": 9, "fail_pass": 8, "fail_fail": 20}
        found = closure_test(
            RegionYields.of_counts(FourRegions(**(counts | {region: 0})))
        )
        assert found.status == found.prediction.status == "not_determined"
        assert found.reason.endswith("is empty")
        assert region.split("_")[0] in found.reason
        assert found.non_closure is None
        assert found.prediction.predicted is None

    def test_an_empty_signal_region_has_a_prediction(self):
        found = closure_test(RegionYields.of_counts(FourRegions(0, 9, 8, 20)))
        assert found.status == "not_determined"
        assert found.reason == "the region pass X, pass Y is empty"
        assert found.prediction.predicted == pytest.approx(3.6)
        assert found.observed == 0

    def test_negative_sums(self):
        x, y = [0.9, 0.9, 0.9, 0.1, 0.1], [0.1, 0.1, 0.9, 0.9, 0.1]
        yields = count_regions(x, y, cut=(0.5, 0.5), weights=[1, -1.5, 1, 1, 1])
        found = predict(yields)
        assert found.status == "not_determined"
        assert found.reason == (
            "the weights of the region pass X, fail Y sum to -0.5, not above zero"
        )
        cancelled = count_regions(x, y, cut=(0.5, 0.5), weights=[1, -1, 1, 1, 1])
        assert "sum to 0, not above zero" in predict(cancelled).reason

    def test_results_are_plain_data(self):
        for counts in (FourRegions(0, 9, 8, 20), FourRegions(3, 9, 8, 20)):
            json.dumps(
                asdict(closure_test(RegionYields.of_counts(counts))), allow_nan=False
            )

    def test_no_processes(self):
        with pytest.raises(ValueError, match=r"there must be a process.* got \[\]"):
            closure_tests_of_processes({})
