"""The configuration of a study of LundNet on semi-visible jets: one YAML file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from oddjet.searches.lund_config import LundTaggerConfig

__all__ = ["LundStudyConfig"]


class LundStudyConfig(LundTaggerConfig):
    """LundNet on the fat jets of selected events, and how well it does."""

    study: Literal["lund"] = Field("lund", description="which study this is")
