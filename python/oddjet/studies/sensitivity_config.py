"""The configuration of a sensitivity curve: one YAML file."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from oddjet.studies.config import MixturesConfig, RowConfig

__all__ = ["SensitivityConfig"]

Fraction = Annotated[float, Field(ge=0, le=1)]


class SensitivityConfig(MixturesConfig):
    """How much signal a search needs: injections of rising size, with repeats."""

    study: Literal["sensitivity"] = Field(
        "sensitivity", description="which study this is"
    )
    n_sr: int = Field(
        ge=2,
        examples=[20_000],
        description="events of the signal region, signal included",
    )
    n_cr: int | None = Field(
        None, ge=2, description="events of the control region; null: as many"
    )
    r_sr: dict[str, Fraction] = Field(
        default_factory=dict,
        description="fractions of the background of the signal region, by process; the"
        " rest is the process of that name",
    )
    r_cr: dict[str, Fraction] = Field(
        default_factory=dict, description="the same in the control region"
    )
    injected: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        min_length=2,
        examples=[[0, 100, 200, 400, 800]],
        description="numbers of signal events N_A to inject",
    )
    repeats: int = Field(5, ge=1, le=1000, description="draws and seeds of each")
    levels: tuple[Annotated[float, Field(gt=0, le=40)], ...] = Field(
        (3.0, 5.0), min_length=1, description="significances to reach [sigma]"
    )

    @property
    def rows(self) -> tuple[RowConfig, ...]:
        """Give one row of a table for each number of injected events."""
        return tuple(
            RowConfig(
                name=f"injected-{number}",
                n_sr=self.n_sr,
                n_cr=self.n_cr,
                f_sr=number / self.n_sr,
                r_sr=self.r_sr,
                r_cr=self.r_cr,
                repeats=self.repeats,
            )
            for number in self.injected
        )

    @model_validator(mode="after")
    def _injections_can_be_made(self) -> Self:
        if list(self.injected) != sorted(set(self.injected)):
            message = "must have rising numbers of injected events, none of them twice"
            raise ValueError(message)
        if self.injected[-1] > self.n_sr:
            message = (
                f"must inject no more events ({self.injected[-1]}) than the signal"
                f" region has (n_sr: {self.n_sr})"
            )
            raise ValueError(message)
        for row in self.rows:
            self.refuse_impossible(row)
        return self
