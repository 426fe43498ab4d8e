"""Signal and background of a study of classifiers: their tables, and the networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from oddjet.learn.models.spanet_config import SpanetConfig
from oddjet.runs.config import ConfigModel
from oddjet.searches.copied_events import refuse_equal_columns
from oddjet.searches.event_table import EventTable, read_event_table
from oddjet.searches.table_source import (
    TABLE,
    TableSelection,
    TableSource,
    table_stage,
)
from oddjet.select.dihiggs import (
    MIN_DELTA_R_PAIRING,
    TRUE_PAIRING,
    DihiggsCuts,
    select_dihiggs,
)
from oddjet.studies.augmentation import ORIGINAL, Augmentations
from oddjet.studies.spanet_classifier import SPANET_INPUTS
from oddjet.studies.training_sets import Copies
from oddjet.studies.two_samples import BACKGROUND, SIGNAL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from oddjet.runs.stages import Stage
    from oddjet.studies.augmentation import AugmentationConfig

__all__ = ["DihiggsSamples", "assignment_warning", "read_sample"]

_TABLE = TableSelection("di-Higgs", select_dihiggs, ("jets",), optional=("truth",))
_CANDIDATES, _JETS = ("h1", "h2"), ("j1", "j2", "j3", "j4")
#: What smearing of directions, smearing of pT, a rotation or all of them leave alone.
_LEFT_ALONE = (
    tuple(f"pt_{jet}" for jet in _JETS),
    tuple(f"{name}_{jet}" for jet in _JETS for name in ("eta", "phi")),
    tuple(f"mass_{jet}" for jet in _JETS),
    tuple(f"{name}_{each}" for each in _CANDIDATES for name in ("mass", "delta_r")),
)
_PAIRINGS = (TRUE_PAIRING, MIN_DELTA_R_PAIRING)


class DihiggsSamples(ConfigModel):
    """What studies on di-Higgs events have in common."""

    seed: int = Field(1, ge=0, description="the one seed of the whole study")
    signal: TableSource = Field(description="simulated signal")
    background: TableSource = Field(description="simulated background")
    selection: DihiggsCuts = Field(
        default_factory=DihiggsCuts, description="of events; tables are taken as given"
    )
    network: Literal["mlp", "spanet"] = Field(
        "mlp",
        description="mlp: on the features. spanet: on the four jets, trained as"
        " classifier says; features are left out",
    )
    spanet: SpanetConfig = Field(
        default_factory=SpanetConfig, description="for network: spanet"
    )
    augmentations: Augmentations = Field(
        default_factory=dict,
        description="copies of the training events, by name, such as"
        " {rotation: {kinds: [rotation], copies: 3}}; of the candidates, or of the"
        " jets for spanet",
    )

    def tables(self, base: Path) -> list[Stage]:
        """Give the stages `SIGNAL` and `BACKGROUND`, which make the tables."""
        samples = {SIGNAL: self.signal, BACKGROUND: self.background}
        return [
            table_stage(name, source, _TABLE, self.selection, base)
            for name, source in samples.items()
        ]

    @property
    def chosen_spanet(self) -> SpanetConfig | None:
        """The network, if it is not an MLP."""
        return self.spanet if self.network == "spanet" else None

    def inputs(self, features: Sequence[str]) -> tuple[str, ...]:
        """Give the columns that the network reads."""
        return SPANET_INPUTS if self.network == "spanet" else tuple(features)

    def copies(self) -> dict[str, Copies | None]:
        """Give what is trained, by name: the original, then the augmentations."""
        named = self.augmentations.items()
        return {ORIGINAL: None, **{name: self.copies_of(how) for name, how in named}}

    def copies_of(self, how: AugmentationConfig | None) -> Copies | None:
        """Say which columns an augmentation changes for the network."""
        objects = _JETS if self.network == "spanet" else _CANDIDATES
        return None if how is None else Copies(how, objects)

    def read_tables(
        self, inputs: Mapping[str, Path], names: Sequence[str], copies: Copies | None
    ) -> dict[str, EventTable]:
        """Read both tables with the columns that a training needs, and no others.

        Parameters
        ----------
        inputs : mapping of stage to Path
        names : sequence of str
            Columns that are read: features, the variable of the regions.
        copies : Copies, optional
            Whose columns are read, too.

        Returns
        -------
        dict of str to EventTable
            `SIGNAL` and `BACKGROUND`, of the same columns; the mean weight of each
            is one, for a study asks for numbers of events. Pairings are -1 where a
            table does not have them.

        Raises
        ------
        UserError
            A column is absent or not finite, or events are copies of others.
        """
        needed = list(dict.fromkeys(names))
        if copies is not None:
            needed += [
                f"{name}_{each}" for each in copies.objects
                for name in ("pt", "eta", "phi", "mass")
                if f"{name}_{each}" not in needed
            ]  # fmt: skip
        tables = {}
        for name in (SIGNAL, BACKGROUND):
            table = read_sample(inputs, name, needed)
            columns = {column: table.columns[column] for column in needed}
            unknown = np.full(len(table), -1.0)
            columns |= {n: table.columns.get(n, unknown) for n in _PAIRINGS}
            tables[name] = EventTable(
                columns, table.weights / np.mean(table.weights), table.source
            )
        return tables


def read_sample(
    inputs: Mapping[str, Path], name: str, needed: Sequence[str]
) -> EventTable:
    """Read the table of a sample, and refuse one that holds copies.

    Parameters
    ----------
    inputs : mapping of stage to Path
    name : str
        `SIGNAL` or `BACKGROUND`.
    needed : sequence of str
        Columns that it must have.

    Returns
    -------
    EventTable
        With all of its columns.

    Raises
    ------
    UserError
        A column is absent or not finite, or events are copies of others: by where
        they came from, or by what an augmentation leaves as it was.
    """
    table = read_event_table(inputs[name] / TABLE).require(needed, where=name)
    refuse_equal_columns(table.columns, _LEFT_ALONE, name)
    return table


def assignment_warning(study: DihiggsSamples) -> str | None:
    """Say what is wrong if SPANet learns pairings together with weak labels."""
    if study.network != "spanet" or study.spanet.assignment_weight == 0:
        return None
    return (
        f"WARNING: spanet.assignment_weight is {study.spanet.assignment_weight:g}, not"
        " 0: pairings are known for simulated signal only, so that the network is told"
        " the truth beside its weak labels, and what it finds with them is no result."
    )
