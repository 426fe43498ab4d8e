"""Areas under the curve at the points of a signal grid: a table and a map."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.report.figure_svg import INK, draw_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oddjet.report.markup import Html

__all__ = ["GridArea", "area_csv", "area_map", "area_table"]


@dataclass(frozen=True)
class GridArea:
    """How well one signal is told from the background in one plane.

    Attributes
    ----------
    z_prime_mass_gev, r_inv : float
        The signal.
    plane : str
        Such as "SP".
    value, error : float
        Area under the curve and its standard error; NaN where not determined.
    signal_jets : int
    background_events_effective : float
        Events of equal weight that the background is worth.
    reason : str
        Why there is no value; else empty.
    """

    z_prime_mass_gev: float
    r_inv: float
    plane: str
    value: float
    error: float
    signal_jets: int
    background_events_effective: float
    reason: str = ""


def area_csv(areas: Sequence[GridArea]) -> str:
    """Write all areas as CSV, one line each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(GridArea)])
    writer.writerows(astuple(area) for area in areas)
    return text.getvalue()


def area_table(areas: Sequence[GridArea]) -> str:
    """Write all areas as Markdown: a row a mass, a column a fraction, plane by plane.

    Parameters
    ----------
    areas : sequence of GridArea
        A point that is missing stays empty; one without a value is "n. d.".

    Returns
    -------
    str

    Examples
    --------
    >>> areas = [GridArea(1000, r, "SP", 0.9, 0.012, 10, 20.0) for r in (0.3, 0.5)]
    >>> print(area_table(areas), end="")
    | SP: m(Z') [GeV] | r_inv = 0.3 | r_inv = 0.5 |
    | --- | --- | --- |
    | 1000 | 0.900 ± 0.012 | 0.900 ± 0.012 |
    """
    parts = []
    for plane in dict.fromkeys(area.plane for area in areas):
        inside = {
            (area.z_prime_mass_gev, area.r_inv): area
            for area in areas
            if area.plane == plane
        }
        masses, fractions = _axes(list(inside.values()))
        lines = [[f"{plane}: m(Z') [GeV]", *(f"r_inv = {r:g}" for r in fractions)]]
        lines.append(["---"] * len(lines[0]))
        for mass in masses:
            cells = [_cell(inside.get((mass, r))) for r in fractions]
            lines.append([f"{mass:g}", *cells])
        parts.append("".join(f"| {' | '.join(line)} |\n" for line in lines))
    return "\n".join(parts)


def area_map(areas: Sequence[GridArea], plane: str) -> Html:
    """Draw the areas of one plane over mass and invisible fraction.

    Cells are as large as their number allows, whatever the distance of the points;
    each says its value and error. A point without a value stays empty.

    Parameters
    ----------
    areas : sequence of GridArea
        Those of other planes are left out.
    plane : str

    Returns
    -------
    Html
        One <svg> element.

    Raises
    ------
    MissingExtra
        matplotlib or mplhep is not installed.
    """
    inside = [area for area in areas if area.plane == plane]
    masses, fractions = _axes(inside)
    value = np.full((len(fractions), len(masses)), np.nan)
    error = np.full_like(value, np.nan)
    for area in inside:
        place = fractions.index(area.r_inv), masses.index(area.z_prime_mass_gev)
        value[place], error[place] = area.value, area.error

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        # The lower half of the scale means that signal and background are mixed up.
        image = axes.imshow(value, origin="lower", aspect="auto", vmin=0.5, vmax=1.0)
        axes.set_xticks(range(len(masses)), [f"{mass:g}" for mass in masses])
        axes.set_yticks(range(len(fractions)), [f"{r:g}" for r in fractions])
        axes.minorticks_off()
        axes.set_xlabel(r"$m_{Z'}$ [GeV]")
        axes.set_ylabel(r"$r_\mathrm{inv}$")
        for (row, column), number in np.ndenumerate(value):
            if math.isfinite(number):
                text = f"{number:.3f}\n±{error[row, column]:.3f}"
                colour = "black" if number > 0.75 else "white"
                axes.text(column, row, text, ha="center", va="center", color=colour)
            else:
                axes.text(column, row, "n. d.", ha="center", va="center", color=INK)
        figure.colorbar(image, ax=axes, label="area under the curve")

    return draw_svg(
        f"areas-{plane.lower()}",
        draw,
        description=f"Area under the curve of every signal in the plane {plane}",
        height=1.8 + 0.7 * len(fractions),
    )


def _axes(areas: Sequence[GridArea]) -> tuple[list[float], list[float]]:
    masses = sorted({area.z_prime_mass_gev for area in areas})
    return masses, sorted({area.r_inv for area in areas})


def _cell(area: GridArea | None) -> str:
    if area is None:
        return ""
    if not math.isfinite(area.value):
        return "n. d."
    return f"{area.value:.3f} ± {area.error:.3f}"
