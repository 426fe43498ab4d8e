"""The terms that make two scores fit for the ABCD method, as one vector of losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from oddjet.learn.losses import distance_correlation, distance_correlations
from oddjet.learn.losses.closure import closure_losses, draw_cut
from oddjet.learn.mdmm import Constraint
from oddjet.runs.errors import UserError
from oddjet.stats.closure_targets import (
    check_closure_target,
    check_distance_correlation_target,
)

if TYPE_CHECKING:
    from torch import Tensor

    from oddjet.learn.abcd_config import AbcdTrainingConfig, ClosureTerm
    from oddjet.learn.abcd_sample import AbcdSample, EventTensors

__all__ = ["AbcdTerms"]


@dataclass(frozen=True)
class _Term:
    """One entry of the vector."""

    name: str
    target: float | None
    weight: float | None


@dataclass(frozen=True)
class _Closure:
    """Where closure is asked for: in all of a plane, or in some of its bins."""

    plane: str | None
    bins: list[int] | None


class AbcdTerms:
    """Distance correlations and non-closures of the background of a batch.

    Parameters
    ----------
    config : AbcdTrainingConfig
    sample : AbcdSample
        To check that its variables, planes and bins are those of the configuration,
        and that a batch of it is large enough for the targets.

    Attributes
    ----------
    names : tuple of str
        Of the entries, in order; closure in bins has one entry a bin that is asked.

    Raises
    ------
    UserError
        An unknown variable or plane, closure in bins without bins or with another
        number of targets, or a target below what fluctuations alone leave in a batch.
    """

    def __init__(self, config: AbcdTrainingConfig, sample: AbcdSample) -> None:
        self._config = config
        self._num_bins = sample.num_bins
        self._variables: list[str] = ["X", "Y"]
        self._pairs: list[tuple[int, int]] = []
        self._terms: list[_Term] = []
        self._closures: list[_Closure] = []
        effective = sample.effective_background(config.batch_events)
        for each in config.decorrelate:
            first, second = (self._index(name, sample) for name in each.between)
            self._pairs.append((first, second))
            self._terms.append(_Term(each.name, each.target, each.weight))
            if each.target is not None:
                target = each.target**0.5 if each.squared else each.target
                check_distance_correlation_target(
                    f"{each.between[0]} and {each.between[1]}",
                    target,
                    # Of independent scores (1 - q)^2 are above both quantiles.
                    num_effective=effective * (1 - (each.above_quantile or 0.0)) ** 2,
                )
        for term in config.closure:
            self._add_closure(term, sample)

    def _index(self, name: str, sample: AbcdSample) -> int:
        if name not in self._variables:
            if name not in sample.variables:
                known = ", ".join(["X", "Y", *sample.variables])
                message = (
                    f"ABCD training: there is no variable {name!r}; known: {known}"
                )
                raise UserError(message)
            self._variables.append(name)
        return self._variables.index(name)

    def _add_closure(self, term: ClosureTerm, sample: AbcdSample) -> None:
        if term.plane is not None and term.plane not in sample.planes:
            message = (
                f"ABCD training: there is no plane {term.plane!r}; known: "
                f"{', '.join(sample.planes) or 'none'}"
            )
            raise UserError(message)
        if term.binned and (sample.bin_of is None or sample.num_bins < 1):
            message = "ABCD training: closure in bins needs a sample with bin_of"
            raise UserError(message)
        targets = self._closure_targets(term, sample)
        bins = [i for i in targets if i is not None]
        self._closures.append(_Closure(term.plane, bins if term.binned else None))
        for i, target in targets.items():
            name = term.name if i is None else f"{term.name}, bin {i}"
            self._terms.append(_Term(name, target, term.weight))
            if target is not None:
                here = np.ones(len(sample), bool)
                if term.plane is not None:
                    here &= sample.planes[term.plane]
                if i is not None:
                    here &= sample.bin_of == i
                # At best a cut leaves a quarter of the events in each region.
                worth = sample.effective_background(self._config.batch_events, here)
                check_closure_target(name, target, regions=[worth / 4] * 4)

    @staticmethod
    def _closure_targets(
        term: ClosureTerm, sample: AbcdSample
    ) -> dict[int | None, float | None]:
        """Give the target of each bin that takes part; of all events under None."""
        if not term.binned:
            assert not isinstance(term.target, tuple)
            return {None: term.target}
        if not isinstance(term.target, tuple):
            return dict.fromkeys(range(sample.num_bins), term.target)
        if len(term.target) != sample.num_bins:
            message = (
                f"ABCD training: {term.name} has {len(term.target)} targets for the "
                f"{sample.num_bins} bins of the sample"
            )
            raise UserError(message)
        return {i: each for i, each in enumerate(term.target) if each is not None}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the entries."""
        return tuple(term.name for term in self._terms)

    def asked(self) -> dict[str, float]:
        """Give the target of each entry, or its fixed weight."""
        return {
            term.name: (term.weight or 0.0) if term.target is None else term.target
            for term in self._terms
        }

    def constraints(self) -> list[Constraint]:
        """Give a constraint for each entry, from the targets."""
        return [
            Constraint(term.name, "max", term.target, damping=self._config.damping)
            for term in self._terms
            if term.target is not None
        ]

    def weights(self) -> Tensor:
        """Give the fixed weights of the entries."""
        return torch.tensor([term.weight or 0.0 for term in self._terms])

    def values(
        self,
        x: Tensor,
        y: Tensor,
        background: EventTensors,
        random: np.random.Generator,
    ) -> Tensor:
        """Compute the entries.

        Parameters
        ----------
        x, y : Tensor, shape (events,)
            Scores in [0, 1].
        background : EventTensors
            Background events only.
        random : numpy.random.Generator
            For the cuts at which closure is tested.

        Returns
        -------
        float32 Tensor, shape (entries,)
        """
        scores = {**background.variables, "X": x, "Y": y}
        variables = [scores[name] for name in self._variables]
        found = []
        # All pairs of all events at once: each variable is sorted only once.
        whole = [
            i
            for i, each in enumerate(self._config.decorrelate)
            if not each.above_quantile
        ]
        at_once = iter(
            distance_correlations(
                variables, [self._pairs[i] for i in whole], background.weight
            )
            if whole
            else ()
        )
        for each, (i, j) in zip(self._config.decorrelate, self._pairs, strict=True):
            value = (
                _in_tail(
                    variables[i], variables[j], background.weight, each.above_quantile
                )
                if each.above_quantile
                else next(at_once)
            )
            found.append((value**2 if each.squared else value).reshape(1))
        found += [
            self._closure(each, x, y, background, random) for each in self._closures
        ]
        return torch.cat(found) if found else x.new_zeros(0)

    def _closure(
        self,
        where: _Closure,
        x: Tensor,
        y: Tensor,
        background: EventTensors,
        random: np.random.Generator,
    ) -> Tensor:
        weight, bin_of = background.weight, None
        if where.bins is not None:
            assert background.bin_of is not None  # the sample has one
            bin_of = _renumbered(background.bin_of, where.bins, self._num_bins)
        if where.plane is not None:
            here = background.planes[where.plane]
            x, y, weight = x[here], y[here], weight[here]
            bin_of = None if bin_of is None else bin_of[here]
        options = {
            "bin_of": bin_of,
            "num_bins": 1 if where.bins is None else len(where.bins),
            "sharpness": self._config.sharpness,
        }
        at_cuts = []
        for _ in range(self._config.cuts_per_step):
            cut = draw_cut(
                x,
                y,
                weight,
                random=random,
                min_events=self._config.cut_min_events,
                max_fraction=self._config.cut_max_fraction,
                **options,  # type: ignore[arg-type]
            )
            at_cuts.append(closure_losses(x, y, weight, cut=cut, **options))  # type: ignore[arg-type]
        return torch.stack(at_cuts).mean(dim=0)


