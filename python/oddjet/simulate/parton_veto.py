"""Stop events early whose shower has too few hard partons for the wanted jets."""

from __future__ import annotations

from typing import Any

from oddjet.simulate.cards import PartonCut

__all__ = ["parton_veto"]

#: Positions up to this one: multiparton interactions and showers of the collision.
_INTERLEAVED = 3


def parton_veto(pythia8: Any, cut: PartonCut) -> Any:
    """Make the hook that counts partons amid the parton shower.

    At the scale of the veto the emissions that make jets have happened, while most
    multiparton interactions and the hadronisation, which take most of an event's time,
    are still to come.

    Parameters
    ----------
    pythia8 : module
        pythia8mc.
    cut : PartonCut

    Returns
    -------
    pythia8mc.UserHooks
        To be kept alive as long as Pythia runs. Its `weights` list the weight of every
        event that was looked at, once `pythia` is set to the generator.
    """

    class PartonVeto(pythia8.UserHooks):  # type: ignore[misc]
        """Called by Pythia."""

        def __init__(self) -> None:
            # pybind11 needs the constructor of its class called by name.
            pythia8.UserHooks.__init__(self)
            self.pythia: Any = None
            self.weights: list[float] = []

        def canVetoPT(self) -> bool:
            """Ask for the call."""
            return True

        def scaleVetoPT(self) -> float:
            """Say when to call."""
            return cut.veto_scale_gev

        def doVetoPT(self, position: int, event: Any) -> bool:
            """Decide, once an event: showers of decays ask again."""
            if position > _INTERLEAVED:
                return False
            self.weights.append(self.pythia.infoPython().weight())
            found = 0
            for number in range(5, event.size()):
                particle = event[number]
                if (
                    particle.isFinal()
                    and (particle.isQuark() or particle.isGluon())
                    and particle.pT() > cut.pt_min_gev
                    and abs(particle.eta()) < cut.abs_eta_max
                ):
                    found += 1
                    if found == cut.partons_min:
                        return False
            return True

    return PartonVeto()
