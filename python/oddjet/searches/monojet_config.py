"""The configuration of a mono-jet search: one YAML file, or the same as objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from oddjet.runs.config import ConfigModel
from oddjet.searches.regions import (
    CONTROL_REGION,
    SIGNAL_REGION,
    ControlRegionConfig,
    RegionConfig,
)
from oddjet.searches.reweighting import ReweightConfig
from oddjet.searches.tagging_config import TaggingConfig
from oddjet.select.control_region import ControlCuts

#: Shares are written with a few digits.
SHARES_TOLERANCE = 1e-6

ControlName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]


class CountingConfig(ConfigModel):
    """The counting experiment above the threshold."""

    cr_efficiency: float = Field(
        1e-3, gt=0, lt=1, description="fraction of control events above the threshold"
    )
    transfer_uncertainty: float = Field(
        0.0,
        ge=0,
        le=10,
        description="relative uncertainty of the background's pass rate in the signal"
        " region over that in the control region; enters the significance",
    )
    composition_uncertainty: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="relative uncertainty of the share of each of several control"
        " regions; what it does to the pass rate enters the transfer uncertainty",
    )
    scan_efficiencies: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        (),
        description="further fractions to look at; the best one is quoted with its"
        " trial factor, beside the answer",
    )


class RegionsConfig(ConfigModel):
    """The regions of a mono-jet search, and how one stands for the other."""

    search: Literal["monojet"] = Field("monojet", description="which search this is")
    seed: int = Field(1, ge=0, description="the one seed of the whole search")
    on_bad_event: Literal["fail", "flag"] = Field(
        "fail",
        description="at a momentum that is not finite or negative: stop, or do not"
        " select the event and count it in the cut flow",
    )
    is_null_test: bool = Field(
        False, description="true: no signal can be in either region; the report says so"
    )
    signal_region: RegionConfig = Field(
        default_factory=RegionConfig, description="where a signal could be"
    )
    control_region: RegionConfig = Field(
        default_factory=RegionConfig, description="the same jets without a signal"
    )
    control: ControlCuts | None = Field(
        None,
        description="identified leptons of the control region: the recoil replaces the"
        " missing momentum there; null: both regions have the same selection",
    )
    control_regions: dict[ControlName, ControlRegionConfig] = Field(
        default_factory=dict,
        description="several control regions by name in place of control_region, each"
        " with its files, control and share of the background, such as"
        " zll: {files: [...], control: {leptons: 2}, share: 0.6}",
    )
    reweight: ReweightConfig | None = Field(
        None,
        description="weight each control region to look like the signal region in jet"
        " pT, |eta| and recoil, which leaves no exact test; null: as it is",
    )

    @model_validator(mode="after")
    def _control_regions_are_a_mixture(self) -> Self:
        parts = self.control_regions
        if not parts:
            return self
        if self.control_region != RegionConfig() or self.control is not None:
            message = (
                "must have control_region and control or control_regions, not both:"
                " each of several control regions has its own files and control"
            )
            raise ValueError(message)
        total = sum(part.share for part in parts.values())
        if abs(total - 1) > SHARES_TOLERANCE:
            message = (
                f"must have shares of the control_regions ({', '.join(parts)}) that sum"
                f" to 1; they sum to {total:g}"
            )
            raise ValueError(message)
        return self


class MonoJetConfig(TaggingConfig, RegionsConfig):
    """Everything that the result of a mono-jet search depends on."""

    counting: CountingConfig = Field(
        default_factory=CountingConfig, description="the counting experiment"
    )

    def with_files(self, files: Mapping[str, Sequence[str]]) -> MonoJetConfig:
        """Copy the configuration with other files in its regions.

        Parameters
        ----------
        files : mapping of part to sequence of str
            "signal_region", "control_region", or "control_region-" and the name of
            one of several.

        Returns
        -------
        MonoJetConfig
        """
        changed: dict[str, Any] = {}
        parts = dict(self.control_regions)
        for name, chosen in files.items():
            update = {"files": tuple(chosen)}
            if name in (SIGNAL_REGION, CONTROL_REGION):
                changed[name] = getattr(self, name).model_copy(update=update)
            else:
                source = name.removeprefix(f"{CONTROL_REGION}-")
                parts[source] = parts[source].model_copy(update=update)
        return self.model_copy(update={**changed, "control_regions": parts})
