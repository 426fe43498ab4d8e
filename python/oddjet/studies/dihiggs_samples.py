"""Signal and background of a study of classifiers: their tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field

from oddjet.runs.config import ConfigModel
from oddjet.searches.table_source import TableSelection, TableSource, table_stage
from oddjet.select.dihiggs import DihiggsCuts, select_dihiggs

if TYPE_CHECKING:
    from pathlib import Path

    from oddjet.runs.stages import Stage

__all__ = ["BACKGROUND", "SIGNAL", "DihiggsSamples"]

SIGNAL, BACKGROUND = "signal", "background"
_TABLE = TableSelection("di-Higgs", select_dihiggs, ("jets",))


class DihiggsSamples(ConfigModel):
    """What studies on di-Higgs events have in common."""

    seed: int = Field(1, ge=0, description="the one seed of the whole study")
    signal: TableSource = Field(description="simulated signal")
    background: TableSource = Field(description="simulated background")
    selection: DihiggsCuts = Field(
        default_factory=DihiggsCuts, description="of events; tables are taken as given"
    )

    def tables(self, base: Path) -> list[Stage]:
        """Give the stages `SIGNAL` and `BACKGROUND`, which make the tables."""
        samples = {SIGNAL: self.signal, BACKGROUND: self.background}
        return [
            table_stage(name, source, _TABLE, self.selection, base)
            for name, source in samples.items()
        ]

    def without_files(self, **change: object) -> Self:
        """Leave out where files are: what they hold enters by the tables."""
        nothing = {"files": ("-",)}
        return self.model_copy(
            update={
                SIGNAL: self.signal.model_copy(update=nothing),
                BACKGROUND: self.background.model_copy(update=nothing),
                **change,
            }
        )
