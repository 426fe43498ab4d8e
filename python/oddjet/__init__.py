"""oddjet finds the odd jets out: weakly supervised anomaly searches in LHC jets.

The names below load their room when first used, so that `import oddjet` costs
neither torch nor ONNX Runtime nor matplotlib.
"""

from __future__ import annotations

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oddjet.correlation import (
        distance_correlation,
        distance_correlation_gradient,
        distance_correlation_squared,
        distance_correlation_squared_unbiased,
        distance_correlations,
        independence_test,
    )
    from oddjet.deploy.scorer import Scorer
    from oddjet.events import Events
    from oddjet.features import FeatureSpec, constituent_features
    from oddjet.graphs import knn_graph
    from oddjet.io import iterate, read, write_events
    from oddjet.jets import cluster, recluster

__version__ = version("oddjet")

__all__ = [
    "Events",
    "FeatureSpec",
    "Scorer",
    "__version__",
    "cluster",
    "constituent_features",
    "distance_correlation",
    "distance_correlation_gradient",
    "distance_correlation_squared",
    "distance_correlation_squared_unbiased",
    "distance_correlations",
    "independence_test",
    "iterate",
    "knn_graph",
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
    "distance_correlation": "oddjet.correlation",
    "distance_correlation_gradient": "oddjet.correlation",
    "distance_correlation_squared": "oddjet.correlation",
    "distance_correlation_squared_unbiased": "oddjet.correlation",
    "distance_correlations": "oddjet.correlation",
    "independence_test": "oddjet.correlation",
    "iterate": "oddjet.io",
    "knn_graph": "oddjet.graphs",
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
