"""Tables of any other origin: a YAML file says which column is what."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import awkward as ak
import numpy as np
from pydantic import Field as Described

from oddjet.io.readers.fields import constant, from_padded, leaf_dtype
from oddjet.io.readers.layout import Arrays, Field, Layout
from oddjet.io.readers.table import Table
from oddjet.runs.config import ConfigModel, load_yaml, parse_config
from oddjet.runs.errors import UserError

#: A column ("jet_pt", or a part of a wide one: "block[0:2100:3]"), a number that every
#: object has, or the columns of the first, second, ... object.
Source = str | float | tuple[str, ...]

_UNITS = {"MeV": 1e-3, "GeV": 1.0, "TeV": 1e3}
_WITH_UNIT = frozenset(("pt", "px", "py", "pz", "energy", "E", "e", "mass", "m", "M"))
_SLICE = re.compile(r"(?P<name>.+)\[(?P<slice>-?\d*(?::-?\d*){0,2})\]")
_OBJECTS = (*("particles", "towers", "jets", "fat_jets", "leptons", "photons", "taus"),)
_RECORDS = ("met", "weight_variations", "id", "trigger", "filters", "truth")
_NUMBERS = ("weight", "num_vertices")


class ColumnMap(ConfigModel):
    """Which column of a ROOT tree, HDF5, NumPy or Parquet file is which field.

    Examples
    --------
    >>> column_map = ColumnMap(
    ...     momentum_unit="MeV",
    ...     particles={"pt": "cl_pt", "eta": "cl_eta", "phi": "cl_phi", "mass": 0},
    ...     met={"pt": "met_et", "phi": "met_phi"},
    ... )
    """

    table: str | None = Described(
        None, description="Name of the tree; by default the one with all columns"
    )
    role: Literal["data", "pseudo-data", "mc"] | None = Described(
        None, description="data, pseudo-data or mc; null: not known, so data"
    )
    momentum_unit: Literal["MeV", "GeV", "TeV"] = Described(
        "GeV", description="Unit of momenta, energies and masses in the file"
    )
    particles: dict[str, Source] = Described({}, description="Objects to cluster")
    towers: dict[str, Source] = Described({}, description="Calorimeter towers")
    jets: dict[str, Source] = Described({}, description="Small jets")
    fat_jets: dict[str, Source] = Described({}, description="Large jets")
    leptons: dict[str, Source] = Described({}, description="Needs flavour, 11 or 13")
    photons: dict[str, Source] = Described({}, description="Identified photons")
    taus: dict[str, Source] = Described({}, description="Hadronic tau leptons")
    met: dict[str, Source] = Described({}, description="pt, phi, contains_muons")
    weight: Source | None = Described(None, description="Of the event")
    weight_variations: dict[str, Source] = Described(
        {}, description="Weights that can stand in for `weight`"
    )
    num_vertices: Source | None = Described(None, description="Of primary vertices")
    id: dict[str, Source] = Described({}, description="run, lumi, event, era")
    trigger: dict[str, Source] = Described({}, description="Name: column")
    filters: dict[str, Source] = Described({}, description="Name: column")
    truth: dict[str, Source] = Described({}, description="What a search must not see")

    @classmethod
    def from_yaml(cls, path: str | Path) -> ColumnMap:
        """Read a map from a YAML file.

        Raises
        ------
        UserError
            A missing file, or an unknown or wrong key.
        """
        return parse_config(cls, load_yaml(Path(path)), source=path)

    def chosen_table(self, tables: Sequence[Table]) -> Table:
        """Choose the table that the map is about.

        Raises
        ------
        UserError
            No such table, or none with all columns.
        """
        if self.table is not None:
            for table in tables:
                if table.name == self.table:
                    return table
            names = ", ".join(table.name for table in tables)
            message = f"{tables[0].path} has no tree {self.table!r} (it has {names})"
            raise UserError(message)
        wanted = self._columns()
        for table in tables:
            if wanted <= table.known:
                return table
        # The best candidate tells best what is missing.
        return max(tables, key=lambda table: len(wanted & table.known))

    def layout(self, table: Table) -> Layout:
        """Map a table to the event model.

        Raises
        ------
        UserError
            A column that the table does not have.
        """
        self._check_columns(table)
        fields: list[Field] = []
        for collection in _OBJECTS:
            fields += self._objects(collection, getattr(self, collection))
        for collection in _RECORDS:
            for name, source in getattr(self, collection).items():
                scale = self._scale(name) if collection == "met" else 1.0
                fields.append(_event_field(f"{collection}.{name}", source, scale))
        for name in _NUMBERS:
            source = getattr(self, name)
            if source is not None:
                fields.append(_event_field(name, source, 1.0))
        if not fields:
            message = "a column map must name at least one column"
            raise UserError(message)
        return Layout(
            tuple(fields),
            role=self.role or "data",
            records_role=self.role is not None,
        )

    def _scale(self, field: str) -> float:
        return _UNITS[self.momentum_unit] if field in _WITH_UNIT else 1.0

    def _columns(self) -> set[str]:
        sources = [getattr(self, name) for name in _NUMBERS]
        for collection in (*_OBJECTS, *_RECORDS):
            sources += getattr(self, collection).values()
        return {name for source in sources for name in _names(source)}

    def _check_columns(self, table: Table) -> None:
        for name in sorted(self._columns() - table.known):
            near = difflib.get_close_matches(name, table.names, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            message = f"{table} has no column {name!r}, which the map names{hint}"
            raise UserError(message)

    def _objects(self, collection: str, sources: Mapping[str, Source]) -> list[Field]:
        if not sources:
            return []
        leading = next((s for s in sources.values() if _names(s)), None)
        if leading is None:
            message = f"{collection} of a column map needs a column, not only numbers"
            raise UserError(message)
        zero = next((sources[n] for n in ("pt", "energy", "E") if n in sources), None)
        # Slots of fixed-length rows in which nothing is filled.
        marks = zero if isinstance(zero, str) else None
        return [
            _object_field(
                f"{collection}.{name}", source, leading, marks, self._scale(name)
            )
            for name, source in sources.items()
        ]


def _names(source: Source | None) -> list[str]:
    if source is None or isinstance(source, int | float):
        return []
    if isinstance(source, tuple):
        return [name for part in source for name in _names(part)]
    match = _SLICE.fullmatch(source)
    return [match["name"] if match else source]


def _values(source: Source, arrays: Arrays) -> ak.Array:
    """Take a column, a part of a wide column, or columns side by side."""
    if isinstance(source, tuple):
        columns = [ak.to_numpy(_values(part, arrays)) for part in source]
        return ak.Array(np.stack(columns, axis=1))
    match = _SLICE.fullmatch(str(source))
    if match is None:
        return arrays[str(source)]
    parts = [int(part) if part else None for part in match["slice"].split(":")]
    key = parts[0] if len(parts) == 1 else slice(*parts)
    return arrays[match["name"]][:, key]


def _scaled(array: ak.Array, scale: float) -> ak.Array:
    if scale == 1.0:
        return array
    # The file's own precision stays: MeV in float32 are GeV in float32.
    dtype = leaf_dtype(array)
    return array * (dtype.type(scale) if dtype.kind == "f" else scale)


def _event_field(name: str, source: Source, scale: float) -> Field:
    names = tuple(_names(source))

    def make(arrays: Arrays) -> ak.Array:
        return _scaled(_values(source, arrays), scale)

    if not names:
        message = f"{name} of a column map must be a column, got {source!r}"
        raise UserError(message)
    return Field(name, names, make)


def _object_field(
    name: str, source: Source, leading: Source, marks: str | None, scale: float
) -> Field:
    """Make a field of objects; rows of a fixed length lose their empty slots."""
    names = dict.fromkeys([*_names(source), *_names(leading), *_names(marks)])

    def make(arrays: Arrays) -> ak.Array:
        if isinstance(source, int | float):
            like = _filled(_values(leading, arrays), marks, arrays)
            is_count = isinstance(source, int) and scale == 1.0
            dtype = np.int32 if is_count else leaf_dtype(like)
            value = source if scale == 1.0 else source * scale
            return constant(like, value, np.dtype(dtype))
        return _scaled(_filled(_values(source, arrays), marks, arrays), scale)

    return Field(name, tuple(names), make)


def _filled(values: ak.Array, marks: str | None, arrays: Arrays) -> ak.Array:
    layout = ak.to_layout(values)
    if not (layout.is_numpy or layout.is_regular) or values.ndim != 2:
        if values.ndim == 1:  # one object an event
            return ak.from_regular(values[:, np.newaxis], axis=1)
        return values
    rows = ak.to_numpy(values)
    if marks is None:
        return from_padded(rows, np.ones(rows.shape, np.bool_))
    return from_padded(rows, ak.to_numpy(_values(marks, arrays)) != 0)
