"""The control region, weighted to look like the signal region in a few variables."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from oddjet.runs.config import ConfigModel
from oddjet.runs.errors import UserError
from oddjet.searches.tensors import JetTensors
from oddjet.stats.reweighting import Unsupported, reweighted

__all__ = ["ReweightConfig", "reweighted_control"]

_NAMES = ("jet pT [GeV]", "jet eta", "recoil [GeV]")


class ReweightConfig(ConfigModel):
    """Bins at quantiles of the signal region; 1 leaves a variable alone."""

    jet_pt: int = Field(10, ge=1, le=100, description="bins in pT of the hardest jet")
    jet_eta: int = Field(1, ge=1, le=100, description="bins in its eta")
    recoil: int = Field(1, ge=1, le=100, description="bins in MET or recoil")
    least_events: int = Field(
        10, ge=1, description="control events that every bin in use must have"
    )


def reweighted_control(
    control: JetTensors, signal: JetTensors, config: ReweightConfig
) -> JetTensors:
    """Weight control events to the signal region in (jet pT, eta, recoil).

    Parameters
    ----------
    control, signal : JetTensors
        With kinematics.
    config : ReweightConfig

    Returns
    -------
    JetTensors
        The control region with other weights, of the same sum.

    Raises
    ------
    UserError
        The control region has no events where the signal region has some, or weights
        that do not sum to more than zero.
    """
    assert control.kinematics is not None
    assert signal.kinematics is not None
    try:
        weight = reweighted(
            control.kinematics,
            signal.kinematics,
            sample_weight=control.weight,
            target_weight=signal.weight,
            bins=(config.jet_pt, config.jet_eta, config.recoil),
            names=_NAMES,
            least_events=config.least_events,
        )
    except Unsupported as error:
        message = f"the control region cannot be reweighted: {error}"
        raise UserError(message) from error
    except ValueError as error:
        message = (
            "the control region cannot be reweighted: the weights of the signal region"
            f" sum to {signal.weight.sum():g}, those of the control region to"
            f" {control.weight.sum():g}, and both must be positive"
        )
        raise UserError(message) from error
    return replace(control, weight=weight)
