"""Distance correlations of tensors by sorts and prefix sums, on any device.

The same sums as the compiled kernel, written with whole tensors: O(n log n) work and
O(n) memory, in double precision. See `cpp/src/pair_brackets.cpp` for the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["PairTensors", "tensor_form"]

#: The value, and its derivatives by the first and by the second variable.
PairTensors = tuple["Tensor", "Tensor | None", "Tensor | None"]


def tensor_form(
    variables: Sequence[Tensor],
    pairs: Sequence[tuple[int, int]],
    weights: Tensor | None,
    wanted: Sequence[bool],
) -> list[PairTensors]:
    """Compute R of each pair, and its derivatives by the wanted variables.

    Parameters
    ----------
    variables : sequence of Tensor, each of shape (n,)
    pairs : sequence of (int, int)
    weights : Tensor, shape (n,), optional
    wanted : sequence of bool, one a variable

    Returns
    -------
    list of (value, by_first, by_second)
        float64 tensors on the device of the variables; None where not wanted.

    Raises
    ------
    ValueError
        As `oddjet.distance_correlation`.

    Examples
    --------
    >>> x = torch.tensor([-1.0, 0.0, 1.0, 2.0])
    >>> tensor_form([x, x * x], [(0, 1)], None, [False, False])[0][0].round(decimals=4)
    tensor(0.8242, dtype=torch.float64)
    """
    fractions = _fractions(variables, weights)
    ascending = [
        _Ascending(variable.double(), fractions, number)
        for number, variable in enumerate(variables)
    ]
    return [_pair(ascending[i], ascending[j], (wanted[i], wanted[j])) for i, j in pairs]


def _fractions(variables: Sequence[Tensor], weights: Tensor | None) -> Tensor:
    n = len(variables[0])
    if n < 2:
        message = f"distance_correlation: there must be >= 2 events, got {n}"
        raise ValueError(message)
    for number, variable in enumerate(variables):
        if variable.shape != (n,):
            message = (
                f"distance_correlation: variable {number} must have one value an "
                f"event, {n}, got the shape {tuple(variable.shape)}"
            )
            raise ValueError(message)
    if weights is None:
        return torch.full_like(variables[0], 1 / n, dtype=torch.float64)
    if weights.shape != (n,):
        message = (
            "distance_correlation: weights must have one value an event, "
            f"{n}, got the shape {tuple(weights.shape)}"
        )
        raise ValueError(message)
    each = weights.detach().double()
    _refuse_non_finite(each, "weight {index} is non-finite, {value}")
    total = each.sum()
    if not 0 < total < torch.inf:
        message = (
            "distance_correlation: the sum of weights must be finite and > 0, "
            f"got {total.item():g}"
        )
        raise ValueError(message)
    return each / total


def _refuse_non_finite(values: Tensor, problem: str) -> None:
    finite = values.isfinite()
    if not finite.all():
        index = int(finite.logical_not().nonzero()[0])
        text = problem.format(index=index, value=values[index].item())
        message = f"distance_correlation: {text}"
        raise ValueError(message)


def _before(values: Tensor) -> Tensor:
    """Sum over the rows before each row, and over all: one row more."""
    zero = torch.zeros_like(values[:1])
    return torch.cat([zero, values.cumsum(0)])


def _inverse(permutation: Tensor) -> Tensor:
    inverse = torch.empty_like(permutation)
    inverse[permutation] = torch.arange(len(permutation), device=permutation.device)
    return inverse


class _Ascending:
    """A variable in ascending order and its sums; tensors by event.

    Attributes
    ----------
    rank : int64
        Position in ascending order; equal values by event.
    first, last : int64
        The positions [first, last) of the values equal to this one.
    value : float64
        Less the median, scaled by a power of two.
    mean_distance, own_bracket, grand_mean, variance
        Of the distances of this variable alone.
    """

    def __init__(self, values: Tensor, fractions: Tensor, number: int) -> None:
        _refuse_non_finite(
            values, f"value {{index}} of variable {number} is non-finite, {{value}}"
        )
        self.fractions = fractions
        ordered, self.order = values.sort(stable=True)
        self.rank = _inverse(self.order)
        _, counts = torch.unique_consecutive(ordered, return_counts=True)
        last = counts.cumsum(0)
        self.first = (last - counts).repeat_interleave(counts)[self.rank]
        self.last = last.repeat_interleave(counts)[self.rank]
        largest = torch.maximum(ordered[0].abs(), ordered[-1].abs())
        exponent = torch.frexp(largest).exponent.clamp(min=-1000)
        self.scale = torch.ldexp(torch.ones_like(largest), -exponent)
        self.value = (values - 0.0) * self.scale - ordered[
            len(values) // 2
        ] * self.scale
        self._sum()

    def signed(self, values: Tensor) -> Tensor:
        """sum_j p_j values_j sgn(value_i - value_j)."""
        before = _before((self.fractions * values)[self.order])
        return before[self.first] + before[self.last] - before[-1]

    def _sum(self) -> None:
        p, value = self.fractions, self.value
        weight = _before(p[self.order])
        moment = _before((p * value)[self.order])
        self.mean_distance = (
            value * (2 * weight[self.rank] - weight[-1])
            - 2 * moment[self.rank]
            + moment[-1]
        )
        self.grand_mean = p @ self.mean_distance
        self.own_bracket = self.bracket(value * weight[-1] - moment[-1], self)
        self.variance = 2 * (p * value) @ self.own_bracket

    def bracket(self, distances: Tensor, other: _Ascending) -> Tensor:
        """Find the derivatives of dCov^2 from sum_j p_j sgn(x_i - x_j) |y_i - y_j|."""
        rows = other.mean_distance
        signs = self.signed(torch.ones_like(rows))
        return distances + (other.grand_mean - rows) * signs - self.signed(rows)


@dataclass(frozen=True)
class _PairOrder:
    """Positions in either variable, equal values in the order of the other one."""

    place: Tensor
    rank: Tensor


def _pair_order(first: _Ascending, second: _Ascending) -> _PairOrder:
    n = len(first.rank)
    return _PairOrder(
        _inverse((first.first * n + second.rank).argsort()),
        _inverse((second.first * n + first.rank).argsort()),
    )


def _pair(
    first: _Ascending, second: _Ascending, wanted: tuple[bool, bool]
) -> PairTensors:
    p = first.fractions
    columns = torch.stack([p, p * second.value, p * first.value], dim=1)
    sums = _concordance(_pair_order(first, second), columns)
    by_first = _bracket(first, second, sums[:, 0], sums[:, 1])
    covariance = 2 * (p * first.value) @ by_first
    norm = first.variance.clamp(min=0).sqrt() * second.variance.clamp(min=0).sqrt()
    squared = covariance / norm
    # Zero, with zero derivatives, without a comparison on the host; NaN is not > 0.
    defined = (norm > 0) & (squared > 0)
    value = torch.where(defined, squared, 0.0).sqrt()

    def gradient(side: _Ascending, bracket: Tensor) -> Tensor:
        terms = bracket / norm - squared * side.own_bracket / side.variance
        return torch.where(defined, side.scale * p * terms / value, 0.0)

    return (
        value,
        gradient(first, by_first) if wanted[0] else None,
        gradient(second, _bracket(second, first, sums[:, 0], sums[:, 2]))
        if wanted[1]
        else None,
    )


def _bracket(
    side: _Ascending, other: _Ascending, weight: Tensor, moment: Tensor
) -> Tensor:
    """From the concordance sums of p and of p times the other variable's value."""
    distances = other.value * weight - moment
    # By position, equal values took part with a sign. In a tie the other variable
    # ascends, so that what they gave is sum_j p_j (y_i - y_j).
    p = side.fractions
    weights = _before(p[side.order])
    moments = _before((p * other.value)[side.order])
    tied = other.value * (weights[side.last] - weights[side.first])
    tied -= moments[side.last] - moments[side.first]
    distances -= torch.where(side.last - side.first > 1, tied, 0.0)
    return side.bracket(distances, other)


