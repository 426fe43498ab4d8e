"""Samples of single processes, selected once for all that is made of them."""

from __future__ import annotations

import glob
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from oddjet.io import describe
from oddjet.io.paths import find_files
from oddjet.runs.digests import digest
from oddjet.runs.errors import UserError
from oddjet.runs.provenance import provenance
from oddjet.runs.stages import Stage
from oddjet.searches.parts import RegionPart
from oddjet.searches.regions import RegionConfig, RegionFiles
from oddjet.searches.stages import prepare

if TYPE_CHECKING:
    from oddjet.searches.tagging_config import TaggingConfig
    from oddjet.studies.config import ProcessConfig

__all__ = ["prepare_stages"]


def prepare_stages(
    processes: Mapping[str, ProcessConfig], config: TaggingConfig, base: Path
) -> list[Stage]:
    """Plan the selection of samples.

    Parameters
    ----------
    processes : mapping of stage to ProcessConfig
    config : TaggingConfig
    base : Path
        Directory that relative files start from.

    Returns
    -------
    list of Stage
        Each leaves `oddjet.searches.tensors.TENSORS`.

    Raises
    ------
    UserError
        Files that are not there or cannot be read, or data selected as a signal region:
        only a search keeps it blind.
    """
    return [
        _prepare(name, process, config, base) for name, process in processes.items()
    ]


def _prepare(
    name: str, process: ProcessConfig, config: TaggingConfig, base: Path
) -> Stage:
    start = Path(glob.escape(str(base)))
    files = find_files(
        [(start if glob.has_magic(file) else base) / file for file in process.files]
    )
    region = RegionFiles.open(files, RegionConfig(role=process.role))
    if region.is_data and process.control is None:
        message = (
            f"{region.sample.files[0]} holds data, which a study would select as a"
            " signal region without being blind; search them with `oddjet search`, or"
            " say `role: mc` if they are simulation that does not say so"
        )
        raise UserError(message)
    return Stage(
        name,
        prepare,
        arguments={
            "part": RegionPart(name.removeprefix("prepare-"), control=process.control),
            "cuts": config.selection,
            "spec": config.features.spec(),
        },
        sources={name: region.digest, "made_with": digest(provenance())},
        untracked={"paths": describe(files).files, "blinded": False},
    )
