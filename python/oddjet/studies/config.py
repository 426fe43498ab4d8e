"""The configuration of studies of mixtures: one YAML file."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from oddjet.runs.config import ConfigModel
from oddjet.searches.tagging_config import TaggingConfig
from oddjet.select.control_region import ControlCuts

__all__ = ["MixturesConfig", "ProcessConfig", "RowConfig", "StudyConfig"]

Fraction = Annotated[float, Field(ge=0, le=1)]


class ProcessConfig(ConfigModel):
    """The simulated events of one process."""

    files: tuple[str, ...] = Field(
        min_length=1, description="files of events or patterns, relative to this file"
    )
    role: Literal["pseudo-data", "mc"] | None = Field(
        None,
        description="pseudo-data or mc, for files that do not say; null: as the files"
        " say, else data, which only control regions may be",
    )
    control: ControlCuts | None = Field(
        None, description="select by identified leptons and recoil; null: by MET"
    )


class RowConfig(ConfigModel):
    """One mixture: a row of the tables of arXiv:2204.11889."""

    name: str = Field(
        min_length=1, pattern=r"^[a-z0-9][a-z0-9_-]*$", description="of the row"
    )
    n_sr: int = Field(ge=2, description="events of the signal region")
    n_cr: int | None = Field(
        None, ge=2, description="events of the control region; null: as many"
    )
    f_sr: Fraction = Field(
        0.0, description="fraction of signal among all events of the signal region"
    )
    f_cr: Fraction = Field(0.0, description="the same in the control region")
    r_sr: dict[str, Fraction] = Field(
        default_factory=dict,
        description="fractions of the background of the signal region, by process; the"
        " rest is the process of that name",
    )
    r_cr: dict[str, Fraction] = Field(
        default_factory=dict, description="the same in the control region"
    )
    permute: bool = Field(
        False, description="true: the labels of the regions are permuted, a null"
    )
    permutations: int = Field(
        0,
        ge=0,
        le=10_000,
        description="how often the labels of the same events are permuted and networks"
        " trained anew, for an exact p-value of every repeat",
    )
    repeats: int = Field(1, ge=1, le=10_000, description="with other draws and seeds")

    def composition(self, region: Literal["sr", "cr"], rest: str) -> dict[str, int]:
        """Count the events of each process in a region.

        Parameters
        ----------
        region : "sr" or "cr"
        rest : str
            The process that fills up the background.

        Returns
        -------
        dict of str to int
            "signal" and every process; they sum to the size of the region.

        Examples
        --------
        >>> row = RowConfig(name="a", n_sr=1000, f_sr=0.01, r_sr={"ttbar": 0.035})
        >>> row.composition("sr", "zjet")
        {'signal': 10, 'ttbar': 35, 'zjet': 955}
        """
        size = self.n_sr if region == "sr" or self.n_cr is None else self.n_cr
        fraction, parts = (
            (self.f_sr, self.r_sr) if region == "sr" else (self.f_cr, self.r_cr)
        )
        signal = round(fraction * size)
        background = size - signal
        counts = {name: round(part * background) for name, part in parts.items()}
        left = background - sum(counts.values())
        return {"signal": signal, **counts, rest: left}


class MixturesConfig(TaggingConfig):
    """Processes that mixtures are made of, each searched as a mono-jet search would."""

    seed: int = Field(1, ge=0, description="the one seed of the whole study")
    signal: ProcessConfig | None = Field(
        None, description="files of the signal, if any row has one"
    )
    background: dict[str, ProcessConfig] = Field(
        min_length=1,
        examples=[{"zjet": {"files": []}}],
        description="processes by name",
    )
    rest: str = Field(
        examples=["zjet"], description="the process that fills up the background"
    )
    control_background: dict[str, ProcessConfig] = Field(
        default_factory=dict,
        description="processes of the control region where they are others than those"
        " of the signal region, such as Z to leptons in place of Z to neutrinos",
    )
    cr_efficiency: float = Field(
        1e-3, gt=0, lt=1, description="fraction of control events above the threshold"
    )

    @model_validator(mode="after")
    def _processes_are_known(self) -> Self:
        if self.rest not in self.background:
            message = (
                f"must have the process {self.rest}, which fills up, among background,"
                f" which are {', '.join(self.background)}"
            )
            raise ValueError(message)
        if unknown := sorted(self.control_background.keys() - self.background.keys()):
            message = (
                f"must name control_background {unknown[0]} after the process of"
                f" background that it stands for ({', '.join(self.background)})"
            )
            raise ValueError(message)
        return self

    def refuse_impossible(self, row: RowConfig) -> None:
        """Raise a ValueError if a row cannot be made of these processes."""
        if self.signal is None and (row.f_sr > 0 or row.f_cr > 0):
            message = f"must name the files of the signal, which row {row.name} has"
            raise ValueError(message)
        for parts in (row.r_sr, row.r_cr):
            if unknown := sorted(parts.keys() - self.background.keys()):
                message = (
                    f"must have the process {unknown[0]} of row {row.name} among"
                    f" background, which are {', '.join(self.background)}"
                )
                raise ValueError(message)
            if sum(parts.values()) > 1 or self.rest in parts:
                message = (
                    f"must leave the fraction of {self.rest} in row {row.name} to"
                    " what the others, at most 1 together, leave"
                )
                raise ValueError(message)

    def processes(self) -> dict[str, ProcessConfig]:
        """Give the processes by the name of the stage that prepares them."""
        found = {f"prepare-{n}": p for n, p in self.background.items()}
        found |= {f"prepare-control-{n}": p for n, p in self.control_background.items()}
        if self.signal is not None:
            found["prepare-signal"] = self.signal
        return found


class StudyConfig(MixturesConfig):
    """Mixtures of simulated processes, each searched as a mono-jet search would."""

    study: Literal["tables"] = Field("tables", description="which study this is")
    rows: tuple[RowConfig, ...] = Field(
        min_length=1,
        examples=[[{"name": "tenth", "n_sr": 20_000, "f_sr": 0.1}]],
        description="the mixtures",
    )

    @model_validator(mode="after")
    def _rows_can_be_made(self) -> Self:
        names = [row.name for row in self.rows]
        for row in self.rows:
            if names.count(row.name) > 1:
                message = f"must have rows of different names; {row.name} appears twice"
                raise ValueError(message)
            self.refuse_impossible(row)
        return self
