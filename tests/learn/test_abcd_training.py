"""Two scores trained together: what they learn, resuming, configurations, refusals."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

import oddjet
from gaussian_toy import (
    background,
    regions,
    sample,
    signal,
)
from oddjet.learn.abcd_config import (
    AbcdTrainingConfig,
    AnalysisObjective,
    ClosureTerm,
    DecorrelationTerm,
    double_disco,
    single_disco,
)
from oddjet.learn.abcd_sample import AbcdSample
from oddjet.learn.abcd_terms import AbcdTerms
from oddjet.learn.abcd_training import AbcdTrainer
from oddjet.learn.losses import distance_correlation
from oddjet.learn.losses.abcd_inference import expected_significance
from oddjet.runs.config import parse_config
from oddjet.runs.errors import UserError

XY = DecorrelationTerm(between=("X", "Y"), target=0.05)
SMALL = {"hidden": (16, 16), "steps": 5, "batch_events": 4000, "learning_rate": 5e-3}


def planes_and_bins(n=1500, seed=1):
    """A toy with a mass, two planes and three bins."""
    toy = sample(n, seed)
    rng = np.random.default_rng(seed)
    return dataclasses.replace(
        toy,
        weight=rng.uniform(0.2, 1, 2 * n),
        variables={"mass": rng.exponential(size=2 * n)},
        planes={"SP": (inside := rng.uniform(size=2 * n) < 0.7), "VP": ~inside},
        bin_of=rng.integers(0, 3, 2 * n),
        num_bins=3,
    )


class TestTerms:
    def config(self, **changed):
        options = {
            "method": "fixed_weights",
            "batch_events": None,
            "decorrelate": (
                DecorrelationTerm(between=("X", "Y"), weight=1.0),
                DecorrelationTerm(between=("Y", "mass"), weight=2.0, squared=True),
                DecorrelationTerm(between=("X", "Y"), weight=1.0, above_quantile=0.3),
            ),
            "closure": (
                ClosureTerm(plane="SP", weight=3.0),
                ClosureTerm(plane="VP", binned=True, weight=4.0),
            ),
        }
        return AbcdTrainingConfig(**(options | changed))

    def test_their_names_and_weights(self):
        terms = AbcdTerms(self.config(), planes_and_bins())
        assert terms.names == (
            "R(X, Y)",
            "R^2(Y, mass)",
            "R(X, Y) above 30 %",
            "closure(SP)",
            "closure(VP), bin 0",
            "closure(VP), bin 1",
            "closure(VP), bin 2",
        )
        assert terms.weights().tolist() == [1, 2, 1, 3, 4, 4, 4]

    def test_they_are_of_the_background_alone(self):
        """Each entry from its own function, on the background of the batch."""
        toy = planes_and_bins()
        trainer = AbcdTrainer(toy, self.config(), seed=3)
        batch = trainer._batch(np.random.default_rng(1))
        trainer.networks.train()
        _, values = trainer._losses(batch, np.random.default_rng(1), epoch=1)
        here = ~toy.is_signal
        features = torch.from_numpy(toy.features)
        with torch.no_grad():
            x, y = (
                torch.sigmoid(trainer.networks[name](features))[here] for name in "XY"
            )
        weight = torch.from_numpy(toy.weight[here]).float()
        mass = torch.from_numpy(toy.variables["mass"][here]).float()
        assert values[0].item() == pytest.approx(
            distance_correlation(x, y, weight).item(), rel=1e-5
        )
        assert values[1].item() == pytest.approx(
            distance_correlation(y, mass, weight).item() ** 2, rel=1e-5
        )
        high = (x > np.quantile(x, 0.3)) & (y > np.quantile(y, 0.3))
        assert values[2].item() == pytest.approx(
            distance_correlation(x[high], y[high], weight[high]).item(), rel=1e-5
        )
        assert ((values[3:] >= 0) & (values[3:] < 1)).all()

    @pytest.mark.parametrize(
        ("changed", "problem"),
        [
            (
                {"decorrelate": [{"between": ["X", "M_T"], "weight": 1}]},
                "there is no variable 'M_T'; known: X, Y, mass",
            ),
            (
                {"closure": [{"plane": "CR", "weight": 1}]},
                "there is no plane 'CR'; known: SP, VP",
            ),
        ],
    )
    def test_unknown_names(self, changed, problem):
        config = AbcdTrainingConfig.model_validate(
            {"method": "fixed_weights"} | changed
        )
        with pytest.raises(UserError, match=problem):
            AbcdTerms(config, planes_and_bins())

    def test_bins_need_a_binned_sample(self):
        term = ClosureTerm(binned=True, weight=1.0)
        config = AbcdTrainingConfig(method="fixed_weights", closure=(term,))
        with pytest.raises(
            UserError, match="closure in bins needs a sample with bin_of"
        ):
            AbcdTerms(config, sample(100))

    def test_bins_without_a_target_are_as_if_they_were_not_there(self):
        toy = planes_and_bins(20_000)
        closing = {"batch_events": None, "decorrelate": ()}
        some = ClosureTerm(plane="SP", binned=True, target=(0.1, None, 0.2))
        config = AbcdTrainingConfig(**closing, closure=(some,))
        trainer = AbcdTrainer(toy, config, seed=3)
        assert trainer.asked == {"closure(SP), bin 0": 0.1, "closure(SP), bin 2": 0.2}
        targets = [each.target for each in trainer.multipliers.constraints]
        assert targets == [0.1, 0.2]
        # The same events with the bins 0 and 2 as the only ones there are.
        fewer = dataclasses.replace(
            toy, bin_of=np.array([0, 5, 1])[toy.bin_of], num_bins=2
        )
        both = some.model_copy(update={"target": (0.1, 0.2)})
        other = AbcdTrainer(
            fewer, AbcdTrainingConfig(**closing, closure=(both,)), seed=3
        )
        values = [
            each._losses(each._tensors, np.random.default_rng(1), epoch=1)[1]
            for each in (trainer, other)
        ]
        assert torch.equal(*values)

    def test_targets_of_bins_must_be_as_many_as_the_bins(self):
        term = ClosureTerm(binned=True, target=(0.1, 0.1))
        config = AbcdTrainingConfig(closure=(term,))
        with pytest.raises(UserError, match="has 2 targets for the 3 bins"):
            AbcdTerms(config, planes_and_bins())

    def test_a_target_below_the_floor_of_the_batch(self):
        config = AbcdTrainingConfig(decorrelate=(XY,), batch_events=1000)
        with pytest.raises(UserError, match=r"X and Y cannot .* 1.8/sqrt\(n_eff\)"):
            AbcdTerms(config, sample(2000))
        # The sample bounds what a batch with replacement can tell.
        config = AbcdTrainingConfig(decorrelate=(XY,), batch_events=10**6)
        with pytest.raises(UserError, match="in a batch of 1,000 effective"):
            AbcdTerms(config, sample(1000))
        closing = AbcdTrainingConfig(closure=(ClosureTerm(target=0.01),))
        with pytest.raises(UserError, match=r"closure\(all events\) cannot be brought"):
            AbcdTerms(closing, sample(1000))


class TestTraining:
    def test_constraints_are_learnt(self):
        toy = sample(4000)
        alone = AbcdTrainer(toy, AbcdTrainingConfig(**SMALL, epochs=8), seed=1)
        alone.run()
        config = AbcdTrainingConfig(
            **SMALL,
            epochs=40,
            decorrelate=(XY,),
            damping=1.0,
            multiplier_rate=0.1,
        )
        config = config.model_copy(update={"batch_events": None})
        trainer = AbcdTrainer(toy, config, seed=1)
        history = trainer.run()
        test = background(20_000, 99)
        free = oddjet.distance_correlation(*alone.scores(test).values())
        kept = oddjet.distance_correlation(*trainer.scores(test).values())
        assert free > 0.5  # without a constraint both learn the same
        assert kept < 0.06
        assert history[-1].terms["R(X, Y)"] < 0.055
        assert history[-1].multipliers["R(X, Y)"] > 0
        # Both still separate: the mean rank of signal among the background.
        for name, score in trainer.scores(signal(4000, 98)).items():
            ordered = np.sort(trainer.scores(test)[name])
            assert np.mean(np.searchsorted(ordered, score)) / len(ordered) > 0.75
        assert trainer.outcome().unmet == {}

    @pytest.mark.parametrize("maximise", ["significance", "exclusion"])
    def test_an_analysis_objective_improves_the_analysis(self, maximise):
        """Started from the same warm-up, its own measure rises on other events."""
        n = 4000
        toy = dataclasses.replace(sample(n), weight=np.repeat([0.01, 1.0], n))
        aim = AnalysisObjective(maximise=maximise, warm_up_epochs=4)
        config = AbcdTrainingConfig(
            **{**SMALL, "batch_events": None},
            epochs=16,
            analysis=aim,
            decorrelate=(XY.model_copy(update={"target": 0.1}),),
        )
        trainer = AbcdTrainer(toy, config, seed=1)
        before, after = [], []
        for epochs, found in ((4, before), (None, after)):
            trainer.run(epochs)
            b, s = (
                regions(trainer.scores(events), aim.cut).weight.map(
                    lambda count, scale=scale: torch.tensor([scale * count])
                )
                for events, scale in (
                    (background(100_000, 41), 0.04),
                    (signal(20_000, 42), 0.002),
                )
            )
            found.append(expected_significance(b, s).item())
        assert after[0] > 1.3 * before[0]
        assert trainer.history[-1].objective < trainer.history[5].objective

    def test_an_analysis_objective_needs_background_in_every_bin(self):
        toy = dataclasses.replace(
            planes_and_bins(), bin_of=np.zeros(3000, np.int64), num_bins=2
        )
        aim = AnalysisObjective(warm_up_epochs=0)
        config = AbcdTrainingConfig(**SMALL, epochs=1, analysis=aim)
        with pytest.raises(UserError, match=r"bin 1 of the region pass X, pass Y has"):
            AbcdTrainer(toy, config, seed=1).run()

    def test_targets_shrink_to_their_values(self):
        config = AbcdTrainingConfig(
            **SMALL, epochs=4, relaxation=16.0, relaxed_part=0.5, decorrelate=(XY,)
        )
        trainer = AbcdTrainer(sample(2000), config, seed=1)
        factors = [trainer._relaxation(step) for step in range(20)]
        assert factors[0] == 16.0
        assert factors[5] == pytest.approx(4.0)
        assert factors[10:] == [1.0] * 10

    def test_a_sample_smaller_than_a_batch_is_taken_whole(self):
        toy = sample(300)
        drawn, whole, smaller = (
            AbcdTrainer(
                toy,
                AbcdTrainingConfig(**{**SMALL, "batch_events": size}, epochs=2),
                seed=1,
            ).run()
            for size in (4000, None, 599)
        )
        assert drawn == whole
        assert smaller != whole

    def test_the_average_of_the_weights_scores_in_the_end(self):
        memory, weights = 0.7, []
        config = AbcdTrainingConfig(
            **SMALL, epochs=2, decorrelate=(XY,), weight_average=memory
        )
        trainer = AbcdTrainer(sample(2000), config, seed=1)
        last = trainer.networks["Y"].layers[-1]
        weights.append(last.weight.detach().clone())
        trainer._optimiser.register_step_post_hook(
            lambda *_: weights.append(last.weight.detach().clone())
        )
        trainer.run()
        average = weights[0]
        for step, each in enumerate(weights[1:], start=1):
            kept = min(memory, (1 + step) / (10 + step))
            average = kept * average + (1 - kept) * each
        assert len(weights) == 1 + 2 * SMALL["steps"]
        torch.testing.assert_close(last.weight, average)
        assert not torch.equal(last.weight, weights[-1])
        # It is asked for: without, the last weights are what scores.
        plain = AbcdTrainer(
            sample(2000), config.model_copy(update={"weight_average": 0.0}), seed=1
        )
        plain.run()
        torch.testing.assert_close(plain.networks["Y"].layers[-1].weight, weights[-1])

    @pytest.mark.parametrize("memory", [0.0, 0.8])
    def test_interrupted_and_resumed_is_uninterrupted(self, tmp_path, memory):
        toy = planes_and_bins()
        config = AbcdTrainingConfig(
            **SMALL,
            epochs=4,
            weight_average=memory,
            decorrelate=(XY.model_copy(update={"target": 0.2}),),
            closure=(ClosureTerm(plane="SP", target=0.3),),
        )
        whole = AbcdTrainer(toy, config, seed=5)
        whole.run()
        first = AbcdTrainer(toy, config, seed=5)
        first.run(epochs=2)
        assert len(first.history) == 2
        torch.save(first.state_dict(), tmp_path / "state.pt")
        second = AbcdTrainer(toy, config, seed=5)
        second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
        assert second.run() == whole.history
        for name, score in whole.scores(toy.features).items():
            np.testing.assert_array_equal(second.scores(toy.features)[name], score)
        assert torch.equal(second.multipliers.value, whole.multipliers.value)
        assert second.run() == whole.history  # nothing is left to do

    def test_single_disco_takes_a_variable_as_y(self):
        toy = sample(2000)
        config = single_disco("first", 100.0).model_copy(
            update={**SMALL, "epochs": 12, "batch_events": None}
        )
        trainer = AbcdTrainer(toy, config, seed=2)
        trainer.run()
        test = background(20_000, 97)
        scores = trainer.scores(test)
        assert list(scores) == ["X"]
        assert trainer.multipliers is None
        kept = oddjet.distance_correlation(scores["X"], test[:, 0])
        assert kept < 0.15  # the first variable alone would give about 0.6
        with pytest.raises(UserError, match="no variable 'jet' to be Y; known: first"):
            AbcdTrainer(toy, single_disco("jet"), seed=1)

    def test_a_loss_that_is_not_finite_stops(self):
        config = double_disco(1e30).model_copy(update={**SMALL, "learning_rate": 1e30})
        with pytest.raises(UserError, match=r"epoch \d+ of the ABCD training stopped"):
            AbcdTrainer(sample(1000), config, seed=1).run()

    def test_a_constant_score_is_not_determined(self):
        toy = dataclasses.replace(sample(500), features=np.ones((1000, 3), np.float32))
        config = AbcdTrainingConfig(**SMALL, epochs=1)
        trainer = AbcdTrainer(toy, config, seed=1)
        trainer.run()
        outcome = trainer.outcome()
        assert outcome.status == "not_determined"
        assert "is constant on the background" in outcome.reason

    def test_unmet_constraints_are_told(self):
        config = AbcdTrainingConfig(
            **SMALL, epochs=1, decorrelate=(XY.model_copy(update={"target": 0.06}),)
        )
        trainer = AbcdTrainer(sample(2000), config, seed=1)
        trainer.run()
        value, target = trainer.outcome().unmet["R(X, Y)"]
        assert value > target == 0.06


class TestSample:
    @pytest.mark.parametrize(
        ("changed", "problem"),
        [
            ({"weight": np.ones(9)}, "features must have one row an event, 9, got 10"),
            ({"variables": {"Y": np.ones(10)}}, "no variable may be called Y"),
            (
                {"variables": {"m": np.r_[np.ones(9), math.nan]}},
                "the variable m of event 9 is not finite",
            ),
            (
                {"weight": np.r_[np.ones(5), -np.ones(5)]},
                "needs background events of positive total weight, got 5 .* weight -5",
            ),
            (
                {"is_signal": np.zeros(10, bool)},
                "needs signal events of positive total weight, got 0 events",
            ),
        ],
    )
    def test_bad_samples_are_named(self, changed, problem):
        columns = {
            "features": np.ones((10, 2), np.float32),
            "is_signal": np.arange(10) < 5,
            "weight": np.ones(10),
        }
        with pytest.raises(UserError, match=problem):
            AbcdSample(**(columns | changed))

    def test_balanced_weights(self):
        toy = planes_and_bins()
        balanced = toy.balanced_weight(1.5)
        ratio = balanced[toy.is_signal].sum() / balanced[~toy.is_signal].sum()
        assert ratio == pytest.approx(1.5)
        assert balanced.mean() == pytest.approx(1.0)


class TestConfig:
    def test_the_published_methods_are_configurations(self):
        double = double_disco()
        assert (double.method, double.y_variable) == ("fixed_weights", None)
        assert double.decorrelate[0].squared
        assert single_disco("mass").y_variable == "mass"

    @pytest.mark.parametrize(
        ("mapping", "problem"),
        [
            (
                {"decorrelate": [{"between": ["X", "Y"], "weight": 3}]},
                r"R\(X, Y\) needs a target and no weight, because method is multi",
            ),
            (
                {"method": "fixed_weights", "closure": [{"target": 0.1}]},
                r"closure\(all events\) needs a weight and no target",
            ),
            (
                {"decorrelate": 2 * [{"between": ["X", "Y"], "target": 0.1}]},
                r"R\(X, Y\) must be listed once",
            ),
            (
                {"closure": [{"target": [0.1, 0.2]}]},
                r"closure\(all events\) needs one target, or binned: true",
            ),
            (
                {"closure": [{"binned": True, "target": [None, None]}]},
                r"needs a target for one bin at least",
            ),
        ],
    )
    def test_contradictions_are_refused(self, mapping, problem):
        with pytest.raises(UserError, match=f"svj.yaml: .*{problem}"):
            parse_config(AbcdTrainingConfig, mapping, source="svj.yaml")
