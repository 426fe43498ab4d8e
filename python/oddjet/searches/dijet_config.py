"""The configuration of a dijet resonance search: one YAML file, or as objects."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from oddjet.learn.classifier_config import ClassifierConfig, TreesConfig
from oddjet.runs.config import ConfigModel
from oddjet.searches.table_source import TableSource
from oddjet.select.dijet import DijetCuts
from oddjet.stats.bump_hunt import Window, scan_windows

__all__ = ["DijetConfig", "InjectionConfig", "ScanConfig", "ValidationConfig"]

Efficiency = Annotated[float, Field(gt=0, lt=1)]
Mass = Annotated[float, Field(gt=0)]

SignalName = Annotated[str, Field(pattern="^[a-z0-9_-]+$")]
TemplateName = Literal[
    "sideband", "salad", "curtains", "cathode", "flow_matching", "lacathode"
]

#: The three sets of the ATLAS search, of both jets.
FEATURE_SETS = {
    "mass": ("mass_1", "mass_2"),
    "mass-tau21": ("mass_1", "mass_2", "tau21_1", "tau21_2"),
    "mass-tau21-tau32": (
        *("mass_1", "mass_2", "tau21_1", "tau21_2"),
        *("tau32_1", "tau32_2"),
    ),
}


class DataConfig(TableSource):
    """The events that are searched."""

    role: Literal["data", "pseudo-data", "mc"] = Field(
        "data", description="data stay blind until --unblind"
    )
    luminosity_pb: float | None = Field(
        None,
        gt=0,
        description="of pseudo-data, from events with weights in pb: they are drawn"
        " [1/pb]",
    )


class ScanConfig(ConfigModel):
    """Overlapping windows in the mass."""

    first_gev: Mass = Field(2600.0, description="where the first window begins [GeV]")
    last_gev: Mass = Field(5000.0, description="where the last window ends [GeV]")
    width_gev: Mass = Field(600.0, description="of a signal region [GeV]")
    step_gev: Mass = Field(300.0, description="from one window to the next [GeV]")
    sideband_gev: Mass = Field(600.0, description="width of each sideband [GeV]")
    num_bins: int = Field(30, ge=6, description="bins over signal region and sidebands")

    def windows(self) -> tuple[Window, ...]:
        """Give the windows; a ValueError where none fits."""
        return scan_windows(
            self.first_gev,
            self.last_gev,
            width_gev=self.width_gev,
            step_gev=self.step_gev,
            sideband_gev=self.sideband_gev,
            num_bins=self.num_bins,
        )


class ValidationConfig(ConfigModel):
    """Samples without signal that are searched before the data."""

    control: TableSource | None = Field(
        None,
        description="events with a larger rapidity difference; of events, by default"
        " those of data that the selection leaves aside",
    )
    control_simulation: TableSource | None = Field(
        None, description="simulation of control, for SALAD; by default likewise"
    )
    simulation: bool = Field(True, description="search enlarged simulation too")
    repeats: int = Field(10, ge=2, description="of samples that are drawn")
    fraction: float = Field(
        0.1, gt=0, le=1, description="of the data that the model of their features sees"
    )
    median_max: float = Field(
        1.0, gt=0, description="a window passes below, with the median significance"
    )
    spread_max: float = Field(
        1.0, gt=0, description="and below this, with the spread of the significances"
    )

    def control_sources(
        self, config: DijetConfig
    ) -> tuple[TableSource | None, TableSource | None]:
        """Give the files of control and of its simulation, None for none."""
        found = []
        for given, default in (
            (self.control, config.data),
            (self.control_simulation, config.simulation),
        ):
            # The events of a table were selected by somebody else.
            usable = default is not None and default.content == "events"
            found.append(given or (default if usable else None))
        return found[0], found[1]


class InjectionConfig(ConfigModel):
    """A signal that is put into the data, in several sizes."""

    signal: TableSource = Field(description="the events of the signal")
    events: tuple[int, ...] = Field(
        (),
        description="selected signal events to inject, for the CLs curve; increasing",
    )
    discovery_sqrt_b: float = Field(
        3.0,
        ge=0,
        description="one more injection, of this times sqrt(B) signal events among B"
        " in the signal region; 0: none",
    )
    events_per_pb: float | None = Field(
        None, gt=0, description="selected events of 1 pb, to give limits in pb"
    )
    slack: float = Field(
        0.01, ge=0, lt=1, description="a CLs curve that rises by more gives no limit"
    )

    @model_validator(mode="after")
    def _increases(self) -> Self:
        sizes = (0, *self.events)
        if any(after <= before for before, after in pairwise(sizes)):
            message = f"events must be positive and increase, got {list(self.events)}"
            raise ValueError(message)
        return self


class DijetConfig(ConfigModel):
    """Resonances in the mass of two jets, found by networks that know no signal.

    The defaults are those of ATLAS, weakly supervised dijet search, 139 fb^-1.
    """

    search: Literal["dijet"] = Field("dijet", description="which search this is")
    seed: int = Field(1, ge=0, description="the one seed of the whole search")
    data: DataConfig = Field(description="the events that are searched")
    simulation: TableSource | None = Field(
        None, description="simulated background, which SALAD reweights"
    )
    selection: DijetCuts = Field(
        default_factory=DijetCuts, description="of events; tables are taken as given"
    )
    mass: str = Field("mass_jj", description="the quantity with the resonance [GeV]")
    collision_energy_gev: Mass = Field(13_000.0, description="sqrt(s)")
    scan: ScanConfig = Field(
        default_factory=ScanConfig, description="where resonances are looked for"
    )
    feature_sets: dict[str, tuple[str, ...]] = Field(
        default_factory=lambda: dict(FEATURE_SETS),
        min_length=1,
        description="inputs of the classifiers; each set is a search of its own",
    )
    templates: tuple[TemplateName, ...] = Field(
        ("curtains", "salad"), min_length=1, description="what data are compared with"
    )
    closure: bool = Field(
        True,
        description="compare every template with data in the sidebands: a classifier"
        " two-sample test, and each feature",
    )
    template_preset: Literal["cpu", "published"] = Field(
        "cpu", description="sizes of the models that make templates"
    )
    efficiencies: tuple[Efficiency, ...] = Field(
        (0.1, 0.02), min_length=1, description="data kept in the signal region"
    )
    folds: int = Field(5, ge=3, le=100, description="one scored, one validates")
    seeds: int = Field(
        10, ge=2, le=1000, description="networks or bags of trees a fold"
    )
    ensemble: Literal["median", "mean", "first"] = Field(
        "median", description="of the histograms of the seeds"
    )
    statistical_error: Literal["poisson", "shared"] = Field(
        "poisson",
        description="of these counts: poisson, as ATLAS, is more than they fluctuate;"
        " shared is what the events that networks share give",
    )
    learner: Literal["networks", "trees"] = Field(
        "networks",
        description="what tells data from template: networks, or gradient-boosted"
        " trees, which lose little to features that say nothing",
    )
    classifier: ClassifierConfig = Field(
        default_factory=ClassifierConfig, description="the networks"
    )
    trees: TreesConfig = Field(
        default_factory=TreesConfig, description="the gradient-boosted trees"
    )
    high_sideband_min: float = Field(
        10.0, description="every bin of the high sideband holds more events than this"
    )
    pseudo_experiments: int = Field(
        1000, ge=0, description="for the global p-value; 0: none"
    )

    validation: ValidationConfig | None = Field(
        None,
        description="samples without signal, and the correction for what they give",
    )
    injections: dict[SignalName, InjectionConfig] = Field(
        default_factory=dict, description="signals by name, for limits"
    )

    @property
    def chosen_classifier(self) -> ClassifierConfig | TreesConfig:
        """Give the configuration of the learner."""
        return self.trees if self.learner == "trees" else self.classifier

    @model_validator(mode="after")
    def _templates_have_what_they_need(self) -> Self:
        if "salad" in self.templates and self.simulation is None:
            message = "must name simulation, which the template salad reweights"
            raise ValueError(message)
        for name, features in self.feature_sets.items():
            if not features or self.mass in features:
                message = (
                    f"must have features other than {self.mass} in feature_sets.{name}"
                )
                raise ValueError(message)
        if self.data.luminosity_pb is not None and self.data.role == "data":
            message = "must have the role pseudo-data in data to be given luminosity_pb"
            raise ValueError(message)
        self.scan.windows()
        return self