def _concordance(order: _PairOrder, columns: Tensor) -> Tensor:
    """sum_j sgn(place_i - place_j) sgn(rank_i - rank_j) columns_j, by event."""
    by_place = _inverse(order.place)
    by_rank = _inverse(order.rank)
    both = _earlier_and_lower(order.rank[by_place], columns[by_rank])[order.rank]
    earlier = _before(columns[by_place])
    lower = _before(columns[by_rank])
    return 4 * both - 2 * earlier[order.place] - 2 * lower[order.rank] + lower[-1]


def _earlier_and_lower(ranks: Tensor, columns: Tensor) -> Tensor:
    """Sum the columns over lower ranks that stand before; both arrays by rank.

    Two ranks differ first in some bit; from the highest one, ranks that agree above
    are kept together in their order, and dealt out by the bit.
    """
    sums = torch.zeros_like(columns)
    position = torch.arange(len(ranks), device=ranks.device)
    for bit in reversed(range((len(ranks) - 1).bit_length())):
        begin = ranks >> (bit + 1) << (bit + 1)  # of those that agree above
        is_set = ranks >> bit & 1
        clear = 1 - is_set
        before = _before(columns[ranks] * clear[:, None])
        sums[ranks] += is_set[:, None] * (before[position] - before[begin])
        cleared = _before(clear)
        lower = cleared[position] - cleared[begin]
        upper = (1 << bit) + position - begin - lower
        dealt = torch.empty_like(ranks)
        dealt[begin + torch.where(is_set > 0, upper, lower)] = ranks
        ranks = dealt
    return sums
