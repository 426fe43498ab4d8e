"""The one event model, and the door from awkward records to flat columns.

A reader's only job is to produce :class:`Events`; a kernel only ever sees
:class:`Columns`. Between the two nobody needs another representation.
"""

from __future__ import annotations

from oddjet.events.columns import Columns, columns, single_list
from oddjet.events.faults import Fault, find_bad_events, momentum_faults
from oddjet.events.model import Events, Role
from oddjet.events.stored_jets import stored_jets

__all__ = [
    "Columns",
    "Events",
    "Fault",
    "Role",
    "columns",
    "find_bad_events",
    "momentum_faults",
    "single_list",
    "stored_jets",
]
