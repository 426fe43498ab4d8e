"""Configuration of two scores that are trained to be independent, free of PyTorch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from oddjet.runs.config import ConfigModel

__all__ = [
    "AbcdTrainingConfig",
    "AnalysisObjective",
    "ClosureTerm",
    "DecorrelationTerm",
    "double_disco",
    "single_disco",
]

Width = Annotated[int, Field(ge=1, le=4096)]
Target = Annotated[float | None, Field(gt=0)]
Weight = Annotated[float | None, Field(ge=0)]


class DecorrelationTerm(ConfigModel):
    """Two quantities that the background must not relate."""

    between: tuple[str, str] = Field(
        description="X, Y, or the name of a variable of the sample"
    )
    target: Target = Field(
        None, description="distance correlation, at most; for method: multipliers"
    )
    weight: Weight = Field(
        None, description="factor in the loss; for method: fixed_weights"
    )
    squared: bool = Field(
        False, description="take the square, as Single and Double DisCo do"
    )

    above_quantile: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="only of background events above this quantile of both quantities:"
        " the tail where the signal region is",
    )

    @property
    def name(self) -> str:
        """What histories and messages call it."""
        first, second = self.between
        name = f"R^2({first}, {second})" if self.squared else f"R({first}, {second})"
        if self.above_quantile is None:
            return name
        return f"{name} above {100 * self.above_quantile:g} %"


class ClosureTerm(ConfigModel):
    """Counts of the background that must agree with the ABCD prediction."""

    plane: str | None = Field(
        None, description="a plane of the sample, such as SP or VP; null: all events"
    )
    binned: bool = Field(
        False, description="in each bin of the sample (shape) instead of in total"
    )
    target: Target | tuple[Target, ...] = Field(
        None,
        description="symmetric closure, at most; for method: multipliers. A list has"
        " one for each bin, null for a bin that is asked for nothing",
    )
    weight: Weight = Field(
        None, description="factor in the loss; for method: fixed_weights"
    )

    @property
    def name(self) -> str:
        """What histories and messages call it."""
        return f"closure({self.plane or 'all events'})"

    @model_validator(mode="after")
    def _a_list_is_of_bins(self) -> ClosureTerm:
        if isinstance(self.target, tuple):
            if not self.binned:
                message = f"{self.name} needs one target, or binned: true"
                raise ValueError(message)
            if all(each is None for each in self.target):
                message = f"{self.name} needs a target for one bin at least"
                raise ValueError(message)
        return self


class AnalysisObjective(ConfigModel):
    """The expected result of the analysis, in place of cross-entropy.

    Simpson & Heinrich, arXiv:2203.05570 (neos).
    """

    maximise: Literal["significance", "exclusion"] = Field(
        "significance",
        description="significance: of a discovery; exclusion: the lowest CLs",
    )
    warm_up_epochs: int = Field(
        5, ge=0, description="epochs of cross-entropy before: no cut, no gradient"
    )
    cut: tuple[float, float] = Field(
        (0.5, 0.5), description="on X and on Y; the scores learn where it lies"
    )
    sharpness: float = Field(
        20.0, gt=0, description="of that cut; a sharper one sees fewer events"
    )
    non_closure_floor: float = Field(
        0.02,
        gt=0,
        description="relative uncertainty of every predicted bin, in quadrature with"
        " the non-closure that it shows",
    )


class AbcdTrainingConfig(ConfigModel):
    """How the scores X and Y of an ABCD method are trained, together.

    J. Janik et al., talk, 12 Jan 2026; Kasieczka, Nachman, Schwartz, Shih,
    arXiv:2007.14400.
    """

    method: Literal["multipliers", "fixed_weights"] = Field(
        "multipliers",
        description="multipliers: each term is a constraint, its weight is learnt;"
        " fixed_weights: each term is added with the weight it is given",
    )
    y_variable: str | None = Field(
        None, description="a variable of the sample that is Y, instead of a network"
    )
    hidden: tuple[Width, ...] = Field(
        (64, 64, 64), min_length=1, description="widths of the layers of each network"
    )
    epochs: int = Field(40, ge=1, description="epochs of `steps` optimiser steps")
    steps: int = Field(5, ge=1, description="optimiser steps an epoch")
    batch_events: int | None = Field(
        55_000,
        ge=2,
        description="events of a step, drawn with replacement; null, or no fewer than"
        " there are: all of them",
    )
    learning_rate: float = Field(
        2e-3, gt=0, description="initial step of Adam, falls to zero along a cosine"
    )
    weight_average: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="memory per step of the moving average of the weights, which is"
        " what scores in the end; 0 takes the last weights, which follow the"
        " fluctuations of the last batches and cuts",
    )
    signal_over_background: float = Field(
        1.5, gt=0, description="total weight of the signal over that of the background"
    )
    analysis: AnalysisObjective | None = Field(
        None,
        description="what to aim at, for a sample whose weights are expected events;"
        " null: the cross-entropies of X and Y",
    )
    decorrelate: tuple[DecorrelationTerm, ...] = Field(
        (), description="distance correlations of the background"
    )
    closure: tuple[ClosureTerm, ...] = Field(
        (), description="closure of the background at cuts that are drawn every step"
    )
    cuts_per_step: int = Field(
        16,
        ge=1,
        le=1000,
        description="pairs of cuts over which a step averages the closure: one pair"
        " tells little about the others, and moves its multiplier at random",
    )
    cut_min_events: float = Field(
        10.0,
        ge=0,
        description="soft events in every region that a drawn cut leaves; the fewer,"
        " the further into the tail closure is asked for",
    )
    cut_max_fraction: float = Field(
        0.99,
        gt=0,
        lt=1,
        description="part of the background that passes both cuts of a drawn pair, at"
        " most, if they are independent; a small one asks for closure in the tail"
        " alone, where the signal region is, and not on average over all cuts",
    )
    sharpness: float = Field(100.0, gt=0, description="of soft cuts")
    relaxation: float = Field(
        30.0,
        ge=1,
        description="targets start this many times larger and shrink by a constant"
        " factor a step: scores that meet the last one at once do so by separating"
        " nothing, and do not come back",
    )
    relaxed_part: float = Field(
        0.6,
        ge=0,
        lt=1,
        description="part of the training after which targets have their own size",
    )
    multiplier_rate: float = Field(
        0.05, gt=0, description="step of the multipliers for a miss of one target"
    )
    damping: float = Field(
        0.1, gt=0, description="strength of the quadratic term of each constraint"
    )
    threads: int = Field(1, ge=1, le=256, description="threads of PyTorch")

    @model_validator(mode="after")
    def _every_term_has_its_number(self) -> AbcdTrainingConfig:
        wanted, other = "target", "weight"
        if self.method == "fixed_weights":
            wanted, other = other, wanted
        for term in self._terms:
            if getattr(term, wanted) is None or getattr(term, other) is not None:
                message = (
                    f"{term.name} needs a {wanted} and no {other}, because method is "
                    f"{self.method}"
                )
                raise ValueError(message)
        names = [(term.name, getattr(term, "binned", None)) for term in self._terms]
        for name in names:
            if names.count(name) > 1:
                message = f"{name[0]} must be listed once, got it twice"
                raise ValueError(message)
        return self

    @property
    def _terms(self) -> list[DecorrelationTerm | ClosureTerm]:
        terms: list[DecorrelationTerm | ClosureTerm] = list(self.decorrelate)
        return terms + list(self.closure)


def double_disco(weight: float = 1000.0) -> AbcdTrainingConfig:
    """Configure Double DisCo: two networks, R^2 between them at a fixed weight.

    Parameters
    ----------
    weight : float
        lambda of the paper.

    Returns
    -------
    AbcdTrainingConfig

    References
    ----------
    arXiv:2007.14400, section 3.2 (its estimator is the unbiased one).

    Examples
    --------
    >>> double_disco(200.0).decorrelate[0].name
    'R^2(X, Y)'
    """
    term = DecorrelationTerm(between=("X", "Y"), weight=weight, squared=True)
    return AbcdTrainingConfig(method="fixed_weights", decorrelate=(term,))


def single_disco(variable: str, weight: float = 1000.0) -> AbcdTrainingConfig:
    """Configure Single DisCo: one network, independent of a variable that is Y.

    Parameters
    ----------
    variable : str
        Of the sample.
    weight : float
        lambda of the paper.

    Returns
    -------
    AbcdTrainingConfig

    References
    ----------
    arXiv:2007.14400, section 3.1.

    Examples
    --------
    >>> single_disco("mass").y_variable
    'mass'
    """
    term = DecorrelationTerm(between=("X", "Y"), weight=weight, squared=True)
    return AbcdTrainingConfig(
        method="fixed_weights", decorrelate=(term,), y_variable=variable
    )
