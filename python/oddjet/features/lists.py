"""Jets of events as one list."""

from __future__ import annotations

import awkward as ak


def flattened(jets: ak.Array) -> ak.Array:
    """Join the lists of events; a list of jets stays as it is."""
    return ak.flatten(jets, axis=1) if jets.ndim > 1 else jets
