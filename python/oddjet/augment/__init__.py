"""Physical augmentation: copies of events that nature could have made as well.

Random numbers are a function of seed, copy, event, jet, constituent and purpose
(Philox4x32-10): neither threads nor the chunks in which a sample is worked on change
them. Logarithm, sine and cosine are those of the system's library: another one may
differ in the last digit.

Split a sample before it is augmented, or let the split follow the source that
`with_copies` gives: copies of one event on both sides are leakage.
"""

from __future__ import annotations

from oddjet.augment.copies import with_copies
from oddjet.augment.rotations import rotate_events, rotate_jets
from oddjet.augment.smearing import smear_directions, smear_pt

__all__ = [
    "rotate_events",
    "rotate_jets",
    "smear_directions",
    "smear_pt",
    "with_copies",
]
