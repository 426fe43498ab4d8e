"""The configuration of a dijet resonance search: one YAML file, or as objects."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from oddjet.learn.classifier_config import ClassifierConfig
from oddjet.runs.config import ConfigModel
from oddjet.searches.table_source import TableSource
from oddjet.select.dijet import DijetCuts
from oddjet.stats.bump_hunt import Window, scan_windows

__all__ = ["DijetConfig", "ScanConfig"]

Efficiency = Annotated[float, Field(gt=0, lt=1)]
Mass = Annotated[float, Field(gt=0)]

TemplateName = Literal["sideband", "salad", "curtains", "cathode", "flow_matching"]

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
    template_preset: Literal["cpu", "published"] = Field(
        "cpu", description="sizes of the models that make templates"
    )
    efficiencies: tuple[Efficiency, ...] = Field(
        (0.1, 0.02), min_length=1, description="data kept in the signal region"
    )
    folds: int = Field(5, ge=3, le=100, description="one scored, one validates")
    seeds: int = Field(10, ge=2, le=1000, description="networks of each fold")
    ensemble: Literal["median", "mean", "first"] = Field(
        "median", description="of the histograms of the seeds"
    )
    classifier: ClassifierConfig = Field(
        default_factory=ClassifierConfig, description="data against template"
    )
    high_sideband_min: float = Field(
        10.0, description="every bin of the high sideband holds more events than this"
    )
    pseudo_experiments: int = Field(
        1000, ge=0, description="for the global p-value; 0: none"
    )

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
        self.scan.windows()
        return self
