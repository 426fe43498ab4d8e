"""The three Gaussian variables of arXiv:2007.14400, section 3: an ABCD toy.

Background: mean 0, standard deviations 1.5, correlation -0.8 between the first two.
Signal: mean (2.5, 2.5, 2), standard deviations 1.5, no correlation.

With that sign the sum of the first two separates by 5 standard deviations, and cuts
that keep 30 % of the signal leave less than one background event in a million: nothing
to test closure on. With +0.8 they leave some in a thousand.
"""

from __future__ import annotations

import numpy as np

from oddjet.learn.abcd_sample import AbcdSample
from oddjet.stats.region_yields import count_regions

SIGMA, RHO, MEAN = 1.5, -0.8, (2.5, 2.5, 2.0)
OVERLAPPING = 0.8


def background(n, seed, rho=RHO):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    x[:, 1] = rho * x[:, 0] + np.sqrt(1 - rho**2) * x[:, 1]
    return (SIGMA * x).astype(np.float32)


def signal(n, seed):
    rng = np.random.default_rng(seed)
    return (SIGMA * rng.normal(size=(n, 3)) + MEAN).astype(np.float32)


def sample(n, seed=1, rho=RHO):
    """n events of each class."""
    features = np.concatenate([signal(n, seed), background(n, seed + 1, rho)])
    is_signal = np.arange(2 * n) < n
    return AbcdSample(
        features, is_signal, np.ones(2 * n), {"first": features[:, 0].astype(float)}
    )


def closing_cut(x, y, efficiency):
    """Cuts of equal signal efficiency on X and on Y that keep a fraction of signal."""
    low, high = 0.0, 1.0
    for _ in range(40):
        q = (low + high) / 2
        cut = np.quantile(x, q), np.quantile(y, q)
        passing = np.mean((x > cut[0]) & (y > cut[1]))
        low, high = (q, high) if passing > efficiency else (low, q)
    return cut


def regions(scores, cut):
    return count_regions(scores["X"], scores["Y"], cut=cut)
