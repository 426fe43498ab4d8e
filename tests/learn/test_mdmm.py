"""Multipliers: known optima, the trap of a learnt slack, resuming, refusals."""

from __future__ import annotations

import copy

import pytest
import torch

from oddjet.learn.mdmm import Constraint, Multipliers
from oddjet.runs.errors import UserError


def minimise(objective, terms, constraints, start, *, steps=2000, rate=0.1, adam=False):
    """Descend by the network's optimiser, ascend by the multipliers' own rule."""
    parameters = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    multipliers = Multipliers(constraints, rate=rate)
    kind = torch.optim.Adam if adam else torch.optim.SGD
    optimiser = kind([parameters], lr=0.02)
    for _ in range(steps):
        values = torch.stack(terms(parameters))
        loss = objective(parameters) + multipliers(values)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        multipliers.ascend(values)
    return parameters.detach(), multipliers


def square(x):
    return (x[0] - 3) ** 2


class TestKnownOptima:
    @pytest.mark.parametrize("adam", [False, True])
    @pytest.mark.parametrize("start", [-2.0, 2.5])
    def test_an_active_constraint(self, start, adam):
        """(x - 3)^2 with x <= 1: 2 (x - 3) + lambda = 0 at x = 1."""
        x, multipliers = minimise(
            square, lambda x: [x[0]], [Constraint("x", "max", 1.0)], [start], adam=adam
        )
        assert x.item() == pytest.approx(1.0, abs=1e-3)
        assert multipliers.value.item() == pytest.approx(4.0, abs=1e-2)

    @pytest.mark.parametrize("start", [0.0, 9.0])
    def test_an_inactive_constraint_lets_go(self, start):
        x, multipliers = minimise(
            square, lambda x: [x[0]], [Constraint("x", "max", 5.0)], [start]
        )
        assert x.item() == pytest.approx(3.0, abs=1e-4)
        assert 0 <= multipliers.value.item() < 1e-9

    def test_minimum_and_equality(self):
        x, multipliers = minimise(
            lambda x: (x**2).sum(),
            lambda x: [x[0], x[1]],
            [Constraint("a", "min", 2.0), Constraint("b", "equal", -3.0)],
            [0.0, 0.0],
        )
        torch.testing.assert_close(
            x, torch.tensor([2.0, -3.0]).double(), rtol=0, atol=1e-3
        )
        # In units of a miss of 2 and of 3: lambda = 2 x scale.
        expected = torch.tensor([8.0, 18.0]).double()
        torch.testing.assert_close(multipliers.value, expected, rtol=1e-2, atol=0)

    def test_two_constraints_of_which_one_binds(self):
        x, multipliers = minimise(
            square,
            lambda x: [x[0], x[0] ** 2],
            [Constraint("x", "max", 2.0), Constraint("x^2", "max", 1.0)],
            [4.0],
        )
        assert x.item() == pytest.approx(1.0, abs=1e-3)
        assert multipliers.value[0].item() == pytest.approx(0, abs=1e-6)
        assert multipliers.value[1].item() == pytest.approx(2.0, abs=1e-2)


def test_the_trap_of_a_learnt_slack():
    """From a broken start the usual form ends on the bound; this one at the optimum.

    x^2 with x <= 1 from x = 2: the optimum 0 keeps the constraint.
    """
    x = torch.tensor([2.0], requires_grad=True)
    slack = torch.relu(1 - x.detach()).sqrt().requires_grad_()
    multiplier = torch.zeros(1, requires_grad=True)
    for _ in range(4000):
        infeasible = 1 - x - slack**2
        loss = (x**2 + multiplier * infeasible + infeasible**2 / 2).sum()
        gradients = torch.autograd.grad(loss, (x, slack, multiplier))
        with torch.no_grad():
            x -= 0.02 * gradients[0]
            slack -= 0.02 * gradients[1]
            multiplier += 0.02 * gradients[2]
    assert slack.item() == 0
    assert x.item() == pytest.approx(1.0, abs=1e-3)
    found, multipliers = minimise(
        lambda x: (x**2).sum(), lambda x: [x[0]], [Constraint("x", "max", 1.0)], [2.0]
    )
    assert found.item() == pytest.approx(0.0, abs=1e-6)
    assert 0 <= multipliers.value.item() < 1e-9


def test_the_step_is_in_proportion_to_the_miss():
    for miss in (1e-4, 1e-2, 1.0):
        multipliers = Multipliers([Constraint("R", "max", 0.1)], rate=0.3)
        multipliers.ascend(torch.tensor([0.1 * (1 + miss)], dtype=torch.float64))
        assert multipliers.value.item() == pytest.approx(0.3 * miss)


