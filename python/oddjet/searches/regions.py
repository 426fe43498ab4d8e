"""Which events a search looks at: files, role, and whether they may be seen."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from oddjet.events import Events
from oddjet.io import Sample, describe, source_digest, write_events
from oddjet.io.paths import find_files
from oddjet.runs.config import ConfigModel
from oddjet.runs.digests import digest, digest_file
from oddjet.runs.errors import UserError
from oddjet.select.control_region import ControlCuts

SIGNAL_REGION = "signal_region"
CONTROL_REGION = "control_region"
REGIONS = (SIGNAL_REGION, CONTROL_REGION)

#: What a user may hand in as a region.
Files = str | Path | Sequence[str | Path]
Region = Events | Files


class RegionConfig(ConfigModel):
    """The events of one region."""

    files: tuple[str, ...] = Field(
        (), description="files of events or patterns, relative to this file"
    )
    role: Literal["data", "pseudo-data", "mc"] | None = Field(
        None,
        description="data, pseudo-data or mc, for files that do not say; null: as the"
        " files say, else data. A signal region of data stays blind until --unblind",
    )
    era: str | None = Field(
        None,
        min_length=1,
        description="data-taking era of files that do not say, such as 2018; regions of"
        " different eras are refused",
    )
    triggers: tuple[str, ...] = Field(
        (),
        description="trigger paths of which an event must have passed one, the same in"
        " all regions; empty: no demand",
    )

    def find_files(self, name: str, base: Path) -> list[Path]:
        """Resolve the files of the region called `name`.

        Raises
        ------
        UserError
            No files are named, or one of them is not there.
        """
        if not self.files:
            message = f"{name}.files is empty: name the files of the {spoken(name)}"
            raise UserError(message)
        # Only the names given may hold wildcards, not the place they start from.
        start = Path(glob.escape(str(base)))
        return find_files(
            [(start if glob.has_magic(file) else base) / file for file in self.files]
        )


class ControlRegionConfig(RegionConfig):
    """One of several control regions, each with a share of the background."""

    share: float = Field(
        gt=0,
        le=1,
        description="fraction of the background of the signal region that it stands"
        " for; the shares of all control regions sum to 1",
    )
    control: ControlCuts | None = Field(
        None, description="identified leptons of this control region; null: none"
    )


@dataclass(frozen=True)
class RegionFiles:
    """The files of a region and what they hold.

    Attributes
    ----------
    sample : Sample
    digest : str
        Of the content without truth and of `id.file`, which decide every result.
    truth : str
        Of the whole files, which decides what the report page shows.
    is_data : bool
        Whether the region stays blind until told otherwise.
    """

    sample: Sample
    digest: str
    truth: str
    is_data: bool

    @classmethod
    def open(cls, files: Files, config: RegionConfig) -> RegionFiles:
        """Look at files: what they hold, and as what.

        Raises
        ------
        UserError
            Files that cannot be read, or recorded data under another role.
        """
        sample = describe(files)
        content = [source_digest(sample.files), *map(str, sample.fingerprints)]
        return cls(
            sample=sample,
            digest=digest(content),
            truth=digest([digest_file(file) for file in sample.files]),
            is_data=_role(sample, config) == "data",
        )


def refuse_overlap(regions: Mapping[str, RegionFiles]) -> None:
    """Raise a UserError if one file is in two regions.

    Events on both sides would hide a signal and train the network on what it scores;
    those of two control regions would count twice.
    """
    for (one, first), (other, second) in combinations(regions.items(), 2):
        sample, known = first.sample, second.sample.fingerprints
        for file, fingerprint in zip(sample.files, sample.fingerprints, strict=True):
            if fingerprint in known and sample.num_events > 0:
                message = (
                    f"{file} of the {spoken(one)} is in the {spoken(other)}, too; the"
                    " two regions must not share events"
                )
                raise UserError(message)


def spoken(name: str) -> str:
    """Write the name of a region or of a part of one as people say it.

    Examples
    --------
    >>> spoken("control_region-zll")
    'control region zll'
    """
    return name.replace("_", " ").replace("-", " ", 1)


def _role(sample: Sample, config: RegionConfig) -> str:
    """Let the configuration name the role of files that do not know their own."""
    role = config.role or sample.role
    if sample.records_role and sample.role == "data" and role != "data":
        message = (
            f"{sample.files[0]} holds data, so its region cannot have the role {role}; "
            "leave out `role`, and use --unblind when the time has come"
        )
        raise UserError(message)
    return role


def stored(region: Region, path: Path) -> Files:
    """Give the files of a region; events in memory are written to `path` first.

    Those that come from files stay theirs: folds follow the source of an event.
    """
    if isinstance(region, Events):
        comes_from_files = bool(np.any(region.id.file))
        return write_events(path, region, keep_place=comes_from_files)
    return region
