"""Whether a classifier finds the region variable where there is no signal.

Networks are trained to tell the signal region from the sidebands in some folds of a
sample without signal and looked at in the fold that they have not seen. What they find
there, they have from the variable that defines the regions; a cut on such a score
sculpts a bump.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed
from oddjet.stats.feature_correlation import feature_correlations, related_features
from oddjet.stats.measured import Measured
from oddjet.stats.roc import area_by_label
from oddjet.studies.classifiers import train_repeats
from oddjet.studies.training_sets import TrainingSet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from oddjet.learn.classifier_config import ClassifierConfig
    from oddjet.learn.models.spanet_config import SpanetConfig
    from oddjet.searches.event_table import EventTable
    from oddjet.studies.classifiers import Trained
    from oddjet.studies.windows import Windows

__all__ = ["Sculpting", "features_to_keep", "sculpting_test"]


@dataclass(frozen=True)
class Sculpting:
    """What a classifier of regions finds in events without signal.

    Attributes
    ----------
    features : tuple of str
        Its inputs.
    auc : Measured
        Of the mean score, signal region over sidebands, in events that its networks
        have not seen, mean of the folds: 0.5 where the features do not know the
        region. The error is that of the events that are looked at.
    networks : int
        Trained in each fold.
    folds : int
    pass_ratios : dict of str to Measured
        By the efficiency of the cut in the sidebands: the fraction of the signal
        region above it over that of the sidebands; NaN where no event is above.
    importance : dict of name to float
        By how much the AUC falls if this feature alone is shuffled among the events.
    """

    features: tuple[str, ...]
    auc: Measured
    networks: int
    folds: int
    pass_ratios: dict[str, Measured]
    importance: dict[str, float]

    @property
    def found(self) -> bool:
        """Whether the AUC is above 0.5 by more than two standard deviations."""
        return self.auc.value - 0.5 > 2 * self.auc.error

    def to_dict(self) -> dict[str, Any]:
        """Give plain data; None where a ratio was not determined."""
        ratios = {
            cut: asdict(ratio) if math.isfinite(ratio.value) else None
            for cut, ratio in self.pass_ratios.items()
        }
        return {**asdict(self), "pass_ratios": ratios, "found": self.found}


def sculpting_test(
    table: EventTable,
    windows: Windows,
    features: Sequence[str],
    config: ClassifierConfig,
    *,
    repeats: int,
    seed: int,
    folds: int = 5,
    efficiencies: Sequence[float] = (0.1, 0.01),
    spanet: SpanetConfig | None = None,
) -> Sculpting:
    """Train region classifiers without a signal and test them on events they never saw.

    Parameters
    ----------
    table : EventTable
        Events without a signal: of simulation, or of a control selection.
    windows : Windows
    features : sequence of str
    config : ClassifierConfig
    repeats : int
        Networks a fold, all on the same events; their mean score is looked at.
    seed : int
    folds : int
        Every event is looked at once, by networks that the other folds trained.
    efficiencies : sequence of float
        Of cuts in the sidebands, for the pass ratios.
    spanet : SpanetConfig, optional
        As `train_repeats`; the features are its inputs then, and no importance is
        measured, for none of them can be dropped.

    Returns
    -------
    Sculpting

    Raises
    ------
    UserError
        A region without events, or one whose weights do not sum to more than zero.
    """
    whole = _region_events(table, windows, features)
    random = np.random.default_rng(derive_seed(seed, "sculpting folds"))
    fold = random.permutation(np.arange(len(whole.label)) % folds)
    trained = train_repeats(
        [part for k in range(folds) for part in [_only(whole, fold != k)] * repeats],
        config,
        seed=seed,
        spanet=spanet,
    )
    looked_at = [
        _Fold(_only(whole, fold == k), trained, range(k * repeats, (k + 1) * repeats))
        for k in range(folds)
    ]
    auc = _mean_auc(looked_at, [each.score() for each in looked_at])
    importance = {}
    for column, name in enumerate(features if spanet is None else ()):
        shuffled = [each.score(without=(column, random)) for each in looked_at]
        importance[name] = auc.value - _mean_auc(looked_at, shuffled).value
    return Sculpting(
        tuple(features),
        auc,
        repeats,
        folds,
        {f"{each:g}": _pass_ratio(looked_at, each) for each in efficiencies},
        importance,
    )


def features_to_keep(
    table: EventTable,
    windows: Windows,
    features: Sequence[str],
    config: ClassifierConfig,
    *,
    largest: float,
    repeats: int,
    seed: int,
    folds: int = 5,
    efficiencies: Sequence[float] = (0.1, 0.01),
) -> list[Sculpting]:
    """Drop features until a classifier does not find the regions any more.

    First all that are related to the region variable by themselves, then one by one
    the feature that the classifier relies on most.

    Parameters
    ----------
    table, windows, features, config, repeats, seed, folds, efficiencies
        As `sculpting_test`.
    largest : float
        Distance correlation from which a feature is dropped, see `related_features`.

    Returns
    -------
    list of Sculpting
        The test with all features, and after each round of dropping; what is left is
        the `features` of the last one. If that still `found` the regions, the last
        single feature knows them.
    """
    used = table[windows.inside(table.columns) | windows.beside(table.columns)]
    related = related_features(
        feature_correlations(
            {name: used.columns[name] for name in features},
            used.columns[windows.variable],
            used.weights,
        ),
        largest=largest,
    )
    rounds: list[Sculpting] = []
    left = tuple(features)
    while True:
        found = sculpting_test(
            table, windows, left, config, repeats=repeats,
            seed=derive_seed(seed, "round", len(rounds)), folds=folds,
            efficiencies=efficiencies,
        )  # fmt: skip
        rounds.append(found)
        dropped = [name for name in related if name in left]
        if not dropped and found.found:
            dropped = [max(found.importance, key=lambda name: found.importance[name])]
        # One feature stays, so that there is something to train.
        if not dropped or len(left) == 1:
            return rounds
        left = tuple(name for name in left if name not in dropped) or left[-1:]


def _region_events(
    table: EventTable, windows: Windows, features: Sequence[str]
) -> TrainingSet:
    """Take the events of both regions; labels are regions."""
    inside, beside = windows.inside(table.columns), windows.beside(table.columns)
    used = table[inside | beside]
    label = inside[inside | beside]
    for name, chosen in (("signal region", label), ("sidebands", ~label)):
        if not chosen.any():
            message = (
                f"no event lies in the {name} of {windows.variable}; look at the "
                "windows of the study"
            )
            raise UserError(message)
    return TrainingSet(used.features(features), label, used.weights)


class _Fold:
    """Events of one fold, and the networks that have not seen them."""

    def __init__(self, events: TrainingSet, trained: Trained, members: range) -> None:
        self.events, self.trained, self.members = events, trained, members
        self._scores: NDArray[np.float64] | None = None

    def score(
        self, without: tuple[int, np.random.Generator] | None = None
    ) -> NDArray[np.float64]:
        """Give the mean score, with one column shuffled among the events if asked."""
        if without is None:
            if self._scores is None:
                self._scores = self._mean(self.events.features)
            return self._scores
        column, random = without
        shuffled = self.events.features.copy()
        shuffled[:, column] = random.permutation(shuffled[:, column])
        return self._mean(shuffled)

    def _mean(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        total = np.zeros(len(features))
        for member in self.members:
            total += self.trained.score(member, features)
        return total / len(self.members)


def _only(events: TrainingSet, chosen: NDArray[np.bool_]) -> TrainingSet:
    return TrainingSet(
        events.features[chosen], events.label[chosen], events.weights[chosen]
    )


def _mean_auc(
    folds: Sequence[_Fold], scores: Sequence[NDArray[np.float64]]
) -> Measured:
    """Average the folds: scores of different networks have no common scale."""
    found = [
        area_by_label(score, each.events.label, each.events.weights)
        for each, score in zip(folds, scores, strict=True)
    ]
    errors = np.array([each.error for each in found])
    return Measured(
        float(np.mean([each.value for each in found])),
        float(np.sqrt(np.sum(errors**2)) / len(found)),
    )


def _pass_ratio(folds: Sequence[_Fold], efficiency: float) -> Measured:
    """Compare the fractions above the cuts that keep so much of the sidebands."""
    above = np.concatenate([_above(each, efficiency) for each in folds])
    inside = np.concatenate([each.events.label for each in folds])
    weights = np.concatenate([each.events.weights for each in folds])
    fractions, variances = [], []
    for part in (inside, ~inside):
        total = float(np.sum(weights[part]))
        fraction = float(np.sum(weights[part & above])) / total
        # The spread of weighted counts: each event passes or it does not.
        share = weights[part] / total
        fractions.append(fraction)
        variances.append(float(np.sum(share**2 * (above[part] - fraction) ** 2)))
    if min(fractions) <= 0:
        return Measured(math.nan, math.nan)
    ratio = fractions[0] / fractions[1]
    relative = sum(v / f**2 for v, f in zip(variances, fractions, strict=True))
    return Measured(ratio, ratio * float(np.sqrt(relative)))


def _above(fold: _Fold, efficiency: float) -> NDArray[np.bool_]:
    """Mark the events of a fold above its cut."""
    score, beside = fold.score(), ~fold.events.label
    weights = fold.events.weights[beside]
    order = np.argsort(-score[beside], kind="stable")
    passed = np.cumsum(weights[order]) / np.sum(weights)
    last = min(int(np.searchsorted(passed, efficiency)), len(passed) - 1)
    above: NDArray[np.bool_] = score >= score[beside][order[last]]
    return above
