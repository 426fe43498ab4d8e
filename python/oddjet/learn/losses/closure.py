"""Non-closure of the ABCD method as a differentiable loss.

Counts become sums of products of sigmoids, so that a cut has a gradient. The cut is
drawn anew for every batch: the method must close everywhere, not where it was tuned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from oddjet.runs.errors import UserError
from oddjet.stats.abcd import symmetric_closure
from oddjet.stats.region_yields import FourRegions

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

__all__ = ["closure_losses", "draw_cut", "soft_regions"]

#: Sharpness of a soft cut on scores between 0 and 1: an event 0.05 above counts 0.993.
SHARPNESS = 100.0


def soft_regions(
    x: Tensor,
    y: Tensor,
    weights: Tensor,
    *,
    cut: tuple[float, float],
    bin_of: Tensor | None = None,
    num_bins: int = 1,
    sharpness: float = SHARPNESS,
) -> FourRegions[Tensor]:
    """Count events softly in the four regions of two cuts.

    An event passes a cut to the part sigmoid(sharpness (score - cut)) and fails it to
    the rest, so that the regions of an event add up to its weight.

    Parameters
    ----------
    x, y : Tensor, shape (events,)
        Scores in [0, 1].
    weights : Tensor, shape (events,)
    cut : (float, float)
    bin_of : int64 Tensor, shape (events,), optional
        Bin of each event; outside 0 ... num_bins - 1 it counts nowhere.
    num_bins : int
    sharpness : float
        kappa of the references.

    Returns
    -------
    FourRegions of Tensor, shape (num_bins,)

    References
    ----------
    J. Janik et al., talk, 12 Jan 2026, "Loss details (iii)"; arXiv:2506.08826.

    Examples
    --------
    >>> x, y, weights = torch.tensor([[0.9, 0.9], [0.8, 0.1], [2.0, 3.0]])
    >>> soft_regions(x, y, weights, cut=(0.5, 0.5)).pass_fail
    tensor([3.])
    """
    above_x, above_y = (
        torch.sigmoid(sharpness * (score - threshold))
        for score, threshold in zip((x, y), cut, strict=True)
    )
    # 1 - sigmoid(u) loses what is left below 1e-7 of float32; sigmoid(-u) does not.
    below_x, below_y = (
        torch.sigmoid(sharpness * (threshold - score))
        for score, threshold in zip((x, y), cut, strict=True)
    )

    def summed(part: Tensor) -> Tensor:
        each = weights * part
        if bin_of is None:
            return each.sum().reshape(1)
        # Bin 0 takes what lies below and the last one what lies above.
        slots = each.new_zeros(num_bins + 2)
        place = (bin_of + 1).clamp(0, num_bins + 1)
        return slots.index_add(0, place, each)[1:-1]

    return FourRegions(
        pass_pass=summed(above_x * above_y),
        pass_fail=summed(above_x * below_y),
        fail_pass=summed(below_x * above_y),
        fail_fail=summed(below_x * below_y),
    )


@torch.no_grad()
def draw_cut(
    x: Tensor,
    y: Tensor,
    weights: Tensor,
    *,
    random: np.random.Generator,
    bin_of: Tensor | None = None,
    num_bins: int = 1,
    min_events: float = 10.0,
    max_fraction: float = 0.99,
    sharpness: float = SHARPNESS,
    attempts: int = 1000,
) -> tuple[float, float]:
    """Draw a pair of cuts that leaves events in every region of every bin.

    The logarithm of the fraction of events that independent scores would leave is
    uniform, from `min_events` of the poorest bin to `max_fraction`, and the two cuts
    share it at random: each decade of background rejection is tested as often as any
    other, where cuts uniform in the scores would all but miss the corner that the
    signal region is. A pair is drawn again until each region holds more than
    `min_events` soft events, counted without weights, and a soft sum of weights above
    zero.

    Parameters
    ----------
    x, y, weights : Tensor, shape (events,)
        Of the background.
    random : numpy.random.Generator
    bin_of, num_bins, sharpness
        As for `soft_regions`.
    min_events : float
    max_fraction : float
        Less means cuts in the tail alone.
    attempts : int
        Pairs to try.

    Returns
    -------
    (float, float)

    Raises
    ------
    UserError
        No pair was found: scores that are constant or all but equal to each other, or
        too few events in a bin.

    References
    ----------
    arXiv:2506.08826, whose published code draws cuts uniform in the score.

    Examples
    --------
    >>> x, y = torch.rand(2, 1000, generator=torch.Generator().manual_seed(1))
    >>> cut = draw_cut(x, y, torch.ones(1000), random=np.random.default_rng(1))
    >>> all(0 < each < 1 for each in cut)
    True
    """
    ordered = [np.sort(score.detach().cpu().double().numpy()) for score in (x, y)]
    lowest = max(min_events, 1.0) / _fewest_events(x, bin_of, num_bins)
    lowest = min(lowest, 0.5, max_fraction)
    ones = torch.ones_like(x)
    most = torch.full((num_bins,), -torch.inf, dtype=x.dtype, device=x.device)
    for _ in range(attempts):
        both, share = random.uniform([np.log(lowest), 0.0], [np.log(max_fraction), 1.0])
        passing = np.exp([share * both, (1 - share) * both])
        first, second = (
            _quantile(score, 1 - part)
            for score, part in zip(ordered, passing, strict=True)
        )
        options = {"bin_of": bin_of, "num_bins": num_bins, "sharpness": sharpness}
        counts = _fewest(soft_regions(x, y, ones, cut=(first, second), **options))  # type: ignore[arg-type]
        if bool((counts > min_events).all()):
            sums = _fewest(soft_regions(x, y, weights, cut=(first, second), **options))  # type: ignore[arg-type]
            if bool((sums > 0).all()):
                return first, second
        most = torch.maximum(most, counts)
    worst = int(most.argmin())
    where = f"bin {worst}" if num_bins > 1 else "the batch"
    message = (
        f"closure: {attempts} pairs of cuts leave at most {most[worst]:.3g} events in "
        f"the emptiest region of {where}, more than {min_events:g} of positive total "
        "weight are needed; use larger batches or wider bins, or look for a score that "
        "is constant"
    )
    raise UserError(message)


def _fewest_events(x: Tensor, bin_of: Tensor | None, num_bins: int) -> int:
    """Count the events of the poorest bin: cuts that leave less of it are no use."""
    if bin_of is None:
        return len(x)
    inside = bin_of[(bin_of >= 0) & (bin_of < num_bins)]
    return max(int(torch.bincount(inside, minlength=num_bins).min()), 1)


def _quantile(ordered: NDArray[np.float64], q: float) -> float:
    """Give a quantile of sorted values, as `numpy.quantile` does of any."""
    place = q * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    share = place - below
    return float(ordered[below] + share * (ordered[above] - ordered[below]))


def _fewest(regions: FourRegions[Tensor]) -> Tensor:
    """Give the lowest of the four regions, bin by bin."""
    return torch.stack(list(regions.named.values())).amin(dim=0)


def closure_losses(
    x: Tensor,
    y: Tensor,
    weights: Tensor,
    *,
    cut: tuple[float, float],
    bin_of: Tensor | None = None,
    num_bins: int = 1,
    sharpness: float = SHARPNESS,
) -> Tensor:
    """Measure the non-closure of each bin between 0 and 1.

    Parameters
    ----------
    x, y, weights : Tensor, shape (events,)
        Of the background; scores in [0, 1].
    cut : (float, float)
        From `draw_cut`, which leaves no region empty.
    bin_of, num_bins, sharpness
        As for `soft_regions`.

    Returns
    -------
    Tensor, shape (num_bins,)
        `oddjet.stats.abcd.symmetric_closure` of soft counts.

    References
    ----------
    J. Janik et al., talk, 12 Jan 2026, "Loss details (iii)".

    Examples
    --------
    >>> x, y = torch.tensor([0.9, 0.9, 0.1, 0.1]), torch.tensor([0.9, 0.1, 0.9, 0.1])
    >>> closure_losses(x, y, torch.tensor([1.0, 2, 2, 4]), cut=(0.5, 0.5))
    tensor([0.])
    >>> closure_losses(x, y, torch.tensor([1.0, 3, 1, 1]), cut=(0.5, 0.5))
    tensor([0.5000])
    """
    losses: Tensor = symmetric_closure(
        soft_regions(
            x,
            y,
            weights,
            cut=cut,
            bin_of=bin_of,
            num_bins=num_bins,
            sharpness=sharpness,
        )
    )
    return losses
