"""Yields in four regions as plain data, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.stats.abcd_workspace import REGIONS
from oddjet.stats.region_yields import FourRegions, RegionYields

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["yields_json", "yields_of"]


def yields_json(yields: RegionYields) -> dict[str, dict[str, list[float]]]:
    """Give yields of shape (bins,) as lists: weight and variance, by region."""
    return {
        kind: {name: np.asarray(getattr(four, name)).tolist() for name in REGIONS}
        for kind, four in (("weight", yields.weight), ("variance", yields.variance))
    }


def yields_of(found: Mapping[str, Any]) -> RegionYields:
    """Read what `yields_json` gives, arrays of shape (bins,)."""
    return RegionYields(
        *(
            FourRegions(*(np.array(found[kind][name], float) for name in REGIONS))
            for kind in ("weight", "variance")
        )
    )
