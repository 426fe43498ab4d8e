"""A network on high-level quantities of a jet, which it makes of the constituents.

So it takes the same tensors as every other network, and the same model file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from oddjet.learn.models.deep_sets import deviation, linear_layers, relu_layers
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["MOMENTS", "JetMomentNetwork", "jet_moments", "moment_columns"]

#: In this order. z is the pt of a constituent over that of the jet, R its distance
#: from the axis in rapidity y and azimuth phi; eN sums over pairs and triplets.
MOMENTS = (
    "sqrt n",
    "sum z",
    "sum z^2",
    "sum z R",
    "sum z sqrt(R)",
    "sum z y^2",
    "sum z phi^2",
    "sum z y phi",
    "z of the hardest",
    "z of the second",
    "z of the third",
    "e2^(1/2), beta 1",
    "e3^(1/4), beta 1",
    "e2^(1/2), beta 2",
    "e3^(1/4), beta 2",
)
_NEEDED = ("delta_rapidity", "delta_azimuth", "log_pt_ratio")


def moment_columns(features: Sequence[str]) -> tuple[int, int, int]:
    """Find the features that the moments are made of.

    Parameters
    ----------
    features : sequence of str
        Names, in order.

    Returns
    -------
    (int, int, int)
        Columns of delta_rapidity, delta_azimuth and log_pt_ratio.

    Raises
    ------
    UserError
        One of them is missing.
    """
    if missing := [name for name in _NEEDED if name not in features]:
        message = (
            f"moments of jets need {' and '.join(missing)} among the features, which "
            f"are {', '.join(features)}; take the student deep_sets"
        )
        raise UserError(message)
    rapidity, azimuth, ratio = (list(features).index(name) for name in _NEEDED)
    return rapidity, azimuth, ratio


def jet_moments(values: Tensor, mask: Tensor, columns: tuple[int, int, int]) -> Tensor:
    """Compute the `MOMENTS` of jets.

    e2 = sum over pairs of z_i z_j R_ij^beta, e3 = sum over triplets of z_i z_j z_k
    (R_ij R_jk R_ki)^beta (Larkoski, Salam, Thaler, arXiv:1305.0007, equations 2 and
    3), with z relative to the jet; all in the plane of rapidity and azimuth about the
    jet axis. Roots, which are rounded alike everywhere, bring them to one size.

    Parameters
    ----------
    values : float32 Tensor, shape (jets, n, features)
        Anything finite where padded.
    mask : bool Tensor, shape (jets, n)
    columns : (int, int, int)
        As `moment_columns` gives them.

    Returns
    -------
    float32 Tensor, shape (jets, 15)
        Finite, also for a jet of one constituent or none.
    """
    real = mask.to(values.dtype)
    y, phi, log_ratio = (
        torch.where(mask, values[..., column], 0) for column in columns
    )
    z = log_ratio.exp() * real
    radius = (y * y + phi * phi).sqrt()
    weighted = (real, z, radius, radius.sqrt(), y * y, phi * phi, y * phi)
    sums = [(z * quantity).sum(dim=1) for quantity in weighted]
    hardest = nn.functional.pad(z, (0, 3)).topk(3, dim=1).values
    squared = (y[:, :, None] - y[:, None]) ** 2 + (phi[:, :, None] - phi[:, None]) ** 2
    root = z.sqrt()
    both = root[:, :, None] * root[:, None]
    correlations = []
    for angle in (squared.sqrt(), squared):
        matrix = both * angle
        pairs = (both * matrix).sum(dim=(1, 2)) / 2
        triplets = ((matrix @ matrix) * matrix).sum(dim=(1, 2)) / 6
        correlations += [pairs.sqrt(), triplets.sqrt().sqrt()]
    columns_of_jets = [
        real.sum(dim=1).sqrt(),
        *sums,
        *hardest.unbind(dim=1),
        *correlations,
    ]
    return torch.stack(columns_of_jets, dim=1)


class JetMomentNetwork(nn.Module):
    """Dense layers with ReLU on the standardised `MOMENTS`: one number a jet.

    Parameters
    ----------
    columns : (int, int, int)
        As `moment_columns` gives them.
    dense : sequence of int
        Widths of the layers.

    Attributes
    ----------
    moment_mean, moment_scale : Tensor, shape (15,)
        Standardisation, set by `standardise`; part of the state of the network.
    """

    moment_mean: Tensor
    moment_scale: Tensor

    def __init__(self, columns: tuple[int, int, int], dense: Sequence[int]) -> None:
        super().__init__()
        self.columns = columns
        self.register_buffer("moment_mean", torch.zeros(len(MOMENTS)))
        self.register_buffer("moment_scale", torch.ones(len(MOMENTS)))
        self.dense = linear_layers((len(MOMENTS), *dense))
        self.output = nn.Linear(dense[-1], 1)

    def standardise(self, values: Tensor, mask: Tensor) -> None:
        """Take mean and deviation of the moments of some jets as their scale."""
        moments = jet_moments(values, mask, self.columns)
        self.moment_mean.copy_(moments.mean(dim=0))
        self.moment_scale.copy_(deviation(moments))

    def forward(self, values: Tensor, mask: Tensor) -> Tensor:
        """Score jets: (jets, n, features) and (jets, n) give (jets,)."""
        x = jet_moments(values, mask, self.columns)
        hidden = relu_layers(self.dense, (x - self.moment_mean) / self.moment_scale)
        score: Tensor = self.output(hidden)[:, 0]
        return score
