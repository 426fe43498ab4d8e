"""Stop events early whose unseen boson is too soft for the MET cut."""

from __future__ import annotations

from typing import Any

from oddjet.simulate.cards import RecoilCut

__all__ = ["boson_pt", "recoil_veto"]


def recoil_veto(pythia8: Any, cut: RecoilCut, *, met_min_gev: float) -> Any:
    """Make the hook that looks at the boson amid the parton shower.

    Below the scale of the veto only soft emissions and the primordial kt still
    change the boson; most multiparton interactions, which take three quarters
    of an event's time, come later.

    Parameters
    ----------
    pythia8 : module
        pythia8mc.
    cut : RecoilCut
    met_min_gev : float
        The MET cut to come.

    Returns
    -------
    pythia8mc.UserHooks
        To be kept alive as long as Pythia runs: Pythia holds its C++ half
        only, and without the Python half the veto is silently never asked.
    """
    pt_min = met_min_gev - cut.boson_pt_margin_gev
    if cut.boson_pdg_id is None:
        message = "recoil_veto: the card names no boson to look at"
        raise ValueError(message)
    pdg_id: int = cut.boson_pdg_id

    class RecoilVeto(pythia8.UserHooks):  # type: ignore[misc]
        """Called by Pythia."""

        def __init__(self) -> None:
            # pybind11 needs the constructor of its class called by name.
            pythia8.UserHooks.__init__(self)

        def canVetoPT(self) -> bool:
            """Ask for the call."""
            return True

        def scaleVetoPT(self) -> float:
            """Say when to call."""
            return cut.veto_scale_gev

        def doVetoPT(self, _position: int, event: Any) -> bool:
            """Decide."""
            return boson_pt(event, pdg_id) < pt_min

    return RecoilVeto()


def boson_pt(event: Any, pdg_id: int) -> float:
    """Transverse momentum of the boson of a 2 -> 2 process [GeV].

    Parameters
    ----------
    event : pythia8mc.Event
        At any stage of the generation.
    pdg_id : int
        Of the boson or of its antiparticle.

    Returns
    -------
    float
    """
    # Entries 5 and 6 are the outgoing particles; emissions add recoiled copies.
    outgoing = event[5] if abs(event[5].id()) == abs(pdg_id) else event[6]
    return float(event[outgoing.iBotCopyId()].pT())
