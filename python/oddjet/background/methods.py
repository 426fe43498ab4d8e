"""All background templates behind one call.

A method is a function from a `TemplateTask` to a `Template`, also where a model is
fitted and then sampled: a network must not score what its template was made of, so a
method fits as many models as there are folds, and the two steps are one. What the
networks need is the same for all: `Template.table` in the signal region,
`Template.seen_by(fold)`, and where the data must be carried to the template too,
`Template.spaces`. Tasks and methods can be pickled, to run anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from oddjet.background.cathode import cathode_template, flow_matching_template
from oddjet.background.curtains import curtains_template
from oddjet.background.latent import lacathode_template
from oddjet.background.salad import SALAD_PRESETS, salad_template
from oddjet.background.sideband import sideband_template
from oddjet.background.spectrum import MassSpectrum
from oddjet.background.template import FeatureTable, Template
from oddjet.learn.flows.config import (
    CURTAINS_PRESETS,
    DENSITY_PRESETS,
    FLOW_MATCHING_PRESETS,
)
from oddjet.runs.errors import UserError

__all__ = ["METHODS", "TemplateTask", "make_template"]


@dataclass(frozen=True)
class TemplateTask:
    """What a template is to be made of; a method takes what it needs.

    Attributes
    ----------
    data : FeatureTable
    low_gev, high_gev, sideband_gev : float
        Signal region [low, high) and the width of each sideband.
    seed : int
    preset : "cpu" or "published"
        Sizes of the models and their trainings.
    simulation : FeatureTable, optional
        For SALAD.
    masses : MassSpectrum, optional
        Of the signal region; by default a kernel density of its data.
    copies : int
        Template events for each sideband event, of methods that draw or move.
    ranges : sequence of (low, high) or None, optional
        What a feature can be, such as (0, 1) for tau21; learnt where not given.

    Raises
    ------
    UserError
        Fewer copies than one.
    """

    data: FeatureTable
    low_gev: float
    high_gev: float
    sideband_gev: float
    seed: int
    preset: Literal["cpu", "published"] = "cpu"
    simulation: FeatureTable | None = None
    masses: MassSpectrum | None = None
    copies: int = 4
    ranges: Sequence[tuple[float, float] | None] | None = None

    def __post_init__(self) -> None:
        if self.copies < 1:
            message = f"template: copies must be 1 or more, got {self.copies}"
            raise UserError(message)

    @property
    def region(self) -> dict[str, float]:
        """Give the keywords of the signal region."""
        return {
            "low_gev": self.low_gev,
            "high_gev": self.high_gev,
            "sideband_gev": self.sideband_gev,
        }

    @property
    def sampling(self) -> dict[str, Any]:
        """Give the keywords of methods that draw or move events."""
        return {
            **self.region,
            "seed": self.seed,
            "masses": self.masses,
            "copies": self.copies,
            "ranges": self.ranges,
        }


def _sideband(task: TemplateTask) -> Template:
    return sideband_template(task.data, **task.region)


def _salad(task: TemplateTask) -> Template:
    if task.simulation is None:
        message = "the SALAD template reweights a simulation, and none is given"
        raise UserError(message)
    config = SALAD_PRESETS[task.preset]
    return salad_template(
        task.data, task.simulation, **task.region, seed=task.seed, config=config
    )


def _cathode(task: TemplateTask) -> Template:
    config = DENSITY_PRESETS[task.preset]
    return cathode_template(task.data, **task.sampling, config=config)


def _flow_matching(task: TemplateTask) -> Template:
    config = FLOW_MATCHING_PRESETS[task.preset]
    return flow_matching_template(task.data, **task.sampling, config=config)


def _curtains(task: TemplateTask) -> Template:
    config = CURTAINS_PRESETS[task.preset]
    return curtains_template(task.data, **task.sampling, config=config)


def _lacathode(task: TemplateTask) -> Template:
    config = DENSITY_PRESETS[task.preset]
    given = {name: value for name, value in task.sampling.items() if name != "masses"}
    return lacathode_template(task.data, **given, config=config)


#: Methods by name.
METHODS: dict[str, Callable[[TemplateTask], Template]] = {
    "sideband": _sideband,
    "salad": _salad,
    "cathode": _cathode,
    "curtains": _curtains,
    "flow_matching": _flow_matching,
    "lacathode": _lacathode,
}


def make_template(method: str, task: TemplateTask) -> Template:
    """Make the background template of a signal region.

    Parameters
    ----------
    method : str
        A name in `METHODS`.
    task : TemplateTask

    Returns
    -------
    Template

    Raises
    ------
    UserError
        An unknown method or preset, or what the method refuses.
    """
    if method not in METHODS:
        message = (
            f"the template method must be one of {sorted(METHODS)}, not '{method}'"
        )
        raise UserError(message)
    if task.preset not in DENSITY_PRESETS:
        message = (
            f"the preset must be one of {sorted(DENSITY_PRESETS)}, not '{task.preset}'"
        )
        raise UserError(message)
    return METHODS[method](task)
