"""Momenta of lists of lists, changed by a kernel with numbers of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet.events import columns
from oddjet.events.coordinates import COORDINATES, record_name
from oddjet.jets import momentum_columns

_MOMENTUM = ("pt", "eta", "phi", "mass")

# The number of a list: 48 bits for the event, above them 16 for the jet in it.
_EVENT_BITS = 48
_JETS = 1 << 16


@dataclass(frozen=True)
class Source:
    """What the random numbers follow from, besides the places in the lists."""

    seed: int
    copy: int
    first_event: int

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 1 << 64:
            message = f"augment: seed must be >= 0 and < 2^64, got {self.seed}"
            raise ValueError(message)
        if not 0 <= self.first_event < 1 << _EVENT_BITS:
            message = (
                f"augment: first_event must be >= 0 and < 2^{_EVENT_BITS}, "
                f"got {self.first_event}"
            )
            raise ValueError(message)

    def numbers(self, jets_per_event: Any, *, jets_together: bool) -> Any:
        """Return the number of each list, one a jet of events with so many jets."""
        events = np.arange(len(jets_per_event), dtype=np.uint64)
        event = np.repeat(events + np.uint64(self.first_event), jets_per_event)
        if jets_together:
            return event
        if np.any(jets_per_event > _JETS):
            message = f"augment: an event has {max(jets_per_event)} jets, above {_JETS}"
            raise ValueError(message)
        ends = np.repeat(np.cumsum(jets_per_event), jets_per_event)
        jet = np.arange(len(event)) - ends + np.repeat(jets_per_event, jets_per_event)
        return event | (jet.astype(np.uint64) << np.uint64(_EVENT_BITS))


def augmented(
    kernel: Callable[..., tuple[NDArray[np.float64], ...]],
    records: ak.Array,
    source: Source,
    *,
    jets_together: bool = False,
    **options: Any,
) -> ak.Array:
    """Let the kernel change the momenta of lists, or of lists of lists."""
    of_jets = records.ndim > 2
    lists = ak.flatten(records, axis=1) if of_jets else records
    per_event = ak.to_numpy(ak.num(records)) if of_jets else np.ones(len(lists), int)
    flat = columns(lists, where="constituents" if of_jets else "particles")
    changed = kernel(
        momenta=(*momentum_columns(flat), flat.offsets),
        of_jets=of_jets,
        randomness=(
            source.seed,
            source.copy,
            source.numbers(per_event, jets_together=jets_together),
        ),
        **options,
    )
    momenta = ak.zip(
        dict(zip(_MOMENTUM, changed, strict=True))
        | other_fields(ak.flatten(lists, axis=1)),
        depth_limit=1,
        with_name=record_name(lists) or "Momentum4D",
    )
    nested = ak.unflatten(momenta, np.diff(flat.offsets))
    return ak.unflatten(nested, per_event) if of_jets else nested


def other_fields(flat: ak.Array) -> dict[str, ak.Array]:
    """Keep the fields that are no momenta."""
    return {name: flat[name] for name in ak.fields(flat) if name not in COORDINATES}
