"""The configuration of a mono-jet search: one YAML file, or the same as objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from oddjet.learn.config import TrainingConfig
from oddjet.learn.models.config import EdgeConvConfig
from oddjet.runs.config import ConfigModel
from oddjet.searches.features_config import FeaturesConfig
from oddjet.searches.regions import RegionConfig
from oddjet.searches.reweighting import ReweightConfig
from oddjet.select.control_region import ControlCuts
from oddjet.select.monojet import MonoJetCuts


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
    scan_efficiencies: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        (),
        description="further fractions to look at; the best one is quoted with its"
        " trial factor, beside the answer",
    )


class MonoJetConfig(ConfigModel):
    """Everything that the result of a mono-jet search depends on."""

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
    selection: MonoJetCuts = Field(
        default_factory=MonoJetCuts, description="region IM1 of ATLAS, arXiv:2102.10874"
    )
    control: ControlCuts | None = Field(
        None,
        description="identified leptons of the control region: the recoil replaces the"
        " missing momentum there; null: both regions have the same selection",
    )
    reweight: ReweightConfig | None = Field(
        None,
        description="weight the control region to look like the signal region in jet"
        " pT, eta and recoil, which leaves no exact test; null: as it is",
    )
    features: FeaturesConfig = Field(
        default_factory=FeaturesConfig, description="what the network sees of a jet"
    )
    network: EdgeConvConfig = Field(
        default_factory=EdgeConvConfig, description="the graph network"
    )
    training: TrainingConfig = Field(
        default_factory=TrainingConfig, description="folds and optimiser"
    )
    counting: CountingConfig = Field(
        default_factory=CountingConfig, description="the counting experiment"
    )

    def with_files(self, files: Mapping[str, Sequence[str]]) -> MonoJetConfig:
        """Copy the configuration with other files in its regions.

        Parameters
        ----------
        files : mapping of region to sequence of str

        Returns
        -------
        MonoJetConfig
        """
        regions = {
            name: getattr(self, name).model_copy(update={"files": tuple(chosen)})
            for name, chosen in files.items()
        }
        return self.model_copy(update=regions)
