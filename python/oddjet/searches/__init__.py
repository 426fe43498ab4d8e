"""Searches, one recipe a file; a recipe only composes the rooms below it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oddjet.searches.dijet import Dijet
    from oddjet.searches.dijet_config import DijetConfig
    from oddjet.searches.monojet import MonoJet
    from oddjet.searches.monojet_config import MonoJetConfig
    from oddjet.searches.result import Result
    from oddjet.searches.svj import Svj
    from oddjet.searches.svj_config import SvjConfig

__all__ = [
    "Dijet",
    "DijetConfig",
    "MonoJet",
    "MonoJetConfig",
    "Result",
    "Svj",
    "SvjConfig",
]

_HOME = {
    "Dijet": "oddjet.searches.dijet",
    "DijetConfig": "oddjet.searches.dijet_config",
    "MonoJet": "oddjet.searches.monojet",
    "MonoJetConfig": "oddjet.searches.monojet_config",
    "Result": "oddjet.searches.result",
    "Svj": "oddjet.searches.svj",
    "SvjConfig": "oddjet.searches.svj_config",
}


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    message = f"module 'oddjet.searches' has no attribute {name!r}"
    raise AttributeError(message)
