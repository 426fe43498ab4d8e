"""Jet images as a colleague at home in NumPy writes them: flat arrays, bincount.

The definition of `oddjet.jet_images`. Jets go in blocks that stay in the cache, sums
over constituents are bincounts, and of each image only the pixels that were hit are
written, into memory that is zero already. `dense` writes whole blocks of images as
bincount gives them, which is what one would write first and takes longer.
"""

from __future__ import annotations

import awkward as ak
import numpy as np

JETS_PER_BLOCK = 200


def flat_numpy_images(jets, *, bins=75, half_width=1.0, dense=False):
    """Images (jets, eta, phi) of a list of jets with constituents."""
    constituents = jets.constituents
    count = ak.to_numpy(ak.num(constituents))
    pt, eta, phi = (
        ak.to_numpy(ak.flatten(constituents[name])) for name in ("pt", "eta", "phi")
    )
    jet_eta, jet_phi = ak.to_numpy(jets.eta), ak.to_numpy(jets.phi)
    images = np.zeros((len(jets), bins * bins), np.float32)
    offsets = np.concatenate([[0], np.cumsum(count)])
    for first in range(0, len(jets), JETS_PER_BLOCK):
        block = slice(first, min(first + JETS_PER_BLOCK, len(jets)))
        inside = slice(offsets[block.start], offsets[block.stop])
        jet = np.repeat(np.arange(block.stop - block.start), count[block])
        relative_eta = eta[inside] - jet_eta[block][jet]
        relative_phi = _wrapped(phi[inside] - jet_phi[block][jet])
        points = _prepared(jet, pt[inside], relative_eta, relative_phi)
        pixel, kept = _pixels(jet, *points, bins=bins, half_width=half_width)
        _fill(images[block], pixel, pt[inside][kept], dense=dense)
    return images.reshape(len(jets), bins, bins)


def _wrapped(angle):
    two_pi = 2 * np.pi
    angle = np.where(angle >= np.pi, angle - two_pi, angle)
    return np.where(angle < -np.pi, angle + two_pi, angle)


def _prepared(jet, pt, eta, phi):
    """Centred, rotated and flipped coordinates."""
    total = np.bincount(jet, pt)
    eta = eta - (np.bincount(jet, pt * eta) / total)[jet]
    phi = phi - (np.bincount(jet, pt * phi) / total)[jet]
    pt_eta = pt * eta
    eta_eta = np.bincount(jet, pt_eta * eta)
    eta_phi = np.bincount(jet, pt_eta * phi)
    phi_phi = np.bincount(jet, pt * phi * phi)
    angle = 0.5 * np.arctan2(2 * eta_phi, eta_eta - phi_phi)
    cosine, sine = np.cos(angle)[jet], np.sin(angle)[jet]
    eta, phi = cosine * eta + sine * phi, cosine * phi - sine * eta
    quadrant = 4 * jet + (eta < 0) + 2 * (phi < 0)
    sums = np.bincount(quadrant, pt, minlength=4 * len(total)).reshape(-1, 4)
    hardest = np.argmax(sums, axis=1)
    eta *= np.where(hardest % 2 == 1, -1.0, 1.0)[jet]
    phi *= np.where(hardest >= 2, -1.0, 1.0)[jet]
    return eta, phi


def _pixels(jet, eta, phi, *, bins, half_width):
    """Pixels of the constituents in the box, and which these are."""
    scale = bins / (2 * half_width)
    row, column = (eta + half_width) * scale, (phi + half_width) * scale
    inside = (row >= 0) & (row < bins) & (column >= 0) & (column < bins)
    if inside.all():
        inside = slice(None)  # a view, where nothing has to be left out
    across = row[inside].astype(np.int64) * bins + column[inside].astype(np.int64)
    return jet[inside] * (bins * bins) + across, inside


def _fill(images, pixel, pt, *, dense):
    if dense:
        sums = np.bincount(pixel, pt, minlength=images.size)
        images[:] = sums.reshape(images.shape)
    else:
        np.add.at(images.reshape(-1), pixel, pt.astype(np.float32))
