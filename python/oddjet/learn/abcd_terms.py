"""The terms that make two scores fit for the ABCD method, as one vector of losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from oddjet.learn.losses.closure import closure_losses, draw_cut
from oddjet.learn.losses.distance_correlation import (
    distance_correlation,
    distance_correlations,
)
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
        Of the entries, in order; closure in bins has one entry a bin.

    Raises
    ------
    UserError
        An unknown variable or plane, closure in bins without bins, or a target below
        what fluctuations alone leave in a batch.
    """

    def __init__(self, config: AbcdTrainingConfig, sample: AbcdSample) -> None:
        self._config = config
        self._num_bins = sample.num_bins
        self._variables: list[str] = ["X", "Y"]
        self._pairs: list[tuple[int, int]] = []
        self._terms: list[_Term] = []
        self._effective = sample.effective_background(config.batch_events)
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
                    num_effective=self._effective
                    * (1 - (each.above_quantile or 0.0)) ** 2,
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
        names = [term.name]
        if term.binned:
            names = [f"{term.name}, bin {i}" for i in range(sample.num_bins)]
        for i, name in enumerate(names):
            self._terms.append(_Term(name, term.target, term.weight))
            if term.target is not None:
                here = ~sample.is_signal
                if term.plane is not None:
                    here = here & sample.planes[term.plane]
                if term.binned:
                    here = here & (sample.bin_of == i)
                # At best a cut leaves a quarter of the events in each region.
                share = here.sum() / max((~sample.is_signal).sum(), 1)
                quarter = self._effective * float(share) / 4
                check_closure_target(name, term.target, regions=[quarter] * 4)

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
            self._closure(term, x, y, background, random)
            for term in self._config.closure
        ]
        return torch.cat(found) if found else x.new_zeros(0)

    def _closure(
        self,
        term: ClosureTerm,
        x: Tensor,
        y: Tensor,
        background: EventTensors,
        random: np.random.Generator,
    ) -> Tensor:
        weight, bin_of = background.weight, background.bin_of
        if term.plane is not None:
            here = background.planes[term.plane]
            x, y, weight = x[here], y[here], weight[here]
            bin_of = None if bin_of is None else bin_of[here]
        options = {
            "bin_of": bin_of if term.binned else None,
            "num_bins": self._num_bins if term.binned else 1,
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
                **options,  # type: ignore[arg-type]
            )
            at_cuts.append(closure_losses(x, y, weight, cut=cut, **options))  # type: ignore[arg-type]
        return torch.stack(at_cuts).mean(dim=0)


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
