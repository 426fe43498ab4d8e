"""What a jet image is: one constituent, and one step, at a time."""

from __future__ import annotations

import math

import numpy as np

from definitions.kinematics import delta_phi


def mean(points, which):
    """Of a coordinate, weighted with pt; sums in order, so that they round alike."""
    total = weight = 0.0
    for pt, *point in points:
        total += pt * point[which]
        weight += pt
    return total / weight


def centered(points):
    eta, phi = mean(points, 0), mean(points, 1)
    return [(pt, x - eta, y - phi) for pt, x, y in points]


def second_moments(points):
    products = [(pt, x * x, y * y, x * y) for pt, x, y in points]
    return [mean(products, which) for which in range(3)]


def principal_axis(points):
    """Cosine and sine of its angle a: tan(2 a) = 2 <xy> / (<xx> - <yy>).

    By half-angle formulae, of which each branch avoids cancellation.
    """
    xx, yy, xy = second_moments(points)
    length = math.sqrt((xx - yy) * (xx - yy) + 4.0 * (xy * xy))
    if length == 0.0:
        return 1.0, 0.0
    cosine_twice, sine_twice = (xx - yy) / length, 2.0 * xy / length
    if cosine_twice >= 0.0:
        cosine = math.sqrt(0.5 * (1.0 + cosine_twice))
        return cosine, 0.5 * sine_twice / cosine
    sine = math.copysign(math.sqrt(0.5 * (1.0 - cosine_twice)), sine_twice)
    return 0.5 * sine_twice / sine, sine


def eigenvector(points):
    """The same axis, with either sign, from linear algebra."""
    xx, yy, xy = second_moments(points)
    return tuple(np.linalg.eigh([[xx, xy], [xy, yy]]).eigenvectors[:, 1])


def rotated(points, axis):
    cosine, sine = axis(points)
    return [(pt, cosine * x + sine * y, cosine * y - sine * x) for pt, x, y in points]


def flipped(points):
    """The hardest quadrant, the first of equals in this order, to (+, +)."""
    quadrants = dict.fromkeys([(1, 1), (-1, 1), (1, -1), (-1, -1)], 0.0)
    for pt, x, y in points:
        quadrants[-1 if x < 0 else 1, -1 if y < 0 else 1] += pt
    across, up = max(quadrants, key=quadrants.get)
    return [(pt, across * x, up * y) for pt, x, y in points]


def pixel(coordinate, bins, half_width):
    """Index of the pixel, each with its lower edge; None outside."""
    index = (coordinate + half_width) * (bins / (2.0 * half_width))
    return int(index) if 0.0 <= index < bins else None


def jet_image(
    jet,
    constituents,
    *,
    bins=75,
    half_width=1.0,
    center=True,
    rotate=True,
    flip=True,
    normalise=False,
    axis=principal_axis,
):
    """Image (eta, phi) of a jet at (eta, phi) and constituents (pt, eta, phi)."""
    image = np.zeros((bins, bins))
    points = [
        (pt, eta - jet[0], delta_phi(math.remainder(phi - jet[1], 2 * math.pi), 0.0))
        for pt, eta, phi in constituents
        if pt > 0.0
    ]
    if not points:
        return image.astype(np.float32)
    if center:
        points = centered(points)
    if rotate:
        points = rotated(points, axis)
    if flip:
        points = flipped(points)
    total = 0.0
    for pt, eta, phi in points:
        row, column = pixel(eta, bins, half_width), pixel(phi, bins, half_width)
        if row is not None and column is not None:
            image[row, column] += pt
        total += pt
    return (image / total if normalise else image).astype(np.float32)
