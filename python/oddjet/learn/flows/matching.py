"""Conditional flow matching: noise carried to the features at a mass."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from oddjet.learn.flows.condition import EventScaling, scaled_events
from oddjet.learn.flows.epochs import KeptEpochs, train_epochs
from oddjet.learn.loop import reproducible
from oddjet.runs.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor

    from oddjet.learn.flows.config import FlowMatchingConfig

    Floats = NDArray[np.float64]

__all__ = ["MatchedFlow", "train_flow_matching"]

_ROWS_AT_ONCE = 2**15


class _Velocity(nn.Module):
    """The velocity of an event at a time of its way, given its mass."""

    def __init__(self, features: int, hidden: Sequence[int]) -> None:
        super().__init__()
        sizes = [features + 2, *hidden]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.SiLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], features))

    def forward(self, x: Tensor, time: Tensor, mass: Tensor) -> Tensor:
        moved: Tensor = self.layers(torch.cat([x, time, mass], dim=1))
        return moved


@dataclass(frozen=True)
class MatchedFlow:
    """A trained velocity field.

    Attributes
    ----------
    scaling : EventScaling
    velocity : nn.Module
    kept : KeptEpochs
        Samples come from all of them in equal parts.
    steps, threads : int
        Midpoint steps of a sample, threads of PyTorch.
    """

    scaling: EventScaling
    velocity: nn.Module
    kept: KeptEpochs
    steps: int
    threads: int

    def sample(self, mass_gev: ArrayLike, *, seed: int) -> Floats:
        """Draw the features of one event for each mass.

        Parameters
        ----------
        mass_gev : float, shape (events,)
        seed : int

        Returns
        -------
        float64, shape (events, features)
        """
        mass = self.scaling.mass(mass_gev)
        shape = len(mass), len(self.scaling.features.low)
        noise, chosen = self.kept.draw(shape, seed=seed)
        drawn = np.empty_like(noise)
        for epoch, state in enumerate(self.kept.states):
            self.velocity.load_state_dict(state)
            rows = np.flatnonzero(chosen == epoch)
            for start in range(0, len(rows), _ROWS_AT_ONCE):
                part = rows[start : start + _ROWS_AT_ONCE]
                drawn[part] = self._carry(noise[part], mass[part])
        return self.scaling.features.inverse(drawn)

    @torch.no_grad()
    def _carry(self, noise: Floats, mass: Floats) -> Floats:
        """Go from time 0 to 1 with the midpoint rule."""
        x, m = torch.from_numpy(noise).float(), torch.from_numpy(mass).float()
        step = 1 / self.steps
        with reproducible(0, self.threads):
            for number in range(self.steps):
                time = torch.full_like(m, number * step)
                middle = x + step / 2 * self.velocity(x, time, m)
                x = x + step * self.velocity(middle, time + step / 2, m)
        return np.asarray(x.numpy(), np.float64)


def train_flow_matching(
    features: ArrayLike,
    mass_gev: ArrayLike,
    *,
    config: FlowMatchingConfig,
    seed: int,
    weights: ArrayLike | None = None,
    ranges: Sequence[tuple[float, float] | None] | None = None,
) -> MatchedFlow:
    """Learn to draw from p(features | mass).

    On the straight way from noise z to an event x, at time t, the velocity is x - z;
    its mean at a place, which the squared error learns, carries the normal
    distribution to that of the events. Times are logit-normal.

    Parameters
    ----------
    features : float, shape (events, features)
    mass_gev : float, shape (events,)
    config : FlowMatchingConfig
        One of `FLOW_MATCHING_PRESETS`, or any other.
    seed : int
    weights : float, shape (events,), optional
    ranges : sequence of (low, high) or None, optional
        What a feature can be; learnt where not given.

    Returns
    -------
    MatchedFlow

    Raises
    ------
    UserError
        As `oddjet.learn.flows.density.train_density`.

    References
    ----------
    Lipman et al., arXiv:2210.02747; logit-normal times: Esser et al., 2403.03206.
    """
    what = "the flow matching of the features"
    scaling, table, mass = scaled_events(features, mass_gev, ranges, what)
    weight = np.ones(len(table)) if weights is None else np.asarray(weights, np.float64)
    with reproducible(derive_seed(seed, "weights"), config.threads):
        velocity = _Velocity(table.shape[1], config.hidden)

        def loss(noise: torch.Generator, batch: Sequence[Tensor]) -> Tensor:
            x, m = batch
            z = torch.randn(x.shape, generator=noise)
            time = torch.sigmoid(torch.randn(m.shape, generator=noise))
            found = velocity(z + time * (x - z), time, m)
            return torch.mean((found - (x - z)) ** 2, dim=1)

        kept = train_epochs(
            velocity, loss, (table, mass), weight, config, seed=seed, what=what
        )
    return MatchedFlow(scaling, velocity, kept, config.sampling_steps, config.threads)
