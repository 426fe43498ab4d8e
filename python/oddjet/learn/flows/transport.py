"""Flows for flows: events moved from their mass to another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from oddjet.learn.flows.density import make_flow, train_density
from oddjet.learn.flows.epochs import KeptEpochs, train_epochs
from oddjet.learn.loop import reproducible
from oddjet.runs.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor

    from oddjet.learn.flows.condition import EventScaling
    from oddjet.learn.flows.config import CurtainsConfig

    Floats = NDArray[np.float64]
    Context = Literal["difference", "masses"]

__all__ = ["Transport", "train_transport"]

_ROWS_AT_ONCE = 2**14


@dataclass(frozen=True)
class Transport:
    """A trained map of events between masses.

    Attributes
    ----------
    scaling : EventScaling
    flow : zuko.flows.Flow
        Up in mass it is applied, down in mass its inverse is.
    context : "difference" or "masses"
        What the flow knows.
    kept : KeptEpochs
        The first one is used.
    threads : int
        Of PyTorch.
    """

    scaling: EventScaling
    flow: Any
    context: Context
    kept: KeptEpochs
    threads: int

    @torch.no_grad()
    def move(
        self, features: ArrayLike, mass_gev: ArrayLike, target_gev: ArrayLike
    ) -> Floats:
        """Give the features that events would have at another mass.

        Parameters
        ----------
        features : float, shape (events, features)
        mass_gev, target_gev : float, shape (events,)

        Returns
        -------
        float64, shape (events, features)

        Raises
        ------
        UserError
            A feature outside its range.
        """
        table = self.scaling.features.forward(features)
        here, there = self.scaling.mass(mass_gev), self.scaling.mass(target_gev)
        moved = np.empty_like(table)
        self.flow.load_state_dict(self.kept.states[0])
        with reproducible(0, self.threads):
            for start in range(0, len(table), _ROWS_AT_ONCE):
                part = slice(start, start + _ROWS_AT_ONCE)
                x, m, n = (
                    torch.from_numpy(a[part]).float() for a in (table, here, there)
                )
                moved[part] = _moved(self.flow, self.context, x, m, n)[0].numpy()
        return self.scaling.features.inverse(moved)


def train_transport(
    features: ArrayLike,
    mass_gev: ArrayLike,
    *,
    config: CurtainsConfig,
    seed: int,
    weights: ArrayLike | None = None,
    ranges: Sequence[tuple[float, float] | None] | None = None,
) -> Transport:
    """Learn a map by maximum likelihood, up and down in mass.

    A base flow learns p(features | mass). Then a top flow T moves events to the masses
    of other events, and maximises log p(T(x) | target mass) + log |det T|: half of
    the steps go up, half go down through the inverse of the same transform.

    Parameters
    ----------
    features : float, shape (events, features)
    mass_gev : float, shape (events,)
    config : CurtainsConfig
        One of `CURTAINS_PRESETS`, or any other.
    seed : int
    weights : float, shape (events,), optional
    ranges : sequence of (low, high) or None, optional
        What a feature can be; learnt where not given.

    Returns
    -------
    Transport

    Raises
    ------
    UserError
        As `oddjet.learn.flows.density.train_density`.

    References
    ----------
    Sengupta, Klein, Raine, Golling, arXiv:2305.04646, whose top flow knows the
    difference of the masses only; a dependence that is not linear needs both.
    """
    base = train_density(
        features,
        mass_gev,
        config=config.base,
        seed=derive_seed(seed, "base"),
        weights=weights,
        ranges=ranges,
    )
    density = base.flow.requires_grad_(False)
    density.load_state_dict(base.kept.states[0])
    scaling = base.scaling
    table, mass = scaling.features.forward(features), scaling.mass(mass_gev)
    weight = np.ones(len(table)) if weights is None else np.asarray(weights, np.float64)
    with reproducible(derive_seed(seed, "top"), config.top.threads):
        context = 1 if config.context == "difference" else 2
        flow = make_flow(config.top, features=table.shape[1], context=context)

        def loss(noise: torch.Generator, batch: Sequence[Tensor]) -> Tensor:
            x, m = batch
            target = m[torch.randperm(len(m), generator=noise)]
            moved, derivative = _moved(flow, config.context, x, m, target)
            return torch.neg(density(target).log_prob(moved) + derivative)

        kept = train_epochs(
            flow,
            loss,
            (table, mass),
            weight,
            config.top,
            seed=seed,
            what="the flow between masses",
        )
    return Transport(scaling, flow, config.context, kept, config.top.threads)


def _moved(
    flow: Any, context: Context, x: Tensor, mass: Tensor, target: Tensor
) -> tuple[Tensor, Tensor]:
    """Move scaled events, with log |det|; the context does not know the direction."""
    low, high = torch.minimum(mass, target), torch.maximum(mass, target)
    known = high - low if context == "difference" else torch.cat([low, high], dim=1)
    upward = (target >= mass)[:, 0]
    moved, derivative = torch.empty_like(x), torch.empty_like(x[:, 0])
    for rows, backward in ((upward, False), (~upward, True)):
        if not bool(rows.any()):
            continue  # a flow of zuko refuses a batch of nothing
        transform = flow.transform(known[rows])
        transform = transform.inv if backward else transform
        there, slope = transform.call_and_ladj(x[rows])
        moved = moved.index_put((rows,), there)
        derivative = derivative.index_put((rows,), slope)
    return moved, derivative
