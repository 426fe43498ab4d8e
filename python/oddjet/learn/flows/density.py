"""A normalizing flow as the density of features at a mass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from oddjet.learn.flows.condition import EventScaling, scaled_events
from oddjet.learn.flows.epochs import KeptEpochs, train_epochs
from oddjet.learn.flows.scaling import FeatureScaling
from oddjet.learn.loop import reproducible
from oddjet.runs.errors import require
from oddjet.runs.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor

    from oddjet.learn.flows.config import FlowConfig

    Floats = NDArray[np.float64]

__all__ = ["ConditionalDensity", "make_flow", "train_density"]

_ROWS_AT_ONCE = 2**14
_ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "silu": torch.nn.SiLU}


def make_flow(config: FlowConfig, *, features: int, context: int) -> Any:
    """Make an untrained flow of zuko.

    Parameters
    ----------
    config : FlowConfig
    features, context : int
        Numbers that it describes and that it depends on.

    Returns
    -------
    zuko.flows.Flow

    Raises
    ------
    MissingExtra
        zuko is not installed.
    """
    flows = require("zuko", extra="train").flows
    shape = {
        "transforms": config.transforms,
        "hidden_features": config.hidden,
        "activation": _ACTIVATIONS[config.activation],
        "passes": 2 if config.coupling else None,
    }
    if config.kind == "affine":
        return flows.MAF(features, context, **shape)
    return flows.NSF(features, context, bins=config.bins, **shape)


@dataclass(frozen=True)
class ConditionalDensity:
    """A trained density p(features | mass).

    Attributes
    ----------
    scaling : EventScaling
    flow : zuko.flows.Flow
    kept : KeptEpochs
        Samples come from all of them in equal parts, densities are their mean.
    threads : int
        Of PyTorch.
    """

    scaling: EventScaling
    flow: Any
    kept: KeptEpochs
    threads: int

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the scaling and the best epoch as plain arrays, by their names."""
        scaling = self.scaling
        return {
            **{f"features/{name}": v for name, v in vars(scaling.features).items()},
            "mass": np.array([scaling.mean_gev, scaling.scale_gev]),
            **{f"flow/{n}": v.numpy() for n, v in self.kept.states[0].items()},
        }

    @classmethod
    def of_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], config: FlowConfig
    ) -> ConditionalDensity:
        """Make the density of which `arrays` gave the best epoch.

        Parameters
        ----------
        arrays : mapping of str to array
        config : FlowConfig
            The one it was trained with.

        Returns
        -------
        ConditionalDensity
        """
        parts: dict[str, dict[str, NDArray[Any]]] = {"features": {}, "flow": {}}
        for name, value in arrays.items():
            room, slash, rest = name.partition("/")
            if slash:
                parts[room][rest] = value
        mean, scale = arrays["mass"].tolist()
        scaling = EventScaling(FeatureScaling(**parts["features"]), mean, scale)
        flow = make_flow(config, features=len(scaling.features.low), context=1)
        state = {name: torch.from_numpy(v) for name, v in parts["flow"].items()}
        none = np.empty(0)
        return cls(scaling, flow, KeptEpochs((state,), none, none), config.threads)

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
        for epoch in range(len(self.kept.states)):
            rows = np.flatnonzero(chosen == epoch)
            found, _ = self._through(epoch, noise[rows], mass[rows], backward=True)
            drawn[rows] = found
        return self.scaling.features.inverse(drawn)

    def log_density(self, features: ArrayLike, mass_gev: ArrayLike) -> Floats:
        """Give log p(features | mass) per unit of the features, shape (events,)."""
        scaled = self.scaling.features.forward(features)
        mass = self.scaling.mass(mass_gev)
        logs = []
        for epoch in range(len(self.kept.states)):
            latent, derivative = self._through(epoch, scaled, mass)
            normal = -0.5 * np.sum(latent**2 + np.log(2 * np.pi), axis=1)
            logs.append(normal + derivative)
        mean = np.logaddexp.reduce(logs, axis=0) - np.log(len(logs))
        return np.asarray(mean + self.scaling.features.log_derivative(features))

    def latent(self, features: ArrayLike, mass_gev: ArrayLike) -> Floats:
        """Give the standard normal variables of events, with the best epoch.

        Parameters
        ----------
        features : float, shape (events, features)
        mass_gev : float, shape (events,)

        Returns
        -------
        float64, shape (events, features)
            Normal and independent of the mass where the density is right.
        """
        scaled = self.scaling.features.forward(features)
        return self._through(0, scaled, self.scaling.mass(mass_gev))[0]

    @torch.no_grad()
    def _through(
        self, epoch: int, values: Floats, mass: Floats, *, backward: bool = False
    ) -> tuple[Floats, Floats]:
        """Go from scaled features to latent ones, or back, with log |det|."""
        self.flow.load_state_dict(self.kept.states[epoch])
        moved, derivative = np.empty_like(values), np.empty(len(values))
        with reproducible(0, self.threads):
            for start in range(0, len(values), _ROWS_AT_ONCE):
                part = slice(start, start + _ROWS_AT_ONCE)
                x, m = (torch.from_numpy(a[part]).float() for a in (values, mass))
                transform = self.flow.transform(m)
                transform = transform.inv if backward else transform
                there, slope = transform.call_and_ladj(x)
                moved[part], derivative[part] = there.numpy(), slope.numpy()
        return moved, derivative


def train_density(
    features: ArrayLike,
    mass_gev: ArrayLike,
    *,
    config: FlowConfig,
    seed: int,
    weights: ArrayLike | None = None,
    ranges: Sequence[tuple[float, float] | None] | None = None,
) -> ConditionalDensity:
    """Learn p(features | mass) by maximum likelihood.

    Parameters
    ----------
    features : float, shape (events, features)
    mass_gev : float, shape (events,)
    config : FlowConfig
        One of `DENSITY_PRESETS`, or any other.
    seed : int
    weights : float, shape (events,), optional
    ranges : sequence of (low, high) or None, optional
        What a feature can be; learnt where not given.

    Returns
    -------
    ConditionalDensity

    Raises
    ------
    UserError
        Values that are not finite or outside their range, too few events, weights
        that sum to 0 or less, or a loss that is not finite.
    """
    what = "the density of the features"
    scaling, table, mass = scaled_events(features, mass_gev, ranges, what)
    weight = np.ones(len(table)) if weights is None else np.asarray(weights, np.float64)
    with reproducible(derive_seed(seed, "weights"), config.threads):
        flow = make_flow(config, features=table.shape[1], context=1)

        def loss(_: torch.Generator, batch: Sequence[Tensor]) -> Tensor:
            x, m = batch
            return torch.neg(flow(m).log_prob(x))

        kept = train_epochs(
            flow, loss, (table, mass), weight, config, seed=seed, what=what
        )
    return ConditionalDensity(scaling, flow, kept, config.threads)
