"""Di-Higgs events as a table."""

from __future__ import annotations

from oddjet.searches.table_source import TableSelection
from oddjet.select.dihiggs import select_dihiggs

__all__ = ["DIHIGGS_TABLE"]

DIHIGGS_TABLE = TableSelection("di-Higgs", select_dihiggs, ("jets",))
