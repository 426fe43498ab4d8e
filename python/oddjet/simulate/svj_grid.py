"""Semi-visible jets of the CMS s-channel benchmark, at any point of its grid.

A leptophobic Z' decays to two dark quarks of a dark SU(2) with two flavours; they
hadronise to dark mesons of one mass, of which a fraction r_inv is invisible.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from oddjet.runs.errors import UserError
from oddjet.simulate.cards import Card
from oddjet.simulate.generate import simulate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from oddjet.runs.progress import Progress

__all__ = ["dark_confinement_scale", "simulate_grid", "svj_card", "svj_grid"]

_COLOURS, _FLAVOURS = 2, 2
#: PDG masses [GeV]: of the kinematics, and MS-bar at the given scale for couplings.
_POLE = {1: 0.33, 2: 0.33, 3: 0.5, 4: 1.5, 5: 4.8}
_MS_BAR = {1: (0.0047, 2.0), 2: (0.0022, 2.0), 3: (0.093, 2.0), 4: (1.27, 1.27)}
_MS_BAR |= {5: (4.18, 4.18)}
#: One loop with five flavours, alpha_s(m_Z) = 0.118.
_ALPHA_Z, _M_Z, _BETA = 0.118, 91.188, 23 / (12 * math.pi)


def dark_confinement_scale(dark_mass_gev: float) -> float:
    """Give the scale of dark confinement at which the benchmark is most dark-QCD-like.

    Parameters
    ----------
    dark_mass_gev : float
        Of the dark mesons.

    Returns
    -------
    float
        3.2 m^0.8 [GeV].

    References
    ----------
    CMS, arXiv:2112.11125, section 2 (its alpha_dark "peak").

    Examples
    --------
    >>> round(dark_confinement_scale(20.0), 2)
    35.15
    """
    return 3.2 * math.pow(dark_mass_gev, 0.8)


def svj_card(
    z_prime_mass_gev: float, r_inv: float, *, dark_mass_gev: float = 20.0
) -> Card:
    """Make the card of one point of the grid.

    Each of the four dark mesons decays to invisible particles with probability r_inv,
    else to quarks: vectors to all that are light enough alike, pseudoscalars in
    proportion to the square of the quark's running mass.

    Parameters
    ----------
    z_prime_mass_gev : float
    r_inv : float
        In [0, 1].
    dark_mass_gev : float
        Of the dark mesons; dark quarks have half of it.

    Returns
    -------
    Card
        Its events are written whatever their missing momentum.

    Raises
    ------
    UserError
        r_inv outside [0, 1], dark mesons too light for quark pairs or a Z' too light
        for dark mesons.

    References
    ----------
    CMS, arXiv:2112.11125, section 2.

    Examples
    --------
    >>> svj_card(1000, 0.3).process
    'svj_schannel_mz1000_mdark20_rinv0.3'
    """
    if not 0 <= r_inv <= 1:
        message = f"svj_card: r_inv must lie in [0, 1], got {r_inv:g}"
        raise UserError(message)
    if not 2 < dark_mass_gev < z_prime_mass_gev / 4:
        message = (
            "svj_card: dark_mass_gev must be above 2 and below a quarter of the mass "
            f"of the Z', {z_prime_mass_gev / 4:g}, got {dark_mass_gev:g}"
        )
        raise UserError(message)
    name = f"svj_schannel_mz{z_prime_mass_gev:g}_mdark{dark_mass_gev:g}_rinv{r_inv:g}"
    return Card(
        process=name,
        description=(
            f"f fbar -> Z' ({z_prime_mass_gev:g} GeV) -> dark quarks -> semi-visible "
            f"jets, r_inv {r_inv:g}, 13 TeV"
        ),
        met_min_gev=0,
        block_events=500,
        pythia=(
            *_mediator(z_prime_mass_gev),
            *_dark_sector(dark_mass_gev),
            *_meson_decays(dark_mass_gev, r_inv),
            # As in the other cards: what flies further than 10 mm meets the detector.
            "ParticleDecays:limitTau0 = on",
            "ParticleDecays:tau0Max = 10",
        ),
    )


def svj_grid(
    z_prime_masses_gev: Iterable[float],
    r_invs: Iterable[float],
    *,
    dark_mass_gev: float = 20.0,
) -> list[Card]:
    """Make the cards of every pair of mass and invisible fraction.

    Parameters
    ----------
    z_prime_masses_gev, r_invs : iterable of float
    dark_mass_gev : float

    Returns
    -------
    list of Card
        Masses in the outer order.

    Raises
    ------
    UserError
        As `svj_card`.

    Examples
    --------
    >>> [card.process for card in svj_grid([800, 1000], [0.3])]
    ['svj_schannel_mz800_mdark20_rinv0.3', 'svj_schannel_mz1000_mdark20_rinv0.3']
    """
    fractions = list(r_invs)
    return [
        svj_card(mass, fraction, dark_mass_gev=dark_mass_gev)
        for mass in z_prime_masses_gev
        for fraction in fractions
    ]


def simulate_grid(
    cards: Sequence[Card],
    *,
    num_events: int,
    seed: int,
    directory: Path | str,
    jobs: int = 1,
    progress: Progress | None = None,
) -> list[Path]:
    """Simulate every point of a grid, one file a point.

    A file that is there is kept: an interrupted grid goes on where it was.

    Parameters
    ----------
    cards : sequence of Card
        From `svj_grid`.
    num_events : int
        Events in each file, >= 1.
    seed : int
        Points differ by their names: one seed serves all.
    directory : Path or str
        Made if it is not there.
    jobs : int
        Processes, as in `simulate`.
    progress : Progress, optional

    Returns
    -------
    list of Path
        In the order of the cards.

    Raises
    ------
    MissingExtra, UserError
        As `simulate`; or no card.
    """
    if not cards:
        message = "simulate_grid: there must be a point, got none"
        raise UserError(message)
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for card in cards:
        name = f"{card.process}_n{num_events}_seed{seed}.parquet"
        path = folder / name
        if not path.exists():
            simulate(
                card,
                num_events=num_events,
                seed=seed,
                path=path,
                jobs=jobs,
                progress=progress,
            )
        paths.append(path)
    return paths


def _mediator(mass_gev: float) -> tuple[str, ...]:
    return (
        "Beams:eCM = 13000",
        "HiddenValley:ffbar2Zv = on",
        f"4900023:m0 = {mass_gev:g}",
        f"4900023:mMin = {mass_gev - 1:g}",
        f"4900023:mMax = {mass_gev + 1:g}",
        "4900023:mWidth = 0.01",
        # The quarks that make it can also be its decays; those are not generated.
        "4900023:oneChannel = 1 0.982 102 4900101 -4900101",
        *(f"4900023:addChannel = 1 0.003 102 {q} -{q}" for q in range(1, 7)),
        "4900023:onMode = off",
        "4900023:onIfAny = 4900101",
    )


def _dark_sector(dark_mass_gev: float) -> tuple[str, ...]:
    heavy = (*range(4900001, 4900007), *range(4900011, 4900017))
    mesons = (4900111, 4900113, 4900211, 4900213)
    return (
        # Mediators of other models, out of reach.
        *(f"{code}:m0 = 50000" for code in heavy),
        f"HiddenValley:Ngauge = {_COLOURS}",
        f"HiddenValley:nFlav = {_FLAVOURS}",
        "HiddenValley:spinFv = 0",
        "HiddenValley:FSR = on",
        "HiddenValley:fragment = on",
        "HiddenValley:alphaOrder = 1",
        # Without setLambda Pythia ignores Lambda and says nothing.
        "HiddenValley:setLambda = on",
        f"HiddenValley:Lambda = {dark_confinement_scale(dark_mass_gev):.6g}",
        "HiddenValley:probVector = 0.75",
        f"4900101:m0 = {dark_mass_gev / 2:g}",
        *(f"{code}:m0 = {dark_mass_gev:g}" for code in mesons),
        "51:m0 = 0",
        "51:isResonance = false",
        "53:m0 = 0",
        "53:isResonance = false",
    )


def _meson_decays(dark_mass_gev: float, r_inv: float) -> tuple[str, ...]:
    quarks = [q for q, mass in _POLE.items() if 2 * mass < dark_mass_gev]
    democratic = {q: 1 / len(quarks) for q in quarks}
    squares = {q: _running_mass(q, dark_mass_gev) ** 2 for q in quarks}
    by_mass = {q: square / sum(squares.values()) for q, square in squares.items()}
    settings: list[str] = []
    for mesons, dark_matter, shares in (
        ((4900111, 4900211), 51, by_mass),
        ((4900113, 4900213), 53, democratic),
    ):
        for meson in mesons:
            settings.append(
                f"{meson}:oneChannel = 1 {r_inv:.8g} 0 {dark_matter} -{dark_matter}"
            )
            # Mode 91 gives the quarks their own shower and hadronisation.
            settings += [
                f"{meson}:addChannel = 1 {(1 - r_inv) * share:.8g} 91 {q} -{q}"
                for q, share in shares.items()
            ]
    return tuple(settings)


def _running_mass(quark: int, scale_gev: float) -> float:
    """Give the MS-bar mass at a scale [GeV], at one loop with five flavours."""
    mass, at = _MS_BAR[quark]
    return mass * math.pow(_alpha_s(scale_gev) / _alpha_s(at), 12 / 23)


def _alpha_s(scale_gev: float) -> float:
    return _ALPHA_Z / (1 + _BETA * _ALPHA_Z * 2 * math.log(scale_gev / _M_Z))
