"""Constraints on a loss: the modified differential method of multipliers, MDMM.

Minimise f subject to L_j <= eps_j (or >=, or =). Every multiplier rises as long as its
constraint is broken and falls once it is kept, so that nobody sets weights by hand.

An inequality is usually written as an equality with a slack, eps - L - s^2 = 0, whose
s is learnt too. If it starts broken, s starts at 0, where its gradient -2 s (...)
vanishes for ever: the inequality has become an equality. Here the slack takes its best
value in closed form, s^2 = max(0, eps - L - lambda/rho), which leaves the augmented
Lagrangian of Rockafellar and nothing that can get stuck.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["Constraint", "ConstraintState", "Multipliers"]

Kind = Literal["max", "min", "equal"]


@dataclass(frozen=True)
class Constraint:
    """What a term of the loss must be.

    Attributes
    ----------
    name : str
        For messages and histories.
    kind : "max", "min" or "equal"
        At most, at least or exactly the target.
    target : float
    scale : float, optional
        The miss that counts as one; the size of the target if not given, so that
        multipliers of different terms are in units of the objective.
    damping : float
        Strength of the quadratic term, > 0: without it multiplier and network
        oscillate around the solution.
    """

    name: str
    kind: Kind
    target: float
    scale: float | None = None
    damping: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in {"max", "min", "equal"}:
            message = (
                f"constraint {self.name}: kind must be max, min or equal, got "
                f"{self.kind!r}"
            )
            raise UserError(message)
        for what, value in (("damping", self.damping), ("scale", self.size)):
            if not 0 < value < float("inf"):
                message = f"constraint {self.name}: {what} must be > 0, got {value:g}"
                raise UserError(message)

    @property
    def size(self) -> float:
        """The miss that counts as one."""
        if self.scale is not None:
            return self.scale
        return abs(self.target) if self.target else 1.0


@dataclass(frozen=True)
class ConstraintState:
    """Where a constraint stands.

    Attributes
    ----------
    name, kind, target
        Of the constraint.
    value : float
        Of its term of the loss.
    multiplier : float
        In units of the objective for a miss of one scale.
    is_met : bool
    """

    name: str
    kind: Kind
    target: float
    value: float
    multiplier: float
    is_met: bool


class Multipliers(nn.Module):
    """Lagrange multipliers of a set of constraints.

    With the miss g = (L - target) / scale (its negative for "min"), the penalty is

        inequality   (max(0, lambda + rho g)^2 - lambda^2) / (2 rho)
        equality     lambda g + rho g^2 / 2

    and a step of ascent adds rate max(g, -lambda/rho), the gradient of the penalty by
    lambda (g for an equality). That step is plain and in proportion to the miss:
    through Adam it would have the same size whatever the miss, and go on as long when
    the constraint is all but met.

    Multipliers are buffers and not parameters: no optimiser decays or rescales them,
    and they are part of the state dict.

    Parameters
    ----------
    constraints : sequence of Constraint
    rate : float
        Of the ascent, in (0, damping] of each constraint; at the damping a step is
        that of the classical method of multipliers, which minimises fully in between.
        A network that takes one step in between follows a tenth of that; multipliers
        that outrun it oscillate.

    Attributes
    ----------
    value : float64 Tensor, shape (constraints,)
        The multipliers; never below zero for inequalities.

    Raises
    ------
    UserError
        A rate out of range, two constraints of one kind and name, or a "max" below
        the "min" of the same name: they contradict each other.

    References
    ----------
    Platt & Barr, "Constrained differential optimization" (1987); Rockafellar,
    Mathematical Programming 5 (1973) 354, for the inequality.

    Examples
    --------
    >>> multipliers = Multipliers([Constraint("R", "max", 0.02)], rate=0.5)
    >>> multipliers.ascend(torch.tensor([0.03]))
    >>> multipliers.value
    tensor([0.2500], dtype=torch.float64)
    """

    value: Tensor
    _target: Tensor
    _scale: Tensor
    _damping: Tensor
    _is_equality: Tensor
    _is_upper: Tensor

    def __init__(self, constraints: Sequence[Constraint], *, rate: float = 0.1) -> None:
        super().__init__()
        self.constraints = tuple(constraints)
        self.rate = rate
        _check(self.constraints, rate)
        double = torch.float64
        self.register_buffer("value", torch.zeros(len(self.constraints), dtype=double))
        for name, constants in {
            "_target": [each.target for each in self.constraints],
            "_scale": [
                -each.size if each.kind == "min" else each.size
                for each in self.constraints
            ],
            "_damping": [each.damping for each in self.constraints],
            "_is_equality": [each.kind == "equal" for each in self.constraints],
            "_is_upper": [each.kind == "max" for each in self.constraints],
        }.items():
            column = torch.tensor(constants, dtype=double)
            # Constants come from the constraints, never from a checkpoint.
            self.register_buffer(name, column, persistent=False)

    def _miss(self, values: Tensor, relaxation: float = 1.0) -> Tensor:
        """How far a constraint is broken, in scales; negative while it is kept."""
        relaxed = torch.where(self._is_upper > 0, relaxation, 1.0)
        return (values - relaxed * self._target) / (relaxed * self._scale)

    def forward(self, values: Tensor, *, relaxation: float = 1.0) -> Tensor:
        """Give the penalty to add to the objective.

        Parameters
        ----------
        values : Tensor, shape (constraints,)
            The terms of the loss, in the order of the constraints.
        relaxation : float
            >= 1: factor on target and scale of every "max". A target that shrinks
            while the network follows leads past states that keep all constraints by
            giving up the objective, where a target missed by far would drive it.

        Returns
        -------
        float64 Tensor, shape ()
        """
        miss, rho, multiplier = (
            self._miss(values, relaxation),
            self._damping,
            self.value,
        )
        pushed = multiplier + rho * miss
        inequality = (pushed.clamp(min=0) ** 2 - multiplier**2) / (2 * rho)
        equality = multiplier * miss + rho * miss**2 / 2
        return torch.where(self._is_equality > 0, equality, inequality).sum()

    @torch.no_grad()
    def ascend(self, values: Tensor, *, relaxation: float = 1.0) -> None:
        """Let each multiplier follow its constraint by one step.

        Parameters
        ----------
        values : Tensor, shape (constraints,)
            The terms of the loss, as they were in `forward`.
        relaxation : float
            As it was there.
        """
        values = values.detach().to(self.value)
        miss = self._miss(values, relaxation)
        downward = torch.maximum(miss, -self.value / self._damping)
        self.value += self.rate * torch.where(self._is_equality > 0, miss, downward)

    def states(
        self, values: Tensor, *, tolerance: float = 0.05
    ) -> tuple[ConstraintState, ...]:
        """Tell where each constraint stands.

        Parameters
        ----------
        values : Tensor, shape (constraints,)
        tolerance : float
            A miss up to this many scales is met: an active constraint ends on its
            target, a little above as often as below.

        Returns
        -------
        tuple of ConstraintState
        """
        miss = self._miss(values.detach().double())
        size = torch.where(self._is_equality > 0, miss.abs(), miss)
        return tuple(
            ConstraintState(
                each.name,
                each.kind,
                each.target,
                float(values[i]),
                float(self.value[i]),
                bool(size[i] <= tolerance),
            )
            for i, each in enumerate(self.constraints)
        )


def _check(constraints: tuple[Constraint, ...], rate: float) -> None:
    smallest = min((each.damping for each in constraints), default=float("inf"))
    if not 0 < rate <= smallest:
        message = (
            f"the rate of the multipliers must lie in (0, {smallest:g}], the smallest "
            f"damping, got {rate:g}"
        )
        raise UserError(message)
    bounds: dict[tuple[str, Kind], Constraint] = {}
    for each in constraints:
        if (each.name, each.kind) in bounds:
            message = f"there are two constraints of kind {each.kind} on {each.name}"
            raise UserError(message)
        bounds[each.name, each.kind] = each
    for each in constraints:
        lower = bounds.get((each.name, "min"))
        exact = bounds.get((each.name, "equal"))
        for other in (lower, exact) if each.kind == "max" else ():
            if other is not None and other.target > each.target:
                message = (
                    f"the constraints on {each.name} contradict each other: at most "
                    f"{each.target:g}, but {_WORDS[other.kind]} {other.target:g}"
                )
                raise UserError(message)
        if each.kind == "min" and exact is not None and exact.target < each.target:
            message = (
                f"the constraints on {each.name} contradict each other: at least "
                f"{each.target:g}, but exactly {exact.target:g}"
            )
            raise UserError(message)


_WORDS = {"min": "at least", "equal": "exactly"}
