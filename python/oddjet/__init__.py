"""oddjet finds the odd jets out: weakly supervised anomaly searches in LHC jets.

The names below load their room when first used, so that `import oddjet` costs
neither torch nor ONNX Runtime nor matplotlib.
"""

from __future__ import annotations

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oddjet.augment import (
        rotate_events,
        rotate_jets,
        smear_directions,
        smear_pt,
        with_copies,
    )
    from oddjet.correlation import (
        distance_correlation,
        distance_correlation_gradient,
        distance_correlation_squared,
        distance_correlation_squared_unbiased,
        distance_correlations,
        independence_test,
    )
    from oddjet.deploy.scorer import Scorer
    from oddjet.events import Events, stored_jets
    from oddjet.features import (
        FeatureSpec,
        constituent_features,
        energy_fractions,
        ragged_constituent_features,
    )
    from oddjet.graphs import knn_graph
    from oddjet.images import dijet_images, jet_images
    from oddjet.io import write_events
    from oddjet.io.read import iterate, read
    from oddjet.jets import cluster, exclusive_jets, recluster
    from oddjet.substructure import (
        energy_correlation,
        filter_jets,
        jet_shapes,
        lund_tree,
        mass_drop,
        measure_jets,
        nsubjettiness,
        prune,
        soft_drop,
        trim,
    )

__version__ = version("oddjet")

__all__ = [
    "Events",
    "FeatureSpec",
    "Scorer",
    "__version__",
    "cluster",
    "constituent_features",
    "dijet_images",
    "distance_correlation",
    "distance_correlation_gradient",
    "distance_correlation_squared",
    "distance_correlation_squared_unbiased",
    "distance_correlations",
    "energy_correlation",
    "energy_fractions",
    "exclusive_jets",
    "filter_jets",
    "independence_test",
    "iterate",
    "jet_images",
    "jet_shapes",
    "knn_graph",
    "lund_tree",
    "mass_drop",
    "measure_jets",
    "nsubjettiness",
    "prune",
    "ragged_constituent_features",
    "read",
    "recluster",
    "rotate_events",
    "rotate_jets",
    "smear_directions",
    "smear_pt",
    "soft_drop",
    "stored_jets",
    "trim",
    "with_copies",
    "write_events",
]

_HOME = {
    "Events": "oddjet.events",
    "FeatureSpec": "oddjet.features",
    "Scorer": "oddjet.deploy.scorer",
    "cluster": "oddjet.jets",
    "constituent_features": "oddjet.features",
    "dijet_images": "oddjet.images",
    "distance_correlation": "oddjet.correlation",
    "distance_correlation_gradient": "oddjet.correlation",
    "distance_correlation_squared": "oddjet.correlation",
    "distance_correlation_squared_unbiased": "oddjet.correlation",
    "distance_correlations": "oddjet.correlation",
    "energy_correlation": "oddjet.substructure",
    "energy_fractions": "oddjet.features",
    "exclusive_jets": "oddjet.jets",
    "filter_jets": "oddjet.substructure",
    "independence_test": "oddjet.correlation",
    "iterate": "oddjet.io",
    "jet_images": "oddjet.images",
    "jet_shapes": "oddjet.substructure",
    "knn_graph": "oddjet.graphs",
    "lund_tree": "oddjet.substructure",
    "mass_drop": "oddjet.substructure",
    "measure_jets": "oddjet.substructure",
    "nsubjettiness": "oddjet.substructure",
    "prune": "oddjet.substructure",
    "ragged_constituent_features": "oddjet.features",
    "read": "oddjet.io",
    "recluster": "oddjet.jets",
    "rotate_events": "oddjet.augment",
    "rotate_jets": "oddjet.augment",
    "smear_directions": "oddjet.augment",
    "smear_pt": "oddjet.augment",
    "soft_drop": "oddjet.substructure",
    "stored_jets": "oddjet.events",
    "trim": "oddjet.substructure",
    "with_copies": "oddjet.augment",
    "write_events": "oddjet.io",
}
_ROOMS = ("deploy", "io", "learn", "report", "searches", "select", "simulate", "stats")


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"oddjet.{name}")
    message = f"module 'oddjet' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS])
