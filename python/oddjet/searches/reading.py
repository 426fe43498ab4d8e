"""Which search a configuration or a result is of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oddjet.searches.dijet import Dijet
from oddjet.searches.monojet import MonoJet
from oddjet.searches.svj import Svj

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["search_class"]


def search_class(
    content: Mapping[str, Any],
) -> type[MonoJet] | type[Dijet] | type[Svj]:
    """Give the class of the search that the key `search` names.

    Parameters
    ----------
    content : mapping
        Of a configuration file, or of results.json.

    Returns
    -------
    type
        `MonoJet` also where the key is missing or names no search: its configuration
        says which there are.
    """
    match content.get("search"):
        case "dijet":
            return Dijet
        case "svj":
            return Svj
        case _:
            return MonoJet
