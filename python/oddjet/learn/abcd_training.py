"""Two scores X and Y, trained at the same time and kept independent on the background.

Both separate signal from background; the terms of `AbcdTerms` make the product of
their efficiencies the efficiency of both, which is all that the ABCD method needs.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import nn

from oddjet.learn.abcd_objective import analysis_loss, cross_entropy
from oddjet.learn.abcd_sample import EventTensors
from oddjet.learn.abcd_terms import AbcdTerms
from oddjet.learn.loop import reproducible
from oddjet.learn.mdmm import Multipliers
from oddjet.learn.models.event_network import EventNetwork
from oddjet.learn.weight_average import WeightAverage
from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray
    from torch import Tensor

    from oddjet.learn.abcd_config import AbcdTrainingConfig
    from oddjet.learn.abcd_sample import AbcdSample
    from oddjet.learn.checkpoint import Checkpoint

__all__ = ["AbcdEpoch", "AbcdOutcome", "AbcdTrainer"]


@dataclass(frozen=True)
class AbcdEpoch:
    """Means over the steps of one epoch.

    Attributes
    ----------
    epoch : int
        From 1.
    objective : float
        Binary cross-entropy of X plus that of Y; after the warm-up of an analysis
        objective minus the significance, or log CLs.
    terms : dict of name to float
        Distance correlations and non-closures.
    multipliers : dict of name to float
        At the end of the epoch; empty with fixed weights.
    """

    epoch: int
    objective: float
    terms: dict[str, float]
    multipliers: dict[str, float]


@dataclass(frozen=True)
class AbcdOutcome:
    """Whether the scores can be used.

    Attributes
    ----------
    status, reason
        "ok", or "not_determined" and why: a score that is constant on the background.
    unmet : dict of name to (value, target)
        Constraints that the mean of the last epoch breaks by more than a tenth.
        Multipliers that still rise then mean that these constraints contradict each
        other, or the objective, or had too few steps.
    """

    status: Literal["ok", "not_determined"]
    reason: str | None
    unmet: dict[str, tuple[float, float]]


class AbcdTrainer:
    """Trains X and Y; can stop after any epoch and go on from its state.

    Parameters
    ----------
    sample : AbcdSample
        Training events; scores among their features must be out of fold.
    config : AbcdTrainingConfig
    seed : int
        Initial weights, batches and cuts.
    device : str
        Of PyTorch. On the CPU results are repeatable bit for bit.

    Attributes
    ----------
    networks : ModuleDict
        "X", and "Y" unless Y is a variable; after the last epoch with the average of
        their weights, if the configuration asks for one.
    multipliers : Multipliers or None
    history : list of AbcdEpoch

    Raises
    ------
    UserError
        As `AbcdTerms`; or Y is to be a variable that the sample lacks.

    Examples
    --------
    >>> from oddjet.learn.abcd_config import AbcdTrainingConfig
    >>> from oddjet.learn.abcd_sample import AbcdSample
    >>> rng = np.random.default_rng(1)
    >>> label = np.arange(400) < 200
    >>> features = (rng.normal(size=(400, 2)) + label[:, None]).astype(np.float32)
    >>> sample = AbcdSample(features, label, np.ones(400))
    >>> config = AbcdTrainingConfig(hidden=(8,), epochs=3, batch_events=None)
    >>> trainer = AbcdTrainer(sample, config, seed=1)
    >>> len(trainer.run()), trainer.outcome().status
    (3, 'ok')
    """

    def __init__(
        self,
        sample: AbcdSample,
        config: AbcdTrainingConfig,
        *,
        seed: int,
        device: str = "cpu",
    ) -> None:
        self.config, self._seed = config, seed
        self._device = torch.device(device)
        self._terms = AbcdTerms(config, sample)
        self._num_bins = sample.num_bins if sample.bin_of is not None else 1
        self._tensors = EventTensors.of(
            sample, config.signal_over_background, self._device
        )
        if config.y_variable is not None:
            self._tensors.variables["Y"] = self._ranks(config.y_variable, sample)
        with self._repeatable():
            names = ("X", "Y") if config.y_variable is None else ("X",)
            self.networks = nn.ModuleDict(
                {
                    name: EventNetwork(sample.features.shape[1], config.hidden)
                    for name in names
                }
            ).to(self._device)
        mean, scale = (torch.from_numpy(each).float() for each in sample.moments())
        for network in self._each_network():
            network.standardise(mean, scale)
        self.multipliers: Multipliers | None = None
        self._fixed = self._terms.weights().to(self._device)
        if config.method == "multipliers":
            self.multipliers = Multipliers(
                self._terms.constraints(), rate=config.multiplier_rate
            ).to(self._device)
        self._optimiser = torch.optim.Adam(
            self.networks.parameters(), lr=config.learning_rate
        )
        self._schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            self._optimiser, T_max=config.epochs * config.steps
        )
        self._average = WeightAverage(self.networks, config.weight_average)
        self.history: list[AbcdEpoch] = []

    @property
    def asked(self) -> dict[str, float]:
        """The target of each term, or its fixed weight."""
        return self._terms.asked()

    def run(
        self,
        epochs: int | None = None,
        *,
        checkpoint: Checkpoint | None = None,
        on_epoch: Callable[[AbcdEpoch], None] = lambda _epoch: None,
    ) -> list[AbcdEpoch]:
        """Train, up to the configured number of epochs.

        Parameters
        ----------
        epochs : int, optional
            At most this many more.
        checkpoint : Checkpoint, optional
            Keeps the state after an epoch now and then; if there is one, training goes
            on from it. A training that was interrupted ends with the bits of one that
            was not.
        on_epoch : callable, optional
            Told about each epoch, those from before an interruption included.

        Returns
        -------
        list of AbcdEpoch
            All epochs so far.

        Raises
        ------
        UserError
            A loss that is not finite, before it reaches the weights; no cut that
            leaves events in every region (see `draw_cut`); or a checkpoint that is
            damaged or of another training.
        """
        if checkpoint is not None and (kept := checkpoint.restore()) is not None:
            self.load_state_dict(kept)
            for each in self.history:
                on_epoch(each)
        left = self.config.epochs - len(self.history)
        with self._repeatable():
            for _ in range(left if epochs is None else min(epochs, left)):
                self.history.append(self._epoch(len(self.history) + 1))
                on_epoch(self.history[-1])
                if checkpoint is not None:
                    checkpoint.offer(self.state_dict)
        if self.config.weight_average > 0 and len(self.history) == self.config.epochs:
            self._average.load_into(self.networks)
        return self.history

    def _epoch(self, epoch: int) -> AbcdEpoch:
        # Random numbers by epoch: what goes on needs no state of a generator.
        random = np.random.default_rng(derive_seed(self._seed, f"abcd epoch {epoch}"))
        self.networks.train()
        objectives, terms = [], []
        for step in range(self.config.steps):
            relaxation = self._relaxation((epoch - 1) * self.config.steps + step)
            batch = self._batch(random)
            objective, values = self._losses(batch, random, epoch)
            loss = objective + self._penalty(values, relaxation)
            self._check_finite(loss, epoch)
            objectives.append(objective.item())
            terms.append(values.detach())
            self._optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimiser.step()
            self._schedule.step()
            self._average.update(self.networks)
            if self.multipliers is not None:
                self.multipliers.ascend(values, relaxation=relaxation)
        mean = torch.stack(terms).mean(dim=0).tolist()
        multipliers = (
            [] if self.multipliers is None else self.multipliers.value.tolist()
        )
        return AbcdEpoch(
            epoch,
            float(np.mean(objectives)),
            dict(zip(self._terms.names, mean, strict=True)),
            dict(zip(self._terms.names, multipliers, strict=False)),
        )

    def _batch(self, random: np.random.Generator) -> EventTensors:
        size = self.config.batch_events
        # More draws than there are events repeat them, and tell nothing new.
        if size is None or size >= len(self._tensors):
            return self._tensors
        chosen = random.integers(0, len(self._tensors), size)
        return self._tensors[torch.from_numpy(chosen).to(self._device)]

    def _losses(
        self, batch: EventTensors, random: np.random.Generator, epoch: int
    ) -> tuple[Tensor, Tensor]:
        logits = {
            name: network(batch.features) for name, network in self.networks.items()
        }
        scores = {name: torch.sigmoid(logit) for name, logit in logits.items()}
        if "Y" not in scores:
            scores["Y"] = batch.variables["Y"]
        analysis = self.config.analysis
        if analysis is None or epoch <= analysis.warm_up_epochs:
            objective = cross_entropy(logits, batch)
        else:
            objective = analysis_loss(
                scores,
                batch,
                analysis,
                scale=len(self._tensors) / len(batch),
                num_bins=self._num_bins,
            )
        self._check_finite(objective, epoch)
        is_background = batch.label == 0
        x, y = (scores[name][is_background] for name in ("X", "Y"))
        return objective, self._terms.values(x, y, batch[is_background], random)

    def _relaxation(self, step: int) -> float:
        """Give the factor on all targets, which falls to 1 and stays there."""
        whole = self.config.relaxed_part * self.config.epochs * self.config.steps
        left = max(0.0, 1 - step / whole) if whole > 0 else 0.0
        return float(self.config.relaxation**left)

    def _penalty(self, values: Tensor, relaxation: float) -> Tensor:
        if self.multipliers is not None:
            penalty: Tensor = self.multipliers(values, relaxation=relaxation)
            return penalty
        return self._fixed @ values

    @staticmethod
    def _check_finite(loss: Tensor, epoch: int) -> None:
        if not np.isfinite(loss.item()):
            message = (
                f"epoch {epoch} of the ABCD training stopped: a loss of {loss.item()};"
                " lower learning_rate, or the fixed weights or the damping of its terms"
            )
            raise UserError(message)

    def scores(
        self, features: NDArray[np.float32], chunk: int = 1 << 18
    ) -> dict[str, NDArray[np.float32]]:
        """Score events.

        Parameters
        ----------
        features : float32, shape (events, features)
        chunk : int
            Events at once.

        Returns
        -------
        dict of "X" (and "Y", unless it is a variable) to float32, shape (events,)
            In [0, 1].
        """
        self.networks.eval()
        with torch.no_grad(), self._repeatable():
            return {
                name: np.concatenate(
                    [
                        torch.sigmoid(
                            network(torch.from_numpy(part).to(self._device).float())
                        )
                        .cpu()
                        .numpy()
                        for part in np.array_split(
                            features, max(1, -(-len(features) // chunk))
                        )
                    ]
                )
                for name, network in self.networks.items()
            }

    def outcome(self) -> AbcdOutcome:
        """Tell whether the scores vary and the constraints are met."""
        background = self._tensors.features[self._tensors.label == 0].cpu().numpy()
        reason = None
        for name, score in self.scores(background).items():
            if np.ptp(score) < 1e-6:
                reason = (
                    f"the score {name} is constant on the background, {score[0]:.6g}: "
                    "it separates nothing, and no cut on it makes regions"
                )
        unmet = {}
        if self.multipliers is not None and self.history:
            last = self.history[-1].terms
            for each in self.multipliers.constraints:
                if last[each.name] > 1.1 * each.target:
                    unmet[each.name] = (last[each.name], each.target)
        return AbcdOutcome("ok" if reason is None else "not_determined", reason, unmet)

    def state_dict(self) -> dict[str, Any]:
        """Everything that `load_state_dict` needs to go on as if never interrupted."""
        return {
            "networks": self.networks.state_dict(),
            "multipliers": None
            if self.multipliers is None
            else self.multipliers.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "average": self._average.state_dict(),
            "history": [vars(each) for each in self.history],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up a training of the same sample, configuration and seed."""
        self.networks.load_state_dict(state["networks"])
        if self.multipliers is not None:
            self.multipliers.load_state_dict(state["multipliers"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._schedule.load_state_dict(state["schedule"])
        self._average.load_state_dict(state["average"])
        self.history = [AbcdEpoch(**each) for each in state["history"]]

    def _ranks(self, name: str, sample: AbcdSample) -> Tensor:
        """Bring a variable to [0, 1], where soft cuts are: its background rank."""
        if name not in sample.variables:
            message = (
                f"ABCD training: there is no variable {name!r} to be Y; known: "
                f"{', '.join(sample.variables) or 'none'}"
            )
            raise UserError(message)
        values = sample.variables[name]
        ordered = np.sort(values[~sample.is_signal])
        ranks = np.searchsorted(ordered, values, side="right") / len(ordered)
        return torch.from_numpy(ranks).float().to(self._device)

    def _each_network(self) -> list[EventNetwork]:
        return [n for n in self.networks.values() if isinstance(n, EventNetwork)]

    def _repeatable(self) -> AbstractContextManager[None]:
        if self._device.type != "cpu":
            return nullcontext()
        return reproducible(derive_seed(self._seed, "abcd"), self.config.threads)
