"""Heavy Higgs bosons of any mass, to two light ones, to four b quarks."""

from __future__ import annotations

from oddjet.runs.errors import UserError
from oddjet.simulate.cards import Card, load_card

__all__ = ["higgs_pair_card"]

# The masses of two light Higgs bosons, and room for their momenta.
_MASS_RANGE_GEV = (260.0, 5000.0)


def higgs_pair_card(mass_gev: float) -> Card:
    """Give the card of H -> h h -> 4 b at a mass.

    Parameters
    ----------
    mass_gev : float
        Of the heavy CP-even Higgs boson [GeV]; it is produced within a tenth of it.

    Returns
    -------
    Card
        For `oddjet.simulate.generate.simulate`.

    Raises
    ------
    UserError
        A mass below 260 or above 5,000 GeV.

    References
    ----------
    F.-Y. Hsieh, note "CWoLa" (unpublished), section 1: 300 to 1200 GeV.

    Examples
    --------
    >>> higgs_pair_card(1000).process
    'higgs_pair_1000'
    """
    low, high = _MASS_RANGE_GEV
    if not low <= mass_gev <= high:
        message = (
            f"higgs_pair_card: the mass must be {low:g} to {high:g} GeV, got {mass_gev}"
        )
        raise UserError(message)
    card = load_card("higgs_pair_500")
    settings = (
        f"35:m0 = {mass_gev:g}",
        f"35:mMin = {max(0.9 * mass_gev, 251.0):g}",
        f"35:mMax = {1.1 * mass_gev:g}",
    )
    return card.model_copy(
        update={
            "process": f"higgs_pair_{mass_gev:g}",
            "description": card.description.replace("500 GeV", f"{mass_gev:g} GeV"),
            # Later settings replace earlier ones.
            "pythia": (*card.pythia, *settings),
        }
    )
