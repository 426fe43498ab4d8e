"""Cards of semi-visible jets: their numbers, and what Pythia makes of them."""

from __future__ import annotations

import re

import awkward as ak
import numpy as np
import pytest

import oddjet
from oddjet.cli.main import main
from oddjet.runs.errors import UserError
from oddjet.simulate.event_record import ChargeTable, flatten
from oddjet.simulate.generator import start_pythia
from oddjet.simulate.svj_grid import simulate_grid, svj_card, svj_grid

MESONS = (4900111, 4900113, 4900211, 4900213)


def channels(card, particle):
    """(branching ratio, mode, products) of a particle."""
    found = []
    for setting in card.pythia:
        match = re.fullmatch(
            rf"{particle}:(?:one|add)Channel = 1 (\S+) (\d+) (.*)", setting
        )
        if match:
            found.append((float(match[1]), int(match[2]), match[3].split()))
    return found


@pytest.mark.parametrize("r_inv", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("dark_mass", [5.0, 20.0])
def test_branching_ratios(r_inv, dark_mass):
    card = svj_card(1500, r_inv, dark_mass_gev=dark_mass)
    for meson in MESONS:
        found = channels(card, meson)
        assert sum(ratio for ratio, *_ in found) == pytest.approx(1.0, abs=1e-6)
        assert all(0 <= ratio <= 1 for ratio, *_ in found)
        invisible = [r for r, _, products in found if products[0] in {"51", "53"}]
        assert invisible == [r_inv]
        heaviest = max(int(products[0]) for _, mode, products in found if mode == 91)
        assert heaviest == (5 if dark_mass == 20 else 4)
    # Vectors are democratic; pseudoscalars follow the heaviest quark.
    vector = [r for r, mode, _ in channels(card, 4900113) if mode == 91]
    assert np.ptp(vector) == 0
    if r_inv < 1:
        scalar = [r for r, mode, _ in channels(card, 4900111) if mode == 91]
        assert scalar[-1] > 0.85 * (1 - r_inv)


def test_the_numbers_of_the_benchmark():
    settings = svj_card(1000, 0.3).pythia
    for setting in (
        "4900023:m0 = 1000",
        "4900023:mMin = 999",
        "4900023:mMax = 1001",
        "HiddenValley:Ngauge = 2",
        "HiddenValley:nFlav = 2",
        "HiddenValley:setLambda = on",
        "HiddenValley:Lambda = 35.1539",
        "4900101:m0 = 10",
        "4900213:m0 = 20",
    ):
        assert setting in settings


def test_the_invisible_fraction_of_the_record():
    """r_inv counted in events: 0.3, and its binomial error."""
    pythia = start_pythia(svj_card(1000, 0.3), seed=1)
    truth = flatten(pythia.nextBatch(30), ChargeTable(pythia)).truth
    hadrons = truth["dark_hadrons"].sum()
    invisible = truth["invisible_dark_hadrons"].sum()
    assert hadrons > 250
    error = np.sqrt(0.3 * 0.7 / hadrons)
    assert abs(invisible / hadrons - 0.3) < 3.5 * error
    assert (truth["invisible_dark_energy"] <= truth["dark_energy"]).all()


def test_a_grid_in_one_command(tmp_path, capsys):
    arguments = ["simulate-grid", "--mass", "900", "--r-inv", "0.2", "--r-inv", "0.6"]
    arguments += ["-n", "2", "-o", str(tmp_path / "grid")]
    assert main(arguments) == 0
    paths = capsys.readouterr().out.split()
    assert len(paths) == 2
    assert paths[1].endswith("svj_schannel_mz900_mdark20_rinv0.6_n2_seed1.parquet")
    events = oddjet.read(paths)
    assert len(events) == 4
    assert ak.all(ak.num(events.particles.pt) > 0)
    cards = svj_grid([900], [0.2, 0.6])
    kept = [(tmp_path / "grid" / path).stat().st_mtime_ns for path in paths]
    again = simulate_grid(cards, num_events=2, seed=1, directory=tmp_path / "grid")
    assert [path.stat().st_mtime_ns for path in again] == kept


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((1000, 1.2), r"r_inv must lie in \[0, 1\], got 1.2"),
        ((60, 0.3), r"below a quarter of the mass of the Z', 15, got 20"),
    ],
)
def test_impossible_points_are_refused(arguments, problem):
    with pytest.raises(UserError, match=problem):
        svj_card(*arguments)
    with pytest.raises(UserError, match="there must be a point, got none"):
        simulate_grid([], num_events=1, seed=1, directory=".")
