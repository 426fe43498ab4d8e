"""What the augmentations mean, from the bits of the generator to the momenta."""

from __future__ import annotations

import math

from definitions.kinematics import delta_phi

WORD = 2**32
PURPOSES = {"rotate_events": 0, "rotate_jets": 1, "smear_directions": 2, "smear_pt": 3}

DEVIATIONS = {
    "cms_hcal": lambda pt: math.sqrt((0.050 * pt) ** 2 + 1.50**2 * pt),
    "cms_hcal_literal": lambda pt: math.sqrt(0.052 * pt**2 + 1.502 * pt),
    "atlas_hcal": lambda pt: math.sqrt((0.0302 * pt) ** 2 + 0.5205**2 * pt + 1.59**2),
}


def philox(counter, key):
    """Philox4x32-10 of Salmon et al., SC11: ten rounds of two multiplications."""
    (a, b, c, d), (k, m) = counter, key
    for _ in range(10):
        one, other = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (
            other // WORD ^ b ^ k,
            other % WORD,
            one // WORD ^ d ^ m,
            one % WORD,
        )
        k, m = (k + 0x9E3779B9) % WORD, (m + 0xBB67AE85) % WORD
    return a, b, c, d


def uniforms(purpose, *, seed, copy, event, jet=0, particle=0):
    """Two numbers in (0, 1], of 53 bits each."""
    number = event + 2**48 * jet
    counter = (
        number % WORD,
        number // WORD,
        particle,
        2**8 * copy + PURPOSES[purpose],
    )
    words = philox(counter, (seed % WORD, seed // WORD))
    pairs = (words[0] + WORD * words[1], words[2] + WORD * words[3])
    return tuple((pair // 2**11 + 1) / 2**53 for pair in pairs)


def gaussians(purpose, **place):
    """Two standard Gaussians by Box and Muller."""
    first, second = uniforms(purpose, **place)
    radius, angle = math.sqrt(-2 * math.log(first)), 2 * math.pi * second
    return radius * math.cos(angle), radius * math.sin(angle)


def wrapped(angle):
    return delta_phi(math.remainder(angle, 2 * math.pi), 0.0)


def angle(purpose, **place):
    return 2 * math.pi * uniforms(purpose, **place)[0]


def rotate_event(momentum, **place):
    pt, eta, phi = momentum
    return pt, eta, wrapped(phi + angle("rotate_events", **place))


def rotate_in_jet(momentum, axis, **place):
    """A constituent turned about its jet, at (eta, phi)."""
    pt, eta, phi = momentum
    turn = angle("rotate_jets", **place)
    across, around = eta - axis[0], wrapped(phi - axis[1])
    return (
        pt,
        axis[0] + (math.cos(turn) * across - math.sin(turn) * around),
        wrapped(axis[1] + (math.sin(turn) * across + math.cos(turn) * around)),
    )


def smear_directions(momentum, scale_gev, **place):
    pt, eta, phi = momentum
    if pt == 0.0:
        return momentum
    one, other = gaussians("smear_directions", **place)
    return pt, eta + scale_gev / pt * one, wrapped(phi + scale_gev / pt * other)


def smear_pt(momentum, resolution, **place):
    pt, eta, phi = momentum
    one, _ = gaussians("smear_pt", **place)
    return pt + DEVIATIONS[resolution](pt) * one, eta, phi
