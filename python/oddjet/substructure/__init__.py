"""What is inside a jet: grooming, N-subjettiness, energy correlators, Lund trees."""

from __future__ import annotations

from oddjet.substructure.grooming import (
    filter_jets,
    mass_drop,
    prune,
    soft_drop,
    trim,
)
from oddjet.substructure.lund import CMS_SEMI_VISIBLE, LUNDNET, lund_tree
from oddjet.substructure.questions import measure_jets
from oddjet.substructure.shapes import energy_correlation, jet_shapes, nsubjettiness

__all__ = [
    "CMS_SEMI_VISIBLE",
    "LUNDNET",
    "energy_correlation",
    "filter_jets",
    "jet_shapes",
    "lund_tree",
    "mass_drop",
    "measure_jets",
    "nsubjettiness",
    "prune",
    "soft_drop",
    "trim",
]
