"""Which events a search looks at: files, role, and whether they may be seen."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from oddjet.runs.config import ConfigModel

SIGNAL_REGION = "signal_region"
CONTROL_REGION = "control_region"
REGIONS = (SIGNAL_REGION, CONTROL_REGION)


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
