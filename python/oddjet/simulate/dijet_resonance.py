"""Dijet resonances of any mass and width, to bosons of any masses."""

from __future__ import annotations

from dataclasses import dataclass

from oddjet.runs.errors import UserError
from oddjet.simulate.cards import Card, load_card

__all__ = ["DIJET_RESONANCES", "dijet_resonance_card"]

# Below, two large jets do not hold the products; above, there are no partons left.
_MASS_RANGE_GEV = (1000.0, 8000.0)
# Bosons of less decay to no b quarks; the width of theirs is forced to this [GeV].
_LEAST_BOSON_GEV, _BOSON_WIDTH_GEV = 15.0, 0.1


@dataclass(frozen=True)
class _Resonance:
    """Pythia's codes of a resonance and its two bosons, and its relative width."""

    parent: int
    daughters: tuple[int, int]
    width: float


#: By the name of the card.
DIJET_RESONANCES = {
    "wprime_wz": _Resonance(34, (24, 23), 0.01),
    "wprime_wz_wide": _Resonance(34, (24, 23), 0.1),
    "a0_hz": _Resonance(36, (25, 23), 0.01),
    "hvt_wz": _Resonance(34, (24, 23), 0.026),
}


def dijet_resonance_card(
    process: str,
    *,
    mass_gev: float,
    daughters_gev: tuple[float, float] | None = None,
    width: float | None = None,
) -> Card:
    """Give the card of a dijet resonance.

    Parameters
    ----------
    process : str
        A name in `DIJET_RESONANCES`.
    mass_gev : float
        Of the resonance [GeV], which is produced within half of it.
    daughters_gev : tuple of two float, optional
        Masses of its bosons, the W or Higgs boson first [GeV]; those of the card if
        not given. Their width is 0.1 GeV.
    width : float, optional
        Of the resonance, relative to its mass; that of the card if not given.

    Returns
    -------
    Card
        For `oddjet.simulate.generate.simulate`.

    Raises
    ------
    UserError
        An unknown process, a mass below 1,000 or above 8,000 GeV, a relative width
        outside (0, 0.5), or bosons that are lighter than 15 GeV or heavier than the
        resonance.

    References
    ----------
    ATLAS, "Weakly supervised anomaly detection for resonant new physics in the dijet
    final state", 139 fb^-1: bosons of 80, 200 and 400 GeV, resonances of 3 and 4.5 TeV.

    Examples
    --------
    >>> dijet_resonance_card("a0_hz", mass_gev=4500, daughters_gev=(400, 200)).process
    'a0_hz_4500_400_200'
    """
    if process not in DIJET_RESONANCES:
        message = (
            f"dijet_resonance_card: the process must be one of"
            f" {', '.join(DIJET_RESONANCES)}, got {process!r}"
        )
        raise UserError(message)
    resonance = DIJET_RESONANCES[process]
    relative = resonance.width if width is None else width
    _check(mass_gev, daughters_gev, relative)
    card = load_card(process)
    settings = _mass(resonance.parent, mass_gev, mass_gev / 2, relative * mass_gev)
    name = f"{process}_{mass_gev:g}"
    if daughters_gev is not None:
        for code, mass in zip(resonance.daughters, daughters_gev, strict=True):
            settings += _mass(code, mass, mass / 20, _BOSON_WIDTH_GEV)
        name += "".join(f"_{mass:g}" for mass in daughters_gev)
    if width is not None:
        name += f"_w{width:g}"
    bosons = (
        "" if daughters_gev is None else " ({:g} and {:g} GeV)".format(*daughters_gev)
    )
    return card.model_copy(
        update={
            "process": name,
            "description": f"{process} of {mass_gev:g} GeV{bosons}, 13 TeV",
            # Later settings replace earlier ones.
            "pythia": (*card.pythia, *settings),
        }
    )


def _check(
    mass_gev: float, daughters_gev: tuple[float, float] | None, width: float
) -> None:
    low, high = _MASS_RANGE_GEV
    if not low <= mass_gev <= high:
        message = (
            f"dijet_resonance_card: the mass must be {low:g} to {high:g} GeV, got"
            f" {mass_gev}"
        )
        raise UserError(message)
    if not 0 < width < 0.5:
        message = f"dijet_resonance_card: width must be in (0, 0.5), got {width}"
        raise UserError(message)
    if daughters_gev is not None and not (
        min(daughters_gev) >= _LEAST_BOSON_GEV and sum(daughters_gev) < mass_gev / 2
    ):
        message = (
            f"dijet_resonance_card: the bosons must have {_LEAST_BOSON_GEV:g} GeV or"
            f" more, and less than half of the resonance together, got {daughters_gev}"
        )
        raise UserError(message)


def _mass(code: int, mass: float, margin: float, width: float) -> tuple[str, ...]:
    """Set a mass with its range and a width that does not follow it."""
    # The range first: Pythia moves a mass that is outside it.
    return (
        f"{code}:mMin = {mass - margin:g}",
        f"{code}:mMax = {mass + margin:g}",
        f"{code}:m0 = {mass:g}",
        f"{code}:doForceWidth = on",
        f"{code}:mWidth = {width:g}",
    )
