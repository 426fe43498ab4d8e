"""The configuration of a test of the method's assumption: one YAML file."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from oddjet.runs.config import ConfigModel
from oddjet.searches.tagging_config import TaggingConfig
from oddjet.studies.config import ProcessConfig

__all__ = ["AssumptionConfig", "StrataConfig"]

SampleName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]


class StrataConfig(ConfigModel):
    """Bins at quantiles of both samples, within which jets must be alike.

    Wide bins leave spectra that differ within them for a network to find. Identified
    leptons are central, so control regions differ in |eta|, too.
    """

    jet_pt: int = Field(20, ge=1, le=100, description="bins in pT of the hardest jet")
    jet_eta: int = Field(5, ge=1, le=100, description="bins in its |eta|")
    recoil: int = Field(10, ge=1, le=100, description="bins in MET or recoil")


class AssumptionConfig(TaggingConfig):
    """Can a network tell jets of one sample from those of another? It must not."""

    study: Literal["assumption"] = Field(
        "assumption", description="which study this is"
    )
    seed: int = Field(1, ge=0, description="the one seed of the whole study")
    samples: dict[SampleName, ProcessConfig] = Field(
        min_length=2,
        examples=[
            {"znunu": {"files": []}, "zll": {"files": [], "control": {"leptons": 2}}}
        ],
        description="samples by name, such as Z to neutrinos by MET, and Z to leptons"
        " and W to l nu as control regions",
    )
    comparisons: tuple[tuple[str, str], ...] = Field(
        (), description="pairs of samples; empty: all pairs"
    )
    num_jets: int | None = Field(
        None, ge=20, description="jets of each sample; null: all of them"
    )
    strata: StrataConfig = Field(
        default_factory=StrataConfig,
        description="what the samples may differ in: a search reweights for it",
    )
    tail: float = Field(
        0.01, gt=0, lt=1, description="fraction of highest scores looked at for itself"
    )
    permutations: int = Field(
        1999, ge=99, le=1_000_000, description="of the labels, for each p-value"
    )
    p_value_min: float = Field(
        0.01, gt=0, lt=1, description="samples with a smaller one are told apart"
    )

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Give the pairs of samples to compare."""
        names = list(self.samples)
        return self.comparisons or tuple(
            (first, second)
            for place, first in enumerate(names)
            for second in names[place + 1 :]
        )

    @model_validator(mode="after")
    def _pairs_are_of_samples(self) -> Self:
        for pair in self.comparisons:
            if unknown := [name for name in pair if name not in self.samples]:
                message = (
                    f"must compare samples, which are {', '.join(self.samples)}; got"
                    f" {unknown[0]}"
                )
                raise ValueError(message)
            if pair[0] == pair[1]:
                message = f"must compare two samples, got {pair[0]} twice"
                raise ValueError(message)
        if len(set(map(frozenset, self.comparisons))) < len(self.comparisons):
            message = "must compare two samples only once"
            raise ValueError(message)
        if self.training.scoring == "in_sample":
            message = "must score held-out jets; choose training.scoring k_fold"
            raise ValueError(message)
        least = self._least_permutations()
        if self.permutations < least:
            message = (
                f"must have permutations ({self.permutations}) enough to find a"
                f" difference at p_value_min {self.p_value_min:g}: {least} or more"
            )
            raise ValueError(message)
        return self

    def _least_permutations(self) -> int:
        """Two statistics a fold share p_value_min; none is below 1 / (1 + n)."""
        tests = 2 * self.training.num_scored_folds
        return int(tests / self.p_value_min)
