"""The literal meaning of the area under the receiver operating curve."""

from __future__ import annotations

import numpy as np


def area_under_curve(scores, is_signal):
    """Probability that a signal scores above a background, ties counting half."""
    signal, background = scores[is_signal], scores[~is_signal]
    above = signal[:, np.newaxis] > background
    equal = signal[:, np.newaxis] == background
    return np.mean(above + 0.5 * equal)
