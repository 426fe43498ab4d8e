"""The one event model: awkward collections, and what the sample is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import awkward as ak
import numpy as np
import vector

from oddjet.events.coordinates import named_layout
from oddjet.events.faults import momentum_faults
from oddjet.events.layouts import record_of
from oddjet.events.missing import materialised
from oddjet.runs.errors import UserError

# Awkward behaviours are global by design: records keep `deltaphi` and friends
# through pickling, concatenation and Parquet only if the names are registered.
vector.register_awkward()

Role = Literal["data", "pseudo-data", "mc"]

#: What a file or a user has to offer for each collection of the event model.
SOURCES = {
    "particles": "Delphes (EFlow* or ParticleFlowCandidate), PFNano, LHC Olympics, "
    "HepMC, files of `oddjet simulate`, or a column map for a list of {pt, eta, phi, "
    "mass} per event",
    "towers": "Delphes files with the branch Tower",
    "jets": "clustering the particles with `oddjet.cluster`",
    "fat_jets": "clustering the particles with `oddjet.cluster`",
    "leptons": "Delphes, NanoAOD, files of `oddjet simulate`, or a column map for a "
    "list of {pt, eta, phi, mass, flavour} per event",
    "photons": "Delphes or NanoAOD",
    "taus": "Delphes (jets with TauTag) or NanoAOD",
    "met": "Delphes, NanoAOD, files of `oddjet simulate`, or a column map for one "
    "{pt, phi} per event",
    "weight_variations": "Delphes (Weight), NanoAOD (LHE and shower weights), HepMC",
    "trigger": "NanoAOD (HLT_*, DST_*, L1_*) or a column map",
    "filters": "NanoAOD (Flag_*) or a column map",
    "num_vertices": "Delphes (Vertex), NanoAOD (PV_npvs) or a column map",
    "truth": "simulated samples only",
}


@dataclass(frozen=True, repr=False)
class Events:
    """Collision events: awkward collections with vector behaviours, and a role.

    Attributes
    ----------
    array : awkward record array, one record per event
        Any of the collections below [GeV, radians]. Absent means absent, never
        zero; only a missing `weight` is 1 and a missing `id` counts the events.

        * `particles`, `towers`: lists of momenta; where known charge, pdg_id,
          puppi_weight (beside a pt that it is not in).
        * `jets`, `fat_jets`: lists of momenta; where known btag, tau_1 to tau_4,
          soft_drop_mass and constituent_index, positions in this event's particles.
        * `leptons` (flavour 11 or 13, charge, isolation), `photons`, `taus`.
        * `met`: pt, phi, contains_muons.
        * `weight`; `weight_variations`: numbers or lists of numbers under the name
          of their family, each of which can stand in for `weight`.
        * `trigger`, `filters`: one bool a path; `num_vertices`.
        * `id`: file, entry; run, lumi, event, era where the source has them.
        * `truth`: what a search must not see.
    role : "data", "pseudo-data" or "mc"
        What the sample is; unknown events are data, the role that stays blind.

    Raises
    ------
    UserError
        A non-finite or negative momentum, naming collection, field and event.

    Examples
    --------
    >>> particles = [[{"pt": 5.0, "eta": 0.0, "phi": 1.0, "mass": 0.0}], []]
    >>> events = Events(ak.Array({"particles": particles}), role="mc")
    >>> len(events), events.particles.pt.tolist(), events[1:].id.entry.tolist()
    (2, [[5.0], []], [1])
    """

    array: ak.Array
    role: Role = "data"

    def __post_init__(self) -> None:
        """Complete and check what a user hands in."""
        _check_role(self.role)
        object.__setattr__(self, "array", _completed(self.array))
        self.check()

    @classmethod
    def unchecked(cls, array: ak.Array, *, role: Role) -> Events:
        """Wrap an array whose momenta are known, or allowed, to be anything.

        Parameters
        ----------
        array : awkward record array
        role : "data", "pseudo-data" or "mc"

        Returns
        -------
        Events

        Raises
        ------
        UserError
            An unknown role, or an array that is not one of records.
        """
        _check_role(role)
        return cls._of(_completed(array), role)

    @classmethod
    def _of(cls, array: ak.Array, role: Role) -> Events:
        events = object.__new__(cls)
        object.__setattr__(events, "array", array)
        object.__setattr__(events, "role", role)
        return events

    def check(self, *, source: str | None = None) -> Events:
        """Raise a UserError at the first momentum that no kernel accepts.

        Parameters
        ----------
        source : str, optional
            Where the events come from; with it the entry in that file is named.

        Returns
        -------
        Events
            Itself.
        """
        faults = list(momentum_faults(self.array))
        if faults:
            worst = min(faults, key=lambda fault: int(fault.events[0]))
            event = int(worst.events[0])
            place = f"event {event}"
            if source is not None:
                place = f"entry {self.array.id.entry[event]} of {source}"
            name = ".".join(filter(None, (worst.collection, worst.field)))
            message = (
                f"{name} of {place} is {worst.problem} ({len(worst.events)} such "
                "events here); repair or drop these events first"
            )
            raise UserError(message)
        return self

    @property
    def fields(self) -> list[str]:
        """The collections that these events have."""
        return list(self.array.fields)

    def __len__(self) -> int:
        """Count the events."""
        return len(self.array)

    def __getattr__(self, name: str) -> ak.Array:
        """Return a collection."""
        if name in {"array", "role"} or name.startswith("__"):
            raise AttributeError(name)  # pickle and copy ask before either is set
        if name not in self.array.fields:
            message = f"events have no {name!r}; they have {', '.join(self.fields)}"
            raise AttributeError(message)
        return self.array[name]

    def __getitem__(self, selection: Any) -> Events:
        """Select events by slice, boolean mask or integer indices."""
        if isinstance(selection, str | int | np.integer):
            message = (
                "events are selected by slice, mask or index array; "
                "a collection is an attribute (events.particles)"
            )
            raise TypeError(message)
        return Events._of(self.array[selection], self.role)

    def __repr__(self) -> str:
        return f"<Events {len(self)} {self.role}: {', '.join(self.fields)}>"

    def without(self, *names: str) -> Events:
        """Leave collections out, such as `truth` before a search.

        Parameters
        ----------
        *names : str
            Collections; an absent one stays absent.

        Returns
        -------
        Events
        """
        kept = [name for name in self.fields if name not in names]
        return Events._of(self.array[kept], self.role)

    def require(self, *names: str, why: str) -> Events:
        """Check that the collections a stage needs are there.

        Parameters
        ----------
        *names : str
            Collections, or fields of them such as "met.phi".
        why : str
            The stage, for the message.

        Returns
        -------
        Events
            Itself.

        Raises
        ------
        UserError
            A collection is absent; the message says which source could give it.
        """
        for wanted in names:
            collection, _, field = wanted.partition(".")
            have = self.array[collection] if collection in self.fields else None
            if have is None or (field and field not in ak.fields(have)):
                name = collection if have is None else wanted
                source = SOURCES.get(collection, "a file that holds it")
                message = (
                    f"{why} needs `{name}`, which these events do not have "
                    f"(they have {', '.join(self.fields)}); possible sources: {source}"
                )
                raise UserError(message)
        return self

    @staticmethod
    def concatenate(parts: Iterable[Events]) -> Events:
        """Join samples of one role and the same collections.

        Parameters
        ----------
        parts : iterable of Events
            At least one.

        Returns
        -------
        Events

        Raises
        ------
        UserError
            Different roles or collections (absent must not become zero), or
            nothing to join.
        """
        parts = list(parts)
        if not parts:
            message = "there are no events to concatenate"
            raise UserError(message)
        _same_everywhere("role", [part.role for part in parts])
        _same_everywhere("fields", [_all_fields(part.array) for part in parts])
        return Events._of(ak.concatenate([p.array for p in parts]), parts[0].role)


def _check_role(role: str) -> None:
    if role not in get_args(Role):
        message = f"role must be one of {', '.join(get_args(Role))}, got {role!r}"
        raise UserError(message)


def _completed(array: ak.Array) -> ak.Array:
    """Name the momenta for vector, and add the weight and id every stage relies on."""
    if not isinstance(array, ak.Array) or not array.fields:
        message = (
            "events must be an awkward record array with collections such as "
            f"`particles`, got {getattr(array, 'type', type(array).__name__)}"
        )
        raise UserError(message)
    layout = ak.to_layout(array)
    columns = {name: named_layout(layout[name]) for name in array.fields}
    columns["weight"] = _numbers(columns.get("weight", np.ones(len(array))), "weight")
    ids: dict[str, Any] = {
        "file": np.zeros(len(array), np.uint64),
        "entry": np.arange(len(array)),
    }
    if "id" in columns:
        given = columns["id"]
        ids |= {name: given[name] for name in given.fields}
    columns["id"] = record_of(
        {name: _numbers(values, f"id.{name}") for name, values in ids.items()},
        len(array),
    )
    return ak.Array(record_of(columns, len(array)), behavior=array.behavior)


def _numbers(values: Any, name: str) -> Any:
    """Return one number per event; Parquet of others often allows None in each."""
    layout = materialised(ak.to_layout(values), name)
    if not layout.is_numpy or layout.purelist_depth != 1:
        message = (
            f"{name} must be one number per event, got the type {layout.form.type}"
        )
        raise UserError(message)
    return layout


def _all_fields(array: ak.Array) -> dict[str, tuple[str, ...]]:
    return {name: tuple(sorted(ak.fields(array[name]))) for name in array.fields}


def _same_everywhere(what: str, values: Sequence[Any]) -> None:
    for position, value in enumerate(values):
        if value != values[0]:
            message = (
                f"cannot concatenate samples with different {what}: the first has "
                f"{values[0]}, number {position + 1} has {value}"
            )
            raise UserError(message)