def _renumbered(bin_of: Tensor, bins: list[int], num_bins: int) -> Tensor:
    """Give the bins that take part numbers from 0, and -1 to all others."""
    # The last place is for what lies in no bin of the sample.
    new = bin_of.new_full((num_bins + 1,), -1)
    new[bins] = torch.arange(len(bins), device=bin_of.device)
    outside = (bin_of < 0) | (bin_of >= num_bins)
    return new[bin_of.masked_fill(outside, num_bins)]


def _in_tail(x: Tensor, y: Tensor, weight: Tensor, quantile: float) -> Tensor:
    """Distance correlation of the events above a quantile of both."""
    high = [
        values > np.quantile(values.detach().cpu().numpy(), quantile)
        for values in (x, y)
    ]
    here = high[0] & high[1]
    total = weight[here].sum()
    if int(here.sum()) < _MIN_TAIL_EVENTS or not bool(total > 0):
        message = (
            f"ABCD training: {int(here.sum())} background events of weight "
            f"{total.item():g} are above the {quantile:g} quantile of both scores, too "
            "few for their distance correlation; use larger batches or a lower quantile"
        )
        raise UserError(message)
    return distance_correlation(x[here], y[here], weight[here])


#: Fewer events show R = 1.8/sqrt(10) = 0.6 whatever the scores.
_MIN_TAIL_EVENTS = 10
