"""Which copies of the training events a study makes, and how.

Copies are made of training events alone, after the split: those of an event never
validate or test a network that the event trains. A sample that holds copies already is
refused, for the study cannot keep them on one side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

import awkward as ak
import numpy as np
from pydantic import Field, StringConstraints, model_validator

from oddjet.augment import rotate_events, rotate_jets, smear_directions, smear_pt
from oddjet.runs.config import ConfigModel
from oddjet.runs.errors import UserError
from oddjet.searches.event_table import EventTable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "ORIGINAL",
    "AugmentationConfig",
    "Augmentations",
    "augment_jets",
    "augment_table",
    "augmented_training",
    "standard_augmentations",
]

Kind = Literal["rotation", "directions", "pt"]

#: What is not augmented, as a name beside those of augmentations.
ORIGINAL = "original"

#: Smearing of directions: of candidates and of constituents [GeV].
CANDIDATE_SCALE_GEV, CONSTITUENT_SCALE_GEV = 10.0, 0.1


class AugmentationConfig(ConfigModel):
    """Copies of training events that nature could have made as well: "+n times"."""

    kinds: tuple[Kind, ...] = Field(
        min_length=1,
        description="rotation: about the beam, or of each jet about its axis;"
        " directions: N(eta, scale/pT), N(phi, scale/pT); pt: N(pT, resolution)",
    )
    copies: int = Field(1, ge=1, le=100, description="n of +n: copies of each event")
    scale_gev: float | None = Field(
        None,
        ge=0,
        description="of the directions [GeV]; null: 0.1 for constituents, 10 for"
        " candidates and jets",
    )
    resolution: Literal["cms_hcal", "cms_hcal_literal", "atlas_hcal"] = Field(
        "cms_hcal",
        description="of pT; cms_hcal_literal reads the formula of the note as printed",
    )

    @model_validator(mode="after")
    def _kinds_differ(self) -> Self:
        if len(set(self.kinds)) < len(self.kinds):
            message = "must list each kind once"
            raise ValueError(message)
        return self


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Augmentations = dict[Name, AugmentationConfig]


def standard_augmentations(copies: int = 1) -> Augmentations:
    """Give every type by itself, both readings of the pT resolution, and all together.

    Examples
    --------
    >>> list(standard_augmentations())
    ['rotation', 'directions', 'pt', 'pt_literal', 'all']
    """
    kinds: dict[str, tuple[Kind, ...]] = {
        "rotation": ("rotation",),
        "directions": ("directions",),
        "pt": ("pt",),
        "pt_literal": ("pt",),
        "all": ("rotation", "directions", "pt"),
    }
    return {
        name: AugmentationConfig(
            kinds=chosen,
            copies=copies,
            resolution="cms_hcal_literal" if name == "pt_literal" else "cms_hcal",
        )
        for name, chosen in kinds.items()
    }


def augment_jets(
    jets: ak.Array, how: AugmentationConfig, *, seed: int, copy: int, first_event: int
) -> ak.Array:
    """Make one copy of the constituents of jets.

    Parameters
    ----------
    jets : awkward array, one list of jets an event
        With `constituents`; momenta of the jets stay.
    how : AugmentationConfig
    seed : int
    copy : int
        From 1.
    first_event : int
        Number of the first of these events in its sample.

    Returns
    -------
    awkward array
        Constituents whose pT would be negative are left out.
    """
    numbers = {"seed": seed, "copy": copy, "first_event": first_event}
    if "rotation" in how.kinds:
        jets = rotate_jets(jets, **numbers)
    constituents = _smeared(
        jets.constituents, how, CONSTITUENT_SCALE_GEV, "drop", numbers
    )
    return ak.with_field(jets, constituents, "constituents")


def augment_table(
    table: EventTable,
    how: AugmentationConfig,
    objects: Sequence[str],
    *,
    seed: int,
    copy: int,
) -> EventTable:
    """Make one copy of the candidates or jets in a table.

    Rotations turn all of an event together. pT and mass of the whole (pt_hh, mass_hh),
    where the table has them, follow from the changed objects; other columns stay, as
    do distances within a candidate. The variable that defines regions must be read
    from the original: a copy is in the region of its source.

    Parameters
    ----------
    table : EventTable
        With pt, eta, phi and mass of each object.
    how : AugmentationConfig
    objects : sequence of str
        Suffixes of their columns, such as h1 and h2.
    seed : int
    copy : int
        From 1.

    Returns
    -------
    EventTable
        Of the same events, in their order, with their weights and sources.

    Raises
    ------
    UserError
        The table lacks a column.
    """
    names = ("pt", "eta", "phi", "mass")
    for needed in (f"{name}_{each}" for each in objects for name in names):
        if needed not in table.columns:
            message = (
                f"augmentation needs the column {needed}; the table has "
                f"{', '.join(table.columns)}"
            )
            raise UserError(message)
    stacked = {
        name: np.stack([table.columns[f"{name}_{each}"] for each in objects], axis=1)
        for name in names
    }
    records = ak.from_regular(ak.zip(stacked, with_name="Momentum4D"))
    numbers = {"seed": seed, "copy": copy, "first_event": 0}
    if "rotation" in how.kinds:
        records = rotate_events(records, **numbers)
    records = _smeared(records, how, CANDIDATE_SCALE_GEV, "zero", numbers)
    columns = dict(table.columns)
    for place, each in enumerate(objects):
        for name in names:
            columns[f"{name}_{each}"] = ak.to_numpy(records[name][:, place])
    whole = ak.sum(records, axis=1)
    for name, value in (("pt_hh", whole.pt), ("mass_hh", whole.mass)):
        if name in columns:
            columns[name] = np.asarray(ak.to_numpy(value), np.float64)
    return EventTable(columns, table.weights, table.source)


def augmented_training(
    table: EventTable,
    validates: np.ndarray[tuple[int], np.dtype[np.bool_]],
    how: AugmentationConfig,
    objects: Sequence[str],
    *,
    seed: int,
) -> tuple[EventTable, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Give the copies of the events that train, none of those that validate.

    Parameters
    ----------
    table : EventTable
        Events that train and validate, none of them twice.
    validates : bool, shape (events,)
    how, objects, seed
        As for `augment_table`.

    Returns
    -------
    copies : EventTable
        All first copies, then all second ones, and so on.
    source : int64, shape (copies,)
        The event of `table` that each came from.
    """
    rows = np.flatnonzero(~validates)
    learnt = table[rows]
    parts = [
        augment_table(learnt, how, objects, seed=seed, copy=copy)
        for copy in range(1, how.copies + 1)
    ]
    return EventTable.concatenate(parts), np.tile(rows, how.copies)


def _smeared(
    records: ak.Array,
    how: AugmentationConfig,
    scale_gev: float,
    negative_pt: str,
    numbers: dict[str, int],
) -> ak.Array:
    if "directions" in how.kinds:
        scale = scale_gev if how.scale_gev is None else how.scale_gev
        records = smear_directions(records, scale_gev=scale, **numbers)
    if "pt" in how.kinds:
        records = smear_pt(
            records, resolution=how.resolution, negative_pt=negative_pt, **numbers
        )
    return records
