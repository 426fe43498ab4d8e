"""Distance correlation as a differentiable loss, in O(n log n) time and O(n) memory.

On the CPU the compiled kernel gives value and gradient in one pass. On other devices
the same sums are made of sorts and prefix sums of tensors; nothing of size n x n ever
exists, and no tensor leaves the device. Both compute in double precision.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import torch
from torch.autograd.function import once_differentiable

from oddjet import correlation
from oddjet.learn.losses.sorted_sums import tensor_form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from oddjet.learn.losses.sorted_sums import PairTensors

__all__ = ["distance_correlation", "distance_correlations"]


def distance_correlation(x: Tensor, y: Tensor, weights: Tensor | None = None) -> Tensor:
    """Measure how far two variables are from independence: R, not squared.

    The differentiable `oddjet.distance_correlation`: the weighted V-statistic, zero
    with zero gradient for constant input and where dCov^2 <= 0; equal values have
    sgn(0) = 0.

    Parameters
    ----------
    x, y : Tensor, float32 or float64, shape (n,)
    weights : Tensor, float32 or float64, shape (n,), optional
        Weights of the events, which are not differentiated.

    Returns
    -------
    Tensor, shape ()
        Of the wider of the types of x and y.

    Raises
    ------
    ValueError
        As `oddjet.distance_correlation`.

    References
    ----------
    J. Janik et al., talk, 12 Jan 2026, equations 5.18-5.28.

    Examples
    --------
    >>> x = torch.tensor([0.0, 1.0, 3.0], requires_grad=True)
    >>> loss = distance_correlation(x, torch.tensor([1.0, 0.0, 2.0]))
    >>> loss.backward()
    >>> bool(x.grad.sum().abs() < 1e-6)  # a shift changes nothing
    True
    """
    return distance_correlations([x, y], [(0, 1)], weights)[0]


def distance_correlations(
    variables: Sequence[Tensor],
    pairs: Sequence[tuple[int, int]],
    weights: Tensor | None = None,
) -> Tensor:
    """Measure several pairs of variables; each variable is sorted only once.

    Parameters
    ----------
    variables : sequence of Tensor, float32 or float64, each of shape (n,)
    pairs : sequence of (int, int)
        Indices of variables.
    weights : Tensor, float32 or float64, shape (n,), optional

    Returns
    -------
    Tensor, shape (pairs,)
        As `distance_correlation` of each pair.

    Raises
    ------
    ValueError
        As `oddjet.distance_correlations`.

    Examples
    --------
    >>> x, y = torch.tensor([0.0, 1.0, 3.0]), torch.tensor([1.0, 0.0, 2.0])
    >>> distance_correlations([x, y, x * y], [(0, 1), (0, 2)]).shape
    torch.Size([2])
    """
    losses: Tensor = _DistanceCorrelations.apply(  # type: ignore[no-untyped-call]
        tuple(pairs), weights, *variables
    )
    return losses


class _DistanceCorrelations(torch.autograd.Function):
    """The gradient comes with the value, so the backward pass only weighs it."""

    @staticmethod
    def forward(  # type: ignore[no-untyped-def]
        ctx,
        pairs: tuple[tuple[int, int], ...],
        weights: Tensor | None,
        *variables: Tensor,
    ) -> Tensor:
        compute = _kernel if variables[0].device.type == "cpu" else tensor_form
        wanted = ctx.needs_input_grad[2:]
        found = compute([each.detach() for each in variables], pairs, weights, wanted)
        ctx.dtypes = [variable.dtype for variable in variables]
        # One term for every derivative: of which pair, by which variable.
        ctx.terms = [
            (row, variable)
            for row, (pair, (_, *by)) in enumerate(zip(pairs, found, strict=True))
            for variable, gradient in zip(pair, by, strict=True)
            if gradient is not None
        ]
        ctx.save_for_backward(
            *(gradient for _, *by in found for gradient in by if gradient is not None)
        )
        widest = functools.reduce(torch.promote_types, ctx.dtypes)
        return torch.stack([value for value, _, _ in found]).to(widest)

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream: Tensor):  # type: ignore[no-untyped-def]
        by_variable: list[Tensor | None] = [None] * len(ctx.dtypes)
        for (row, variable), gradient in zip(ctx.terms, ctx.saved_tensors, strict=True):
            term = upstream[row].to(gradient.dtype) * gradient
            so_far = by_variable[variable]
            by_variable[variable] = term if so_far is None else so_far + term
        return (
            None,
            None,
            *(
                None if gradient is None else gradient.to(dtype)
                for gradient, dtype in zip(by_variable, ctx.dtypes, strict=True)
            ),
        )


def _kernel(
    variables: Sequence[Tensor],
    pairs: Sequence[tuple[int, int]],
    weights: Tensor | None,
    wanted: Sequence[bool],
) -> list[PairTensors]:
    found = correlation.distance_correlations(
        [variable.numpy() for variable in variables],
        pairs,
        None if weights is None else weights.detach().numpy(),
        wanted=wanted,
    )
    return [
        (
            torch.tensor(value, dtype=torch.float64),
            None if by_first is None else torch.from_numpy(by_first),
            None if by_second is None else torch.from_numpy(by_second),
        )
        for value, by_first, by_second in found
    ]
