"""The control region, weighted to look like the signal region in a few variables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from oddjet.runs.config import ConfigModel
from oddjet.runs.errors import UserError
from oddjet.searches.regions import CONTROL_REGION, spoken
from oddjet.searches.tensors import JetTensors
from oddjet.stats.reweighting import Unsupported, reweighted

__all__ = ["ReweightConfig", "matched_kinematics", "reweighted_control"]

_NAMES = ("jet pT [GeV]", "jet |eta|", "recoil [GeV]")


class ReweightConfig(ConfigModel):
    """Bins at quantiles of the signal region; 1 leaves a variable alone.

    Identified leptons are central, and so are the jets that balance them: of Z(l l) the
    mean |eta| is 5 % below that of Z(nu nu) (bench/check_nulls.py), and the energies of
    the constituents tell a network.
    """

    jet_pt: int = Field(10, ge=1, le=100, description="bins in pT of the hardest jet")
    jet_eta: int = Field(4, ge=1, le=100, description="bins in its |eta|")
    recoil: int = Field(1, ge=1, le=100, description="bins in MET or recoil")
    least_events: int = Field(
        10, ge=1, description="control events that every bin in use must have"
    )


def matched_kinematics(kinematics: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give what regions must agree in for their jets to be alike.

    Parameters
    ----------
    kinematics : float64, shape (events, 3)
        As in `JetTensors`.

    Returns
    -------
    float64, shape (events, 3)
        pT [GeV] and |eta| of the hardest jet, MET or recoil [GeV].
    """
    pt, eta, recoil = kinematics.T
    return np.stack([pt, np.abs(eta), recoil], axis=1)


def reweighted_control(
    control: JetTensors,
    signal: JetTensors,
    config: ReweightConfig,
    *,
    name: str = CONTROL_REGION,
    blinded: bool = False,
) -> JetTensors:
    """Weight control events to the signal region in (jet pT, |eta|, recoil).

    Parameters
    ----------
    control, signal : JetTensors
        With kinematics.
    config : ReweightConfig
    name : str
        Of the control region, for messages.
    blinded : bool
        Say nothing about the signal region in messages.

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
            matched_kinematics(control.kinematics),
            matched_kinematics(signal.kinematics),
            sample_weight=control.weight,
            target_weight=signal.weight,
            bins=(config.jet_pt, config.jet_eta, config.recoil),
            names=_NAMES,
            least_events=config.least_events,
        )
    except ValueError as error:
        reason = _reason(error, control, signal, blinded=blinded)
        message = f"the {spoken(name)} cannot be reweighted: {reason}"
        # A chain would show what a blinded search may not.
        raise UserError(message) from (None if blinded else error)
    return replace(control, weight=weight)


def _reason(
    error: ValueError, control: JetTensors, signal: JetTensors, *, blinded: bool
) -> str:
    if blinded:
        return (
            "it has too few events, or no positive weight, somewhere where the blinded"
            " signal region has events; use fewer bins, or a control region that"
            " reaches further"
        )
    if isinstance(error, Unsupported):
        return str(error)
    return (
        f"the weights of the signal region sum to {signal.weight.sum():g}, its own to"
        f" {control.weight.sum():g}, and both must be positive"
    )