def test_units_of_a_term_change_nothing():
    options = {"objective": square, "start": [2.5]}
    x, one = minimise(
        terms=lambda x: [x[0]], constraints=[Constraint("x", "max", 1.0)], **options
    )
    again, other = minimise(
        terms=lambda x: [1e4 * x[0]],
        constraints=[Constraint("x", "max", 1e4)],
        **options,
    )
    torch.testing.assert_close(x, again)
    torch.testing.assert_close(one.value, other.value)


def test_the_multiplier_never_falls_below_zero():
    multipliers = Multipliers([Constraint("x", "max", 1.0)], rate=1.0)
    multipliers.ascend(torch.tensor([5.0]))
    for value in (0.9, -30.0, 0.99, -1e9):
        multipliers.ascend(torch.tensor([value]))
        assert multipliers.value.item() >= 0
    assert multipliers.value.item() == 0


def test_relaxation_is_a_larger_target():
    """Of inequalities from above alone, with the scale that belongs to it."""
    constraints = [Constraint("x", "max", 0.1), Constraint("y", "min", 0.2)]
    wider = [Constraint("x", "max", 1.0), Constraint("y", "min", 0.2)]
    values = torch.tensor([1.3, 0.1], dtype=torch.float64)
    relaxed, plain = Multipliers(constraints), Multipliers(wider)
    for _ in range(3):
        assert relaxed(values, relaxation=10.0) == plain(values)
        relaxed.ascend(values, relaxation=10.0)
        plain.ascend(values)
    torch.testing.assert_close(relaxed.value, plain.value)
    assert relaxed.value.min() > 0


def test_the_penalty_of_the_best_slack():
    """The closed form is the least over s of the penalty with a slack."""
    for value in (0.2, 0.9, 1.1, 3.0):
        multipliers = Multipliers([Constraint("x", "max", 1.0, damping=2.0)])
        multipliers.value += 0.7
        slack = torch.linspace(0, 3, 300_001, dtype=torch.float64)
        g = value - 1 + slack**2
        expected = (0.7 * g + g**2).min()
        found = multipliers(torch.tensor([value], dtype=torch.float64))
        assert found.item() == pytest.approx(expected.item(), abs=1e-9)


def test_a_checkpoint_goes_on_as_it_was():
    constraints = [Constraint("x", "max", 1.0), Constraint("y", "equal", 0.0)]
    first = Multipliers(constraints)
    first.ascend(torch.tensor([2.0, -1.0]))
    second = Multipliers(constraints)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for each in (first, second):
        each.ascend(torch.tensor([1.5, 0.5]))
    assert torch.equal(first.value, second.value)
    assert list(first.parameters()) == []


def test_states():
    multipliers = Multipliers(
        [
            Constraint("R", "max", 0.02),
            Constraint("C", "equal", 0.0, scale=0.1),
            Constraint("f", "min", 2.0),
        ]
    )
    states = multipliers.states(torch.tensor([0.0209, -0.02, 2.5]))
    assert [each.is_met for each in states] == [True, False, True]
    assert states[0].value == pytest.approx(0.0209)


@pytest.mark.parametrize(
    ("constraints", "options", "problem"),
    [
        ([Constraint("R", "max", 0.1)], {"rate": 0}, r"rate .* in \(0, 1\].* got 0"),
        ([Constraint("R", "max", 0.1)], {"rate": 2}, r"the smallest damping, got 2"),
        (
            [Constraint("R", "max", 0.1), Constraint("R", "max", 0.2)],
            {},
            "two constraints of kind max on R",
        ),
        (
            [Constraint("R", "min", 0.2), Constraint("R", "max", 0.1)],
            {},
            "constraints on R contradict each other: at most 0.1, but at least 0.2",
        ),
        (
            [Constraint("R", "equal", 0.2), Constraint("R", "max", 0.1)],
            {},
            "contradict each other: at most 0.1, but exactly 0.2",
        ),
        (
            [Constraint("R", "equal", 0.1), Constraint("R", "min", 0.2)],
            {},
            "contradict each other: at least 0.2, but exactly 0.1",
        ),
    ],
)
def test_what_cannot_be_is_refused(constraints, options, problem):
    with pytest.raises(UserError, match=problem):
        Multipliers(constraints, **options)


def test_meaningless_constraints_are_refused():
    for changed, problem in (
        ({"kind": "below"}, "kind must be max, min or equal, got 'below'"),
        ({"damping": 0.0}, "constraint R: damping must be > 0, got 0"),
        ({"scale": -1.0}, "constraint R: scale must be > 0, got -1"),
    ):
        with pytest.raises(UserError, match=problem):
            Constraint(**({"name": "R", "kind": "max", "target": 0.1} | changed))
