"""oddjet finds the odd jets out: weakly supervised anomaly searches in LHC jets.

The names below load their room when first used, so that `import oddjet` costs
neither torch nor ONNX Runtime nor matplotlib.
"""

from __future__ import annotations

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oddjet.deploy.scorer import Scorer
    from oddjet.events import Events
    from oddjet.features import FeatureSpec, constituent_features
    from oddjet.graphs import knn_graph
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
    "exclusive_jets",
    "iterate",
    "knn_graph",
    "lund_tree",
    "read",
    "recluster",
    "write_events",
]

_HOME = {
    "Events": "oddjet.events",
    "FeatureSpec": "oddjet.features",
    "Scorer": "oddjet.deploy.scorer",
    "cluster": "oddjet.jets",
    "constituent_features": "oddjet.features",
    "exclusive_jets": "oddjet.jets",
    "iterate": "oddjet.io",
    "knn_graph": "oddjet.graphs",
    "lund_tree": "oddjet.lund",
    "read": "oddjet.io",
    "recluster": "oddjet.jets",
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
