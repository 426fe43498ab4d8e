"""Which study a configuration file asks for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oddjet.runs.config import load_yaml
from oddjet.runs.errors import UserError
from oddjet.studies.assumption import AssumptionStudy
from oddjet.studies.hunting import HuntingStudy
from oddjet.studies.images import ImagesStudy
from oddjet.studies.lund import LundStudy
from oddjet.studies.mixed import MixedStudy
from oddjet.studies.sensitivity import SensitivityStudy
from oddjet.studies.study import CONFIG, RESULTS, Study
from oddjet.studies.tables import TableStudy

__all__ = ["STUDIES", "read_study", "redraw_study", "study_class"]

#: By the value of their key `study`.
STUDIES: dict[str, type[Study[Any]]] = {
    "tables": TableStudy,
    "sensitivity": SensitivityStudy,
    "assumption": AssumptionStudy,
    "mixed": MixedStudy,
    "hunting": HuntingStudy,
    "images": ImagesStudy,
    "lund": LundStudy,
}


def read_study(path: Path | str) -> Study[Any]:
    """Read the configuration of any study; without the key `study` it is of tables.

    Raises
    ------
    UserError
        There is no such study, or the first problem of the file, in one sentence.
    """
    wanted = str(load_yaml(path).get("study", "tables"))
    if wanted not in STUDIES:
        message = f"{path}: study must be {', '.join(STUDIES)}; got {wanted!r}"
        raise UserError(message)
    return study_class(wanted).from_yaml(path)


def redraw_study(run: Path, path: Path) -> dict[str, Any]:
    """Write the page of a finished study again; see `Study.redraw`.

    Returns
    -------
    dict
        The content of study.json.
    """
    read_study(run / CONFIG).redraw(run, path)
    found: dict[str, Any] = json.loads((run / RESULTS).read_text("utf-8"))
    return found


def study_class(name: str) -> type[Study[Any]]:
    """Give the class of a study that exists."""
    return STUDIES[name]
