"""Diagnostics of a template: how well a classifier tells it from the real thing."""

from __future__ import annotations

import numpy as np

from oddjet.background.salad import SALAD_PRESETS
from oddjet.background.template import FeatureTable
from oddjet.learn.batched_training import train_members
from oddjet.learn.classifier_config import ClassifierConfig
from oddjet.learn.member_batches import Member
from oddjet.runs.seeds import derive_seed
from oddjet.stats.roc import area_by_label

__all__ = ["two_sample_test"]


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
