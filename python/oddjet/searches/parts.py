"""The parts of the regions: sets of files, each selected in one way.

The signal region has one part. The control region has one or several, such as Z -> ll
and W -> l nu, mixed by their shares. In a null test both regions are halves of the
control region, part by part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import awkward as ak
import numpy as np

from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.errors import UserError
from oddjet.searches.regions import (
    CONTROL_REGION,
    REGIONS,
    SIGNAL_REGION,
    RegionConfig,
    spoken,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from oddjet.events import Events
    from oddjet.searches.monojet_config import MonoJetConfig
    from oddjet.select.control_region import ControlCuts

__all__ = [
    "ERAS",
    "RegionPart",
    "eras_of",
    "part_configs",
    "refuse_other_eras",
    "refuse_other_triggers",
    "region_parts",
    "write_eras",
]

ERAS = "eras.json"


@dataclass(frozen=True)
class RegionPart:
    """A set of files of a region, selected in one way.

    Attributes
    ----------
    region : str
        The region that it is part of.
    source : str
        Which of several control regions; empty if there is one.
    share : float
        Fraction of the weight of the region; 1 if it has one part.
    control : ControlCuts or None
        Identified leptons.
    triggers : tuple of str
        Paths of which an event must have passed one.
    era : str or None
        Of files that do not say.
    half : int or None
        Half of the events, 0 or 1, in a null test; None: all of them.
    """

    region: str
    source: str = ""
    share: float = 1.0
    control: ControlCuts | None = None
    triggers: tuple[str, ...] = ()
    era: str | None = None
    half: int | None = None

    @property
    def name(self) -> str:
        """Give the name of its cut flow and of its stage."""
        return f"{self.region}-{self.source}" if self.source else self.region

    @property
    def home(self) -> str:
        """Name the part of the configuration that has its files."""
        region = self.region if self.half is None else CONTROL_REGION
        return f"{region}-{self.source}" if self.source else region


def region_parts(
    config: MonoJetConfig, *, null: bool = False
) -> tuple[RegionPart, ...]:
    """List the parts of a search, the signal region first.

    Parameters
    ----------
    config : MonoJetConfig
    null : bool
        Search one half of the control region against the other, with the leptons in
        both halves.

    Returns
    -------
    tuple of RegionPart
    """
    signal = config.signal_region
    if null:
        return tuple(
            part
            for half, region in enumerate(REGIONS)
            for part in _control_parts(config, region, half)
        )
    first = RegionPart(SIGNAL_REGION, triggers=signal.triggers, era=signal.era)
    return (first, *_control_parts(config, CONTROL_REGION, None))


def _control_parts(
    config: MonoJetConfig, region: str, half: int | None
) -> list[RegionPart]:
    one = config.control_region
    if not config.control_regions:
        alone = RegionPart(
            region,
            control=config.control,
            triggers=one.triggers,
            era=one.era,
            half=half,
        )
        return [alone]
    return [
        RegionPart(
            region,
            source,
            share=part.share,
            control=part.control,
            triggers=part.triggers,
            era=part.era,
            half=half,
        )
        for source, part in config.control_regions.items()
    ]


def part_configs(config: MonoJetConfig) -> dict[str, RegionConfig]:
    """Give what the configuration says of the files of each part, by home."""
    parts: dict[str, RegionConfig] = {SIGNAL_REGION: config.signal_region}
    if not config.control_regions:
        return parts | {CONTROL_REGION: config.control_region}
    return parts | {
        f"{CONTROL_REGION}-{source}": part
        for source, part in config.control_regions.items()
    }


def refuse_other_triggers(parts: Sequence[RegionPart]) -> None:
    """Raise a UserError unless all parts ask for the same trigger paths.

    Triggers shape the kinematics of a region, which a network would find.
    """
    first, *others = parts
    for other in others:
        if set(other.triggers) != set(first.triggers):
            message = (
                f"the {spoken(first.name)} has the triggers {_listed(first.triggers)},"
                f" the {spoken(other.name)} {_listed(other.triggers)}; regions can be"
                " compared only if their events passed the same triggers"
            )
            raise UserError(message)


def eras_of(events: Events) -> set[str]:
    """Name the data-taking eras of events; none if the events do not say."""
    if "id" not in events.fields or "era" not in events.id.fields:
        return set()
    return {str(era) for era in np.unique(ak.to_numpy(events.id.era))}


def write_eras(path: Path, part: RegionPart, found: set[str]) -> None:
    """Note the eras of a part for `refuse_other_eras`.

    Raises
    ------
    UserError
        The configuration names another era than the files.
    """
    if part.era is not None and found - {part.era}:
        message = (
            f"{part.home}.era is {part.era}, but its files hold events of"
            f" {_listed(sorted(found))}; leave out `era`, or name the files of that era"
        )
        raise UserError(message)
    write_json_atomic(path, sorted(found) if part.era is None else [part.era])


def refuse_other_eras(eras: Mapping[str, Sequence[str]]) -> None:
    """Raise a UserError unless the parts that know their eras have the same.

    Parameters
    ----------
    eras : mapping of part to sequence of str
        As `write_eras` noted them; empty where nobody knows.
    """
    known = [(name, found) for name, found in eras.items() if found]
    for name, found in known[1:]:
        first, wanted = known[0]
        if set(found) != set(wanted):
            message = (
                f"the {spoken(first)} holds events of the era {_listed(wanted)}, the"
                f" {spoken(name)} of {_listed(found)}; detector and beams differ from"
                " era to era, so search each of them with its own control region"
            )
            raise UserError(message)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
