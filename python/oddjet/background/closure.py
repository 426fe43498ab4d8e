"""Diagnostics of a template: how well a classifier tells it from the real thing.

A template is made for the signal region, whose data nobody may look at; what its models
make of the sidebands can be compared with the data there, each event with models that
have not seen it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oddjet.background.salad import SALAD_PRESETS
from oddjet.background.template import FeatureTable
from oddjet.learn.batched_training import train_members
from oddjet.learn.classifier_config import ClassifierConfig
from oddjet.learn.member_batches import Member
from oddjet.runs.seeds import derive_seed
from oddjet.stats.measured import Measured
from oddjet.stats.roc import area_by_label

__all__ = [
    "FeatureClosure",
    "feature_closures",
    "sideband_closure",
    "two_sample_test",
]

Floats = NDArray[np.float64]
#: What histograms leave out at either end, of the data.
TAIL = 0.005


@dataclass(frozen=True)
class FeatureClosure:
    """A feature in the sidebands, of the data and of the template.

    Attributes
    ----------
    edges : float64, shape (bins + 1,)
    data, template : float64, shape (bins,)
        Sums of weights; those of the template as large as those of the data, within
        the edges and beyond.
    data_variance, template_variance : float64, shape (bins,)
        Sums of squared weights. Copies of one event are taken for so many.
    """

    edges: Floats
    data: Floats
    template: Floats
    data_variance: Floats
    template_variance: Floats


def sideband_closure(
    data: FeatureTable,
    beside: FeatureTable,
    *,
    seed: int,
    config: ClassifierConfig = SALAD_PRESETS["cpu"],
) -> Measured:
    """Let classifiers of features and mass tell data from template in the sidebands.

    One for the events of each fold, next to what models made that have not seen them.

    Parameters
    ----------
    data : FeatureTable
        Of the sidebands.
    beside : FeatureTable
        As `Template.beside`: its folds are those that the models have not seen.
    seed : int
    config : ClassifierConfig

    Returns
    -------
    Measured
        The mean area under the curve, 0.5 where they agree.

    Raises
    ------
    UserError
        A fold without data or of weights that sum to 0 or less.
    """
    found = [
        two_sample_test(
            _with_mass(data[data.folds == fold]),
            _with_mass(beside[beside.folds == fold]),
            seed=derive_seed(seed, "closure", int(fold)),
            config=config,
        )
        for fold in np.unique(beside.folds)
    ]
    values, errors = np.array(found).T
    return Measured(float(np.mean(values)), float(np.hypot.reduce(errors)) / len(found))


def _with_mass(table: FeatureTable) -> FeatureTable:
    """Take the mass among the features: a template must close at each of them."""
    features = np.column_stack([table.features, table.mass_gev])
    return FeatureTable(features, table.mass_gev, table.folds, table.weights)


def feature_closures(
    data: FeatureTable, beside: FeatureTable, *, num_bins: int = 25
) -> list[FeatureClosure]:
    """Histogram each feature of the sidebands.

    Parameters
    ----------
    data, beside : FeatureTable
        As `sideband_closure`.
    num_bins : int

    Returns
    -------
    list of FeatureClosure
        One a feature. The template of each fold weighs as much as its data.
    """
    weights = beside.weights.copy()
    for fold in np.unique(beside.folds):
        part = beside.folds == fold
        wanted = np.sum(data.weights[data.folds == fold])
        weights[part] *= wanted / np.sum(weights[part])
    known = np.isin(data.folds, beside.folds)
    found = []
    for real, made in zip(data.features[known].T, beside.features.T, strict=True):
        low, high = np.quantile(real, [TAIL, 1 - TAIL])
        edges = np.linspace(low, high if high > low else low + 1.0, num_bins + 1)
        histograms = [
            np.histogram(values, edges, weights=weight**power)[0].astype(np.float64)
            for power in (1, 2)
            for values, weight in ((real, data.weights[known]), (made, weights))
        ]
        found.append(FeatureClosure(edges, *histograms))
    return found


def two_sample_test(
    first: FeatureTable,
    second: FeatureTable,
    *,
    seed: int,
    config: ClassifierConfig = SALAD_PRESETS["cpu"],
) -> tuple[float, float]:
    """Measure how well a classifier tells two samples apart, on events it never saw.

    Half of each trains (a fifth of that half validates), half is scored.

    Parameters
    ----------
    first, second : FeatureTable
        For example the data of a sideband and the template there.
    seed : int
    config : ClassifierConfig

    Returns
    -------
    auc, uncertainty : float
        As `oddjet.stats.roc.area_by_label`: 0.5 where the samples
        agree.
    """
    table = np.concatenate([first.features, second.features])
    is_first = np.arange(len(table)) < len(first)
    weights = np.concatenate([first.weights, second.weights])
    order = np.random.default_rng(derive_seed(seed, "halves")).permutation(len(table))
    half = len(table) // 2
    cut = half * 4 // 5
    member = Member(order[:cut], order[cut:half], derive_seed(seed, "two-sample"))
    trained = train_members(table, is_first, [member], config, weights=weights)
    rest = order[half:]
    scores = trained.logits(table[rest])[0].astype(np.float64)
    found = area_by_label(scores, is_first[rest], weights[rest])
    return found.value, found.error
