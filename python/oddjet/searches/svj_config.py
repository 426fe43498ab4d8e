"""The configuration of a search for semi-visible jets: one YAML file, or as objects."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from oddjet.learn.abcd_config import AbcdTrainingConfig
from oddjet.learn.config import TrainingConfig
from oddjet.learn.models.lund_config import LundNetConfig
from oddjet.runs.config import ConfigModel
from oddjet.searches.lund_config import LundTraining
from oddjet.searches.signal_grid import SignalPoint
from oddjet.searches.table_source import TableSource
from oddjet.select.svj import SvjCuts
from oddjet.stats.abcd_scan import WorkingPointRules

__all__ = [
    "BackgroundConfig",
    "DataConfig",
    "SignalPointConfig",
    "SplitConfig",
    "SvjConfig",
    "TaggerConfig",
    "UncertaintiesConfig",
]

Relative = Annotated[float, Field(ge=0, le=10)]

#: What the networks of the talk see, besides the scores of the jets.
FEATURES = (
    *("met", "met_phi", "transverse_ratio", "delta_phi_min", "delta_phi_jets"),
    *("delta_phi_leading", "delta_phi_subleading", "balance_jets"),
    *("balance_leading", "balance_subleading"),
)


class BackgroundConfig(TableSource):
    """The simulated events of one background process, with weights in picobarn."""

    scale: float = Field(
        1.0,
        gt=0,
        description="factor on all weights: 1/n for n samples that each sum to the"
        " cross section",
    )
    uncertainty: Relative = Field(
        0.0,
        description="relative, of its cross section: what the prediction owes to the"
        " shares of processes that do not close alone",
    )


class SignalPointConfig(SignalPoint, TableSource):
    """One point of the signal grid."""

    cross_section_pb: float = Field(
        1.0,
        gt=0,
        description="of all events of the files, selected or not [pb]: limits on mu"
        " are relative to it",
    )


class DataConfig(TableSource):
    """What was recorded."""

    role: Literal["data", "pseudo-data"] = Field(
        "data",
        description="data: only the validation plane is looked at until --unblind",
    )


class TaggerConfig(ConfigModel):
    """LundNet, trained on the fat jets of the simulated events."""

    network: LundNetConfig = Field(
        default_factory=LundNetConfig,
        description="the network and its trees; lundnet_5, lundnet_3 and cms name the"
        " published ones",
    )
    training: LundTraining = Field(
        default_factory=TrainingConfig.lund_net,
        description="folds and optimiser; what is left out is as for LundNet",
    )


class SplitConfig(ConfigModel):
    """Shares of the simulated events; copies of an event stay together."""

    train: float = Field(0.4, gt=0, lt=1, description="the two networks learn from")
    scan: float = Field(0.2, gt=0, lt=1, description="choose the working point")

    @property
    def test(self) -> float:
        """What is left, of which everything is quoted."""
        return 1 - self.train - self.scan

    @model_validator(mode="after")
    def _something_is_left(self) -> Self:
        if not self.test > 0.01:
            message = "must leave events to quote results of: train + scan < 0.99"
            raise ValueError(message)
        return self


class UncertaintiesConfig(ConfigModel):
    """Relative uncertainties of the limits."""

    luminosity: Relative = Field(0.016, description="of every signal")
    acceptance: Relative = Field(0.1, description="of every signal")
    non_closure_min: Relative = Field(
        0.02,
        description="of the prediction in every bin, at least; else what found over"
        " predicted misses in simulation there, or its statistical error, the larger",
    )


class SvjConfig(ConfigModel):
    """Semi-visible jets with a background predicted by two learnt scores.

    J. Janik et al., talk, 12 Jan 2026 (CMS, Run-2 scouting).
    """

    search: Literal["svj"] = Field("svj", description="which search this is")
    seed: int = Field(1, ge=0, description="the one seed of the whole search")
    luminosity_ifb: float = Field(
        138.0, gt=0, description="of the data, or that results are for [1/fb]"
    )
    background: dict[str, BackgroundConfig] = Field(
        min_length=1,
        examples=[{"qcd": {"files": [], "uncertainty": 0.2}}],
        description="simulated processes by name",
    )
    signal: tuple[SignalPointConfig, ...] = Field(
        min_length=1,
        examples=[
            [
                {
                    "z_prime_mass_gev": 1500,
                    "r_inv": 0.3,
                    "cross_section_pb": 0.2,
                    "files": [],
                }
            ]
        ],
        description="points of the grid; each has the same weight in trainings",
    )
    data: DataConfig | None = Field(None, description="recorded events; null: none")
    selection: SvjCuts = Field(
        default_factory=SvjCuts,
        description="of events; tables are taken as given, and split into planes",
    )
    tagger: TaggerConfig | None = Field(
        default_factory=TaggerConfig,
        description="LundNet, whose scores of both jets are features; null: none, for"
        " an answer in minutes or for tables that hold scores",
    )
    features: tuple[str, ...] = Field(
        FEATURES, min_length=1, description="what the networks X and Y see"
    )
    mass_edges_gev: tuple[float, ...] = Field(
        (650.0, 800.0, 1000.0, 1250.0, 1600.0, 2000.0, 2600.0, 4000.0),
        min_length=2,
        description="edges of the bins of M_T",
    )
    split: SplitConfig = Field(
        default_factory=SplitConfig, description="who sees which simulated events"
    )
    non_closure_max: float = Field(
        0.05, gt=0, lt=1, description="what targets by rule are derived from"
    )
    terms: Literal["rule", "given"] = Field(
        "rule",
        description="rule: decorrelation of X, Y, M_T and delta eta, and closure in"
        " both planes, with the targets that non_closure_max asks for and the sample"
        " can show; given: training.decorrelate and training.closure as they are",
    )
    training: AbcdTrainingConfig = Field(
        default_factory=AbcdTrainingConfig, description="of X and Y"
    )
    scan: WorkingPointRules = Field(
        default_factory=WorkingPointRules, description="of the cuts on X and Y"
    )
    scan_variances: Literal["asimov", "simulation"] = Field(
        "asimov",
        description="asimov: errors that data of this luminosity have, as in the talk;"
        " simulation: those of the weighted events, where they are fewer than the data"
        " (a p-value then measures luck too: ask for less of it)",
    )
    uncertainties: UncertaintiesConfig = Field(
        default_factory=UncertaintiesConfig, description="of the limits"
    )
    toys: int = Field(0, ge=0, description="pseudo-experiments that check every limit")

    @model_validator(mode="after")
    def _names_are_usable(self) -> Self:
        names = [point.name for point in self.signal]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            message = f"must name each point of the grid once; {twice[0]} comes twice"
            raise ValueError(message)
        for name in self.background:
            if not name.isidentifier() or name != name.lower() or name == "total":
                message = (
                    "must name processes of background by lower-case letters, digits "
                    f"and _, none of them total; got {name!r}"
                )
                raise ValueError(message)
        plain = all(name.split() == [name] for name in self.features)
        if not plain or len(set(self.features)) < len(self.features):
            message = (
                "must name each of features once and without spaces, for the model"
                f" file, got {list(self.features)}"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _training_fits(self) -> Self:
        if not np.all(np.diff(self.mass_edges_gev) > 0):
            message = f"must ascend in mass_edges_gev, got {list(self.mass_edges_gev)}"
            raise ValueError(message)
        if self.training.y_variable is not None:
            message = "must leave training.y_variable empty: Y is a network here"
            raise ValueError(message)
        given = self.training.decorrelate or self.training.closure
        if self.terms == "rule" and (given or self.training.method != "multipliers"):
            message = (
                "must have terms: given where training.decorrelate, training.closure or"
                " training.method say what is asked for"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _tagger_fits(self) -> Self:
        if self.tagger and self.tagger.training.scoring != "k_fold":
            message = (
                "must have tagger.training.scoring: k_fold, so that every event has a"
                " score of networks that have not seen it"
            )
            raise ValueError(message)
        samples: list[TableSource] = [*self.background.values(), *self.signal]
        samples += [self.data] if self.data else []
        if self.tagger and any(each.content == "table" for each in samples):
            message = (
                "must have tagger: null where files are tables, without particles;"
                " scores can be columns of them, named in features"
            )
            raise ValueError(message)
        return self
