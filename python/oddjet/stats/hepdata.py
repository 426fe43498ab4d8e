"""Tables as HEPData takes them: one YAML file each, and the list of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["Column", "Table", "write_hepdata"]


@dataclass(frozen=True)
class Column:
    """A variable and its values.

    Attributes
    ----------
    name : str
    values : sequence of float or None
        None where there is none: "-" in the file.
    units : str
    errors : mapping of label to sequence of (float, float) or None
        How far each reaches above (positive) and below (negative).
    """

    name: str
    values: Sequence[float | None]
    units: str = ""
    errors: Mapping[str, Sequence[tuple[float, float] | None]] = field(
        default_factory=dict
    )


@dataclass(frozen=True)
class Table:
    """What belongs together.

    Attributes
    ----------
    name, description : str
    independent, dependent : tuple of Column
        All of one length.

    Raises
    ------
    ValueError
        Columns, or errors of one, that differ in length.
    """

    name: str
    description: str
    independent: tuple[Column, ...]
    dependent: tuple[Column, ...]

    def __post_init__(self) -> None:
        lengths = [
            len(values)
            for column in (*self.independent, *self.dependent)
            for values in (column.values, *column.errors.values())
        ]
        if len(set(lengths)) > 1:
            message = f"table {self.name}: its columns differ in length, {lengths}"
            raise ValueError(message)


def write_hepdata(directory: Path, tables: Sequence[Table], *, comment: str) -> None:
    """Write a submission: `submission.yaml` and `table_1.yaml` and so on.

    Parameters
    ----------
    directory : Path
        Made if it is not there.
    tables : sequence of Table
    comment : str
        What all of them are about.

    References
    ----------
    https://hepdata-submission.readthedocs.io
    """
    directory.mkdir(parents=True, exist_ok=True)
    documents: list[dict[str, Any]] = [{"comment": comment}]
    for i, table in enumerate(tables, start=1):
        name = f"table_{i}.yaml"
        content = {
            "independent_variables": [_variable(each) for each in table.independent],
            "dependent_variables": [_variable(each) for each in table.dependent],
        }
        (directory / name).write_text(yaml.safe_dump(content, sort_keys=False))
        documents.append(
            {
                "name": table.name,
                "description": table.description,
                "keywords": [],
                "data_file": name,
            }
        )
    text = yaml.safe_dump_all(documents, sort_keys=False, explicit_start=True)
    (directory / "submission.yaml").write_text(text)


def _variable(column: Column) -> dict[str, Any]:
    header = {"name": column.name}
    if column.units:
        header["units"] = column.units
    entries: list[dict[str, Any]] = []
    for i, value in enumerate(column.values):
        entry: dict[str, Any] = {"value": "-" if value is None else float(value)}
        reaches = {label: each[i] for label, each in column.errors.items()}
        errors = [
            {
                "asymerror": {"plus": float(reach[0]), "minus": float(reach[1])},
                "label": label,
            }
            for label, reach in reaches.items()
            if value is not None and reach is not None
        ]
        if errors:
            entry["errors"] = errors
        entries.append(entry)
    return {"header": header, "values": entries}
