"""Which events a search looks at: files, role, and whether they may be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from oddjet.events import Events
from oddjet.io import Sample, describe, source_digest, write_events
from oddjet.io.paths import find_files
from oddjet.runs.config import ConfigModel
from oddjet.runs.digests import digest, digest_file
from oddjet.runs.errors import UserError

SIGNAL_REGION = "signal_region"
CONTROL_REGION = "control_region"
REGIONS = (SIGNAL_REGION, CONTROL_REGION)

#: What a user may hand in as a region.
Region = Events | str | Path | Sequence[str | Path]


class RegionConfig(ConfigModel):
    """The events of one region."""

    files: tuple[str, ...] = Field(
        (), description="Parquet files or patterns, relative to this file"
    )
    role: Literal["data", "pseudo-data", "mc"] | None = Field(
        None,
        description="data, pseudo-data or mc; null: as the files say. A signal region"
        " of role data stays blind until --unblind",
    )

    def find_files(self, name: str, base: Path) -> list[Path]:
        """Resolve the files of the region called `name`.

        Raises
        ------
        UserError
            No files are named, or one of them is not there.
        """
        if not self.files:
            message = (
                f"{name}.files is empty: name the Parquet files of the "
                f"{name.replace('_', ' ')}"
            )
            raise UserError(message)
        return find_files([base / file for file in self.files])


@dataclass(frozen=True)
class RegionFiles:
    """The files of a region and what they hold.

    Attributes
    ----------
    sample : Sample
    digest : str
        Of the content without truth, which decides every result.
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
    def open(
        cls, files: Sequence[str | Path] | str | Path, config: RegionConfig
    ) -> RegionFiles:
        """Look at files; a role in the configuration overrides what they say."""
        sample = describe(files)
        return cls(
            sample=sample,
            digest=source_digest(sample.files),
            truth=digest([digest_file(file) for file in sample.files]),
            is_data=(config.role or sample.role) == "data",
        )


def stored(region: Region, path: Path) -> Sequence[str | Path] | str | Path:
    """Give the files of a region; events in memory are written to `path` first."""
    if isinstance(region, Events):
        return write_events(path, region)
    return region
