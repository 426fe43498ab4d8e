"""oddjet.images: what no orientation of a jet may change."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tolerances
from image_jets import assert_same_but_for_edges, images_of, random_jets

pytestmark = pytest.mark.kernel


def transformed(kind, axes, rows):
    """The same jets after a symmetry of the image."""
    if kind == "azimuth":
        turn = 2.0
        axes = [(eta, wrapped(phi + turn)) for eta, phi in axes]
        rows = [[(pt, e, wrapped(p + turn)) for pt, e, p in jet] for jet in rows]
    elif kind == "boost":
        axes = [(eta + 0.7, phi) for eta, phi in axes]
        rows = [[(pt, e + 0.7, p) for pt, e, p in jet] for jet in rows]
    elif kind == "reflect eta":
        axes = [(-eta, phi) for eta, phi in axes]
        rows = [[(pt, -e, p) for pt, e, p in jet] for jet in rows]
    elif kind == "reflect phi":
        axes = [(eta, -phi) for eta, phi in axes]
        rows = [[(pt, e, -p) for pt, e, p in jet] for jet in rows]
    elif kind == "turn":
        rows = [
            [turned(row, axis, 0.3 + i) for row in jet]
            for i, (axis, jet) in enumerate(zip(axes, rows, strict=True))
        ]
    elif kind == "order":
        rows = [jet[::-1] for jet in rows]
    elif kind == "split":
        rows = [[(pt / 2, e, p) for pt, e, p in jet for _ in range(2)] for jet in rows]
    elif kind == "full turns":
        full = 2 * math.pi
        rows = [
            [(pt, e, p + full * (i % 7 - 3)) for i, (pt, e, p) in enumerate(jet)]
            for jet in rows
        ]
    elif kind == "axis":
        axes = [(eta + 0.1, phi - 0.2) for eta, phi in axes]
    return axes, rows


def turned(row, axis, angle):
    pt, eta, phi = row
    x, y = eta - axis[0], wrapped(phi - axis[1])
    cosine, sine = math.cos(angle), math.sin(angle)
    return pt, axis[0] + cosine * x - sine * y, axis[1] + sine * x + cosine * y


def wrapped(angle):
    return math.remainder(angle, 2 * math.pi)


@pytest.mark.parametrize(
    "kind",
    [
        "azimuth",
        "boost",
        "reflect eta",
        "reflect phi",
        "turn",
        "order",
        "split",
        "full turns",
        "axis",
    ],
)
def test_a_symmetry_changes_no_image(kind):
    axes, rows = random_jets(300)
    one = images_of(axes, rows)
    assert_same_but_for_edges(images_of(*transformed(kind, axes, rows)), one)


def test_the_hardest_quadrant_is_the_first_and_eta_the_longer_axis():
    axes, rows = random_jets(300)
    # An even number of bins, so that pixels lie in one quadrant; nothing outside.
    images = images_of(axes, rows, bins=200, half_width=3.0, normalise=True)
    low, high = slice(0, 100), slice(100, 200)
    first = images[:, high, high].sum(axis=(1, 2))
    for across, up in [(low, high), (high, low), (low, low)]:
        other = images[:, across, up].sum(axis=(1, 2))
        assert np.all(first > other - 10 * tolerances.SINGLE)
    place = np.linspace(-3, 3, 200) ** 2
    along_eta = images.sum(axis=2) @ place
    along_phi = images.sum(axis=1) @ place
    assert np.all(along_eta > along_phi)


def test_pt_is_conserved_within_the_box():
    axes, rows = random_jets(100)
    total = [sum(pt for pt, _, _ in jet) for jet in rows]
    images = images_of(axes, rows, half_width=3.0)
    np.testing.assert_allclose(images.sum(axis=(1, 2), dtype=float), total, rtol=1e-6)
    shares = images_of(axes, rows, half_width=3.0, normalise=True)
    np.testing.assert_allclose(shares.sum(axis=(1, 2), dtype=float), 1.0, rtol=1e-6)
