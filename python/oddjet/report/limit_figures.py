"""The figures of limits on a signal grid, and what they exclude."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.report.figure_svg import (
    ACCENT,
    INK,
    PROCESS_COLORS,
    draw_svg,
    has_contour,
    legend_above,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oddjet.report.markup import Html
    from oddjet.stats.exclusion import GridPoint

__all__ = ["exclusion_figure", "limit_figure"]


def limit_figure(points: Sequence[GridPoint]) -> Html:
    """Draw the limit against the mass, with expected bands, at one invisible fraction.

    Parameters
    ----------
    points : sequence of GridPoint
        Of one r_inv; those without a limit leave a gap.

    Returns
    -------
    Html
        One <svg> element.

    Raises
    ------
    ValueError
        Points of several r_inv, or none with an expected limit.
    """
    here = sorted(points, key=lambda point: point.mass_gev)
    bands = np.array(
        [point.limit.expected or [np.nan] * 5 for point in here], np.float64
    )
    if len({point.r_inv for point in here}) != 1 or not np.isfinite(bands).any():
        message = "limit_figure: points of one r_inv with an expected limit are needed"
        raise ValueError(message)
    mass = np.array([point.mass_gev for point in here])
    observed = np.array(
        [np.nan if p.limit.observed is None else p.limit.observed for p in here]
    )

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        axes.fill_between(
            mass, bands[:, 0], bands[:, 4], color=PROCESS_COLORS[2], label="2 s.d."
        )
        axes.fill_between(
            mass, bands[:, 1], bands[:, 3], color=PROCESS_COLORS[1], label="1 s.d."
        )
        axes.plot(mass, bands[:, 2], color=INK, linestyle="--", label="expected")
        if np.isfinite(observed).any():
            axes.plot(mass, observed, color=INK, marker="o", label="observed")
        axes.axhline(1.0, color=ACCENT, linewidth=1.2)
        axes.set_yscale("log")
        axes.set_xlabel(r"$m_{Z'}$ [GeV]")
        axes.set_ylabel(r"95 % CL upper limit on $\mu$")
        legend_above(axes)

    description = f"Upper limits against the mass at r_inv = {here[0].r_inv:g}"
    return draw_svg(f"limits-{here[0].r_inv:g}", draw, description=description)


def exclusion_figure(points: Sequence[GridPoint]) -> Html:
    """Draw the limits over mass and invisible fraction, and what they exclude.

    Parameters
    ----------
    points : sequence of GridPoint
        A full grid of two masses and two r_inv or more.

    Returns
    -------
    Html
        One <svg> element; lines where observed and expected limit are 1.

    Raises
    ------
    ValueError
        Points that are no such grid.
    """
    masses, fractions, observed, expected = _limit_maps(points)
    limits = (("observed", "-", observed), ("expected", "--", expected))

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        mesh = axes.pcolormesh(
            masses,
            fractions,
            expected if observed.mask.all() else observed,
            cmap="viridis",
            shading="nearest",
            rasterized=True,
        )
        figure.colorbar(mesh, ax=axes, label=r"$\log_{10}$ of the limit on $\mu$")
        for name, style, values in limits:
            if has_contour(values.filled(np.nan), 0.0):
                axes.contour(
                    masses, fractions, values, levels=[0.0], colors=[ACCENT],
                    linestyles=[style],
                )  # fmt: skip
                axes.plot([], [], color=ACCENT, linestyle=style, label=name)
        axes.set_xlabel(r"$m_{Z'}$ [GeV]")
        axes.set_ylabel(r"$r_\mathrm{inv}$")
        if axes.get_legend_handles_labels()[0]:
            legend_above(axes)

    return draw_svg(
        "exclusion", draw, description="Limits over mass and invisible fraction"
    )


def _limit_maps(
    points: Sequence[GridPoint],
) -> tuple[list[float], list[float], Any, Any]:
    """Give masses, r_inv, and log10 of observed and median limits, masked if absent."""
    masses = sorted({point.mass_gev for point in points})
    fractions = sorted({point.r_inv for point in points})
    shape = (len(fractions), len(masses))
    if min(shape) < 2 or len(points) != shape[0] * shape[1]:
        message = (
            f"exclusion_figure: {len(points)} points are no grid of {len(masses)} "
            f"masses and {len(fractions)} r_inv"
        )
        raise ValueError(message)
    observed, expected = np.full((2, *shape), np.nan)
    for point in points:
        place = fractions.index(point.r_inv), masses.index(point.mass_gev)
        if point.limit.observed is not None:
            observed[place] = np.log10(point.limit.observed)
        if point.limit.expected is not None:
            expected[place] = np.log10(point.limit.expected[2])
    return (
        masses,
        fractions,
        np.ma.masked_invalid(observed),
        np.ma.masked_invalid(expected),
    )
