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
    from oddjet.deploy.scorer import Scorer
    from oddjet.events import Events
    from oddjet.features import FeatureSpec, constituent_features
    from oddjet.graphs import knn_graph
    from oddjet.images import dijet_images, jet_images
    from oddjet.io import iterate, read, write_events
    from oddjet.jets import cluster, exclusive_jets, recluster
    from oddjet.lund import lund_tree

__version__ = version("oddjet")

__all__ = [
    "Events",
    "FeatureSpec",
    "Scorer",
    "__version__",
    "cluster",
    "constituent_features",
    "dijet_images",
    "exclusive_jets",
    "iterate",
    "jet_images",
    "knn_graph",
    "lund_tree",
    "read",
    "recluster",
    "rotate_events",
    "rotate_jets",
    "smear_directions",
    "smear_pt",
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
    "exclusive_jets": "oddjet.jets",
    "iterate": "oddjet.io",
    "jet_images": "oddjet.images",
    "knn_graph": "oddjet.graphs",
    "lund_tree": "oddjet.lund",
    "read": "oddjet.io",
    "recluster": "oddjet.jets",
    "rotate_events": "oddjet.augment",
    "rotate_jets": "oddjet.augment",
    "smear_directions": "oddjet.augment",
    "smear_pt": "oddjet.augment",
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
