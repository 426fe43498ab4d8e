"""Distance correlation: zero for independent variables and only for these.

Székely, Rizzo & Bakirov, Ann. Statist. 35 (2007) 2769; weighted, with doubly centred
distances, as in J. Janik et al., "A Supervised Machine-Learning Search for Semi-Visible
Jets in CMS Run-2 Scouting Data", talk, 12 Jan 2026, equations 5.18-5.28.

Every function takes the same arrays. One-dimensional variables, shape (n,), cost
O(n log n) time and O(n) memory; sets of points, shape (n, d), O(n^2) time and O(n)
memory. The sums are in double precision, whatever the type of the arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oddjet import _core
from oddjet.events.missing import contiguous

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Statistic",
    "distance_correlation",
    "distance_correlation_gradient",
    "distance_correlation_squared",
    "distance_correlation_squared_unbiased",
    "distance_correlations",
    "independence_test",
]

Reals = NDArray[np.floating[Any]]
Statistic = Literal[
    "distance_correlation",
    "distance_correlation_squared",
    "distance_correlation_squared_unbiased",
]
PairResult = tuple[float, NDArray[np.float64] | None, NDArray[np.float64] | None]

# Indices in flight of an independence test: 32 MB.
_BATCH = 4_000_000
# Of R^2, which is at most 1: permutations that give the same sample give this close.
_ROUNDING = 1e-13


def distance_correlation(
    x: Reals, y: Reals, weights: Reals | None = None, *, threads: int | None = None
) -> float:
    """Measure how far two variables are from independence: R, not squared.

    R = sqrt(dCov^2(x, y) / sqrt(dVar^2(x) dVar^2(y))) of the weighted V-statistics.
    In [0, 1] for weights >= 0; 1 for a linear relation, biased upward by finite
    samples: independent variables have R ~ 1.8 / sqrt(n). It does not change when a
    variable is shifted or scaled. The three are squared norms for weights of either
    sign, though R may then exceed 1; where rounding leaves one of them not positive,
    as a constant variable does, R is 0.

    Parameters
    ----------
    x, y : float32 or float64, shape (n,) or (n, d)
        The variables (each in any unit), or points with Euclidean distances; in
        errors they are variables 0 and 1.
    weights : float32 or float64, shape (n,), optional
        Weights of the events (default: equal). Zero and negative ones are allowed.
    threads : int, optional
        Workers (default: the environment's ODDJET_THREADS, else 1); never changes
        the result.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        n < 2, different n, a value or weight that is not finite (its index is
        named), a sum of weights that is not positive, threads < 1.
    UserError
        A masked array with masked values.
    TypeError
        Arrays that are neither float32 nor float64.

    References
    ----------
    J. Janik et al., talk, 12 Jan 2026, equation 5.28.

    Examples
    --------
    >>> x = np.array([-1.0, 0.0, 1.0, 2.0])
    >>> round(distance_correlation(x, 3 * x + 1), 12)
    1.0
    >>> round(distance_correlation(x, x**2), 4)
    0.8242
    """
    return _statistic("distance_correlation", x, y, weights, threads)


def distance_correlation_squared(
    x: Reals, y: Reals, weights: Reals | None = None, *, threads: int | None = None
) -> float:
    """Measure how far two variables are from independence: R^2.

    The square of `distance_correlation`, which says what the arguments are and what
    is raised. Its gradient stays finite where it vanishes. What other packages call
    a distance correlation loss is often this.

    Examples
    --------
    >>> x = np.array([-1.0, 0.0, 1.0, 2.0])
    >>> round(distance_correlation_squared(x, x**2), 4)
    0.6794
    """
    return _statistic("distance_correlation_squared", x, y, weights, threads)


def distance_correlation_squared_unbiased(
    x: Reals, y: Reals, weights: Reals | None = None, *, threads: int | None = None
) -> float:
    """Estimate the squared distance correlation from unbiased parts.

    dCov^2 / sqrt(dVar^2(x) dVar^2(y)) of U-statistics; around zero, and so often
    negative, for independent variables. Each of the three is

        mean(a_12 b_12) - 2 mean(a_12 b_13) + mean(a_12 b_34)

    with the distances a and b of two, three and four different events. A mean is
    over all such tuples; the weight of a tuple is the product of its events'
    weights. With equal weights this is the bias-corrected statistic of Székely &
    Rizzo. With weights that are ratios of densities the sums over tuples are
    unbiased, and the means consistent. An event of weight 2 is not two events: these
    would be different ones. Zero where a dVar^2 is not positive.

    The arguments and errors are those of `distance_correlation`; four events of
    non-zero weight are needed, and pairs, triples and quadruples of positive weight.

    References
    ----------
    Székely & Rizzo, Ann. Statist. 42 (2014) 2382.

    Examples
    --------
    >>> x = np.array([-1.0, 0.0, 1.0, 2.0, 3.0])
    >>> round(distance_correlation_squared_unbiased(x, np.abs(x - 1)), 4)
    -0.4082
    """
    name: Statistic = "distance_correlation_squared_unbiased"
    return _statistic(name, x, y, weights, threads)


def distance_correlation_gradient(
    x: Reals,
    y: Reals,
    weights: Reals | None = None,
    *,
    statistic: Statistic = "distance_correlation",
    wanted: tuple[bool, bool] = (True, True),
    threads: int | None = None,
) -> PairResult:
    """Compute a distance correlation and its exact derivatives by every value.

    Equal values (coincident points) have sgn(0) = 0: the derivative is the middle
    of those on either side. Where the statistic is set to zero, so is its gradient.

    Parameters
    ----------
    x, y, weights, threads
        As for `distance_correlation`.
    statistic : str
        The name of the function to differentiate.
    wanted : (bool, bool)
        Whether the derivatives by x and by y are computed.

    Returns
    -------
    value : float
    by_x, by_y : float64, the shape of x and of y
        None where not wanted.

    Raises
    ------
    ValueError, TypeError
        As the function of that name.

    Examples
    --------
    >>> x = np.array([0.0, 1.0, 3.0])
    >>> value, by_x, by_y = distance_correlation_gradient(x, x**2, wanted=(True, False))
    >>> bool(abs(by_x.sum()) < 1e-15), by_y is None  # a shift changes nothing
    (True, True)
    """
    x, y = contiguous(x, "variable 0"), contiguous(y, "variable 1")
    if x.ndim == 1 and y.ndim == 1:
        pairs = [((0, 1), wanted)]
        return _pairs([x, y], pairs, weights, statistic, threads)[0]
    value, by_x, by_y = _core.distance_correlation_of_points(
        x=_as_points(x),
        y=_as_points(y),
        weights=_contiguous(weights),
        gradients=wanted,
        statistic=statistic,
        threads=threads,
    )
    return (
        value,
        None if by_x is None else by_x.reshape(x.shape),
        None if by_y is None else by_y.reshape(y.shape),
    )


def distance_correlations(
    variables: Sequence[Reals],
    pairs: Sequence[tuple[int, int]],
    weights: Reals | None = None,
    *,
    statistic: Statistic = "distance_correlation",
    wanted: Sequence[bool] | None = None,
    threads: int | None = None,
) -> list[PairResult]:
    """Compute the distance correlations of several pairs of variables at once.

    The same numbers as one call of `distance_correlation_gradient` a pair, but each
    variable is sorted and summed only once.

    Parameters
    ----------
    variables : sequence of float32 or float64, each of shape (n,)
    pairs : sequence of (int, int)
        Indices of variables.
    weights, threads
        As for `distance_correlation`.
    statistic : str
        The name of the function to compute for each pair.
    wanted : sequence of bool, one a variable, optional
        Whether the derivatives by this variable are computed (default: none).

    Returns
    -------
    list of (value, by_first, by_second)
        One a pair; derivatives as in `distance_correlation_gradient`.

    Raises
    ------
    ValueError, TypeError
        As the function of that name, or a pair that names no variable.

    Examples
    --------
    >>> x, y = np.array([0.0, 1.0, 3.0, 4.0]), np.array([2.0, 0.0, 1.0, 5.0])
    >>> [round(value, 4) for value, _, _ in distance_correlations(
    ...     [x, y, x * y], [(0, 1), (0, 2)])]
    [0.7464, 0.8393]
    """
    asked = [False] * len(variables) if wanted is None else list(wanted)
    if len(asked) != len(variables):
        message = (
            "distance_correlations: wanted must have one value a variable, "
            f"{len(variables)}, got {len(asked)}"
        )
        raise ValueError(message)
    for pair in pairs:
        if not all(0 <= index < len(variables) for index in pair):
            message = (
                "distance_correlations: a pair must name two of the "
                f"{len(variables)} variables, got {pair}"
            )
            raise ValueError(message)
    with_wanted = [((i, j), (asked[i], asked[j])) for i, j in pairs]
    return _pairs(variables, with_wanted, weights, statistic, threads)


class IndependenceTest(NamedTuple):
    """The squared distance correlation of a sample, and how often chance exceeds it."""

    statistic: float
    p_value: float


def independence_test(
    x: Reals,
    y: Reals,
    weights: Reals | None = None,
    *,
    seed: int,
    permutations: int = 999,
    threads: int | None = None,
) -> IndependenceTest:
    """Test whether two variables are independent, by permuting one of them.

    p = (1 + k) / (1 + N), where k of the N permuted samples have a squared distance
    correlation at least that of the sample: exact for any n and any distribution,
    rejecting independent variables with at most the nominal rate. Weights stay with
    x, so with them the null hypothesis is that y is independent of x and the weights.
    Nothing is sorted again.

    Parameters
    ----------
    x, y : float32 or float64, shape (n,)
    weights, threads
        As for `distance_correlation`.
    seed : int
        Of the generator of the permutations.
    permutations : int
        N, >= 1.

    Returns
    -------
    IndependenceTest
        (statistic, p_value).

    Raises
    ------
    ValueError, TypeError
        As `distance_correlation`; permutations < 1.

    References
    ----------
    Székely, Rizzo & Bakirov, Ann. Statist. 35 (2007) 2769, section 4; p-value: Phipson
    & Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010) 39.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 30)
    >>> independence_test(x, x**2, seed=1).p_value <= 0.01
    True
    """
    if permutations < 1:
        message = f"independence_test: permutations must be >= 1, got {permutations}"
        raise ValueError(message)
    sample = {
        "x": contiguous(x, "variable 0"),
        "y": contiguous(y, "variable 1"),
        "weights": _contiguous(weights),
    }
    random = np.random.default_rng(seed)
    batch = max(1, _BATCH // max(1, len(x)))
    found = [_permuted(sample, np.arange(len(x), dtype=np.int64)[None], threads)]
    for done in range(0, permutations, batch):
        rows = np.empty((min(batch, permutations - done), len(x)), np.int64)
        rows[:] = np.arange(len(x))
        random.permuted(rows, axis=1, out=rows)
        found.append(_permuted(sample, rows, threads))
    values = np.concatenate(found)
    as_large = np.count_nonzero(values[1:] >= values[0] - _ROUNDING)
    p_value = float(1 + as_large) / (1 + permutations)
    return IndependenceTest(float(values[0]), p_value)


def _statistic(
    name: Statistic, x: Reals, y: Reals, weights: Reals | None, threads: int | None
) -> float:
    return distance_correlation_gradient(
        x, y, weights, statistic=name, wanted=(False, False), threads=threads
    )[0]


def _pairs(
    variables: Sequence[Reals],
    pairs: Sequence[tuple[tuple[int, int], tuple[bool, bool]]],
    weights: Reals | None,
    statistic: Statistic,
    threads: int | None,
) -> list[PairResult]:
    return _core.distance_correlations(
        variables=[
            contiguous(values, f"variable {v}") for v, values in enumerate(variables)
        ],
        weights=_contiguous(weights),
        pairs=[pair for pair, _ in pairs],
        gradients=[wanted for _, wanted in pairs],
        statistic=statistic,
        threads=threads,
    )


def _permuted(
    sample: dict[str, Any], rows: NDArray[np.int64], threads: int | None
) -> NDArray[np.float64]:
    statistic: Statistic = "distance_correlation_squared"
    return _core.permuted_distance_correlations(
        **sample, permutations=rows, statistic=statistic, threads=threads
    )


def _contiguous(values: Reals | None) -> Reals | None:
    return None if values is None else contiguous(values, "weights")


def _as_points(values: Reals) -> Reals:
    """(n,) as (n, 1), anything else as it is."""
    return values[:, None] if values.ndim == 1 else values
