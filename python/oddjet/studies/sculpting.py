"""Whether a classifier finds the region variable where there is no signal.

A network is trained to tell the signal region from the sidebands in one half of a
sample without signal and looked at in the other half. What it finds there, it has
from the variable that defines the regions; a cut on such a score sculpts a bump.
"""

from __future__ import annotations

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
        Of the mean score, signal region over sidebands, in events that no network
        has seen: 0.5 where the features do not know the region.
    pass_ratio : Measured
        Fraction of the signal region above the cut over that of the sidebands.
    background_efficiency : float
        Of the cut in the sidebands.
    importance : dict of name to float
        By how much the AUC falls if this feature alone is shuffled among the events.
    """

    features: tuple[str, ...]
    auc: Measured
    pass_ratio: Measured
    background_efficiency: float
    importance: dict[str, float]

    @property
    def found(self) -> bool:
        """Whether the AUC is above 0.5 by more than two standard deviations."""
        return self.auc.value - 0.5 > 2 * self.auc.error

    def to_dict(self) -> dict[str, Any]:
        """Give plain data."""
        return {**asdict(self), "found": self.found}


def sculpting_test(
    table: EventTable,
    windows: Windows,
    features: Sequence[str],
    config: ClassifierConfig,
    *,
    repeats: int,
    seed: int,
    background_efficiency: float = 0.01,
    spanet: SpanetConfig | None = None,
) -> Sculpting:
    """Train region classifiers without a signal and test them on the other half.

    Parameters
    ----------
    table : EventTable
        Events without a signal: of simulation, or of a control selection.
    windows : Windows
    features : sequence of str
    config : ClassifierConfig
    repeats : int
        Networks, all on one half; their mean score is looked at.
    seed : int
    background_efficiency : float
        Of the sidebands, for the pass ratio.
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
    random = np.random.default_rng(derive_seed(seed, "sculpting halves"))
    first = random.random(len(used)) < 0.5
    values = used.features(features)
    learnt = TrainingSet(values[first], label[first], used.weights[first])
    trained = train_repeats([learnt] * repeats, config, seed=seed, spanet=spanet)
    rest, label, weights = values[~first], label[~first], used.weights[~first]
    score = _mean_score(trained, repeats, rest)
    auc = area_by_label(score, label, weights)
    importance = {}
    for column, name in enumerate(features if spanet is None else ()):
        shuffled = rest.copy()
        shuffled[:, column] = random.permutation(shuffled[:, column])
        without = area_by_label(_mean_score(trained, repeats, shuffled), label, weights)
        importance[name] = auc.value - without.value
    return Sculpting(
        tuple(features),
        auc,
        _pass_ratio(score, label, weights, background_efficiency),
        background_efficiency,
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
) -> list[Sculpting]:
    """Drop features until a classifier does not find the regions any more.

    First all that are related to the region variable by themselves, then one by one
    the feature that the classifier relies on most.

    Parameters
    ----------
    table, windows, features, config, repeats, seed
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
            seed=derive_seed(seed, "round", len(rounds)),
        )  # fmt: skip
        rounds.append(found)
        dropped = [name for name in related if name in left]
        if not dropped and found.found:
            dropped = [max(found.importance, key=lambda name: found.importance[name])]
        # One feature stays, so that there is something to train.
        if not dropped or len(left) == 1:
            return rounds
        left = tuple(name for name in left if name not in dropped) or left[-1:]


def _mean_score(
    trained: Trained, repeats: int, features: NDArray[np.float32]
) -> NDArray[np.float64]:
    total = np.zeros(len(features))
    for member in range(repeats):
        total += trained.score(member, features)
    return total / repeats


def _pass_ratio(
    score: NDArray[np.float64],
    inside: NDArray[np.bool_],
    weights: NDArray[np.float64],
    efficiency: float,
) -> Measured:
    """Compare the fractions above the cut that keeps so much of the sidebands."""
    order = np.argsort(-score[~inside], kind="stable")
    passed = np.cumsum(weights[~inside][order]) / np.sum(weights[~inside])
    last = min(int(np.searchsorted(passed, efficiency)), len(passed) - 1)
    above = score >= score[~inside][order[last]]
    fractions, variances = [], []
    for part in (inside, ~inside):
        total = float(np.sum(weights[part]))
        fraction = float(np.sum(weights[part & above])) / total
        # The spread of weighted counts: each event passes or it does not.
        share = weights[part] / total
        fractions.append(fraction)
        variances.append(float(np.sum(share**2 * (above[part] - fraction) ** 2)))
    ratio = fractions[0] / fractions[1]
    relative = sum(v / f**2 for v, f in zip(variances, fractions, strict=True) if f)
    return Measured(ratio, ratio * float(np.sqrt(relative)))
