"""Jets as images: the transverse momentum of their constituents in pixels."""

from __future__ import annotations

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet import _core
from oddjet.events import columns
from oddjet.events.coordinates import named_momenta
from oddjet.jets import jet_arguments


def jet_images(
    jets: ak.Array,
    *,
    bins: int = 75,
    half_width: float = 1.0,
    center: bool = True,
    rotate: bool = True,
    flip: bool = True,
    normalise: bool = False,
    threads: int | None = None,
) -> NDArray[np.float32]:
    """Draw each jet: the pt of its constituents, added up in pixels of eta and phi.

    Constituents are measured from the jet's axis: pseudorapidity less that of the
    jet, azimuth less that of the jet in [-pi, pi). Then, unless switched off,

    1. center: the pt-weighted mean of (eta, phi) becomes the origin;
    2. rotate: the principal axis, the eigenvector of the larger eigenvalue of the
       pt-weighted second moments about the origin, is turned onto the eta axis. Where
       the eigenvalues are equal (one constituent, an isotropic jet) nothing turns;
    3. flip: of the quadrants the one with most pt becomes the first, eta >= 0 and
       phi >= 0, by reflections; it also settles the sign of the principal axis. A
       quadrant holds its lower edges; of equal ones that comes first which is first
       in (+, +), (-, +), (+, -), (-, -), the signs being those of (eta, phi).

    Pixel i along an axis holds -half_width + 2 half_width [i, i + 1) / bins: the lower
    edge, not the upper. What lies outside the box is in no pixel, but it counted in the
    steps before. A constituent with pt = 0 counts nowhere. Sums are in double and
    rounded once. With an even number of bins the axes are edges of pixels, on which
    constituents of jets with one or two of them lie: an odd number is the better one.

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        Momenta [GeV, radians] with `constituents`; the lists are flattened in order.
        Augment constituents before and draw once: images cannot be smeared.
    bins : int
        Pixels along each axis, 1 to 10000.
    half_width : float
        Of the box [-half_width, half_width)^2, in pseudorapidity and radians.
    center, rotate, flip : bool
        The steps; without `center` the jet's axis is the origin.
    normalise : bool
        Divide by the pt of all the jet's constituents, also those outside the box.
    threads : int, optional
        Workers (default: the environment's ODDJET_THREADS, else 1); never changes
        the result.

    Returns
    -------
    float32, shape (jets, bins, bins)
        pt [GeV], or its share with `normalise`, at [jet, eta, phi]; all zeros for a
        jet without constituents. Pixels that nothing hit take no memory before they
        are written to, where the system allows.

    Raises
    ------
    ValueError
        bins, half_width or threads out of range, a jet with pt = 0, a sum of pt
        beyond single precision, or a jet or constituent (named) that is not finite,
        has pt < 0, |p| or energy above 1e140 GeV, or |p| above its energy.
    UserError
        Jets that are no momenta or have no `constituents`.

    References
    ----------
    F.-Y. Hsieh, note "CWoLa" (unpublished), section 4.4; de Oliveira, Kagan, Mackey,
    Nachman, Schwartzman, arXiv:1511.05190, section 3.

    Examples
    --------
    >>> from oddjet.jets import cluster
    >>> particle = {"pt": 30.0, "eta": 0.0, "phi": 3.1, "mass": 0.0}
    >>> other = {"pt": 10.0, "eta": 0.0, "phi": -3.1, "mass": 0.0}
    >>> particles = ak.Array([[particle, other]])
    >>> jets = cluster(particles, algorithm="antikt", radius=0.8)
    >>> jet_images(jets, bins=3, half_width=0.1)[0]
    array([[ 0., 10.,  0.],
           [ 0., 30.,  0.],
           [ 0.,  0.,  0.]], dtype=float32)
    """
    return _core.jet_images(
        **jet_arguments(jets),
        bins=bins,
        half_width=half_width,
        center=center,
        rotate=rotate,
        flip=flip,
        normalise=normalise,
        threads=threads,
    )


def dijet_images(
    jets: ak.Array,
    *,
    fewer_jets: str = "refuse",
    bins: int = 75,
    half_width: float = 1.0,
    center: bool = True,
    rotate: bool = True,
    flip: bool = True,
    normalise: bool = False,
    threads: int | None = None,
) -> NDArray[np.float32]:
    """Draw the two hardest jets of each event as the two channels of one image.

    Parameters
    ----------
    jets : awkward array, one list of jets per event
        As for `jet_images`. The hardest are found by their pt; equal pt keeps the
        order of the list.
    fewer_jets : str
        An event with fewer than two jets is an error ("refuse"), or the channels of
        the jets that it lacks are zero ("blank").
    bins, half_width, center, rotate, flip, normalise, threads
        As in `jet_images`.

    Returns
    -------
    float32, shape (events, 2, bins, bins)
        The hardest jet, then the second, each as in `jet_images`.

    Raises
    ------
    ValueError
        Another `fewer_jets`, or an event (named) with fewer than two jets. Otherwise
        as in `jet_images`; jets are counted in the order of all drawn jets.
    UserError
        As in `jet_images`.

    References
    ----------
    F.-Y. Hsieh, note "CWoLa" (unpublished), section 4.4.

    Examples
    --------
    >>> from oddjet.jets import cluster
    >>> particle = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> particles = ak.Array([[particle, particle | {"pt": 40.0, "phi": 2.0}]])
    >>> jets = cluster(particles, algorithm="antikt", radius=0.8)
    >>> dijet_images(jets, bins=1).tolist()
    [[[[40.0]], [[30.0]]]]
    """
    if fewer_jets not in ("refuse", "blank"):
        message = (
            f"dijet_images: fewer_jets must be 'refuse' or 'blank', got {fewer_jets!r}"
        )
        raise ValueError(message)
    columns(jets, where="jets")  # refuses what is not one list of momenta per event
    by_pt = ak.argsort(named_momenta(jets).pt, axis=1, ascending=False, stable=True)
    pair = jets[by_pt[:, :2]]
    count = ak.to_numpy(ak.num(pair, axis=1))
    if fewer_jets == "refuse" and np.any(count < 2):
        event = int(np.argmax(count < 2))
        message = f"dijet_images: event {event} has {count[event]} jet(s), needs 2"
        raise ValueError(message)
    images = jet_images(
        pair,
        bins=bins,
        half_width=half_width,
        center=center,
        rotate=rotate,
        flip=flip,
        normalise=normalise,
        threads=threads,
    )
    if len(images) == 2 * len(count):
        return images.reshape(-1, 2, bins, bins)
    blank = np.zeros((len(count), 2, bins, bins), np.float32)
    blank[np.arange(2) < count[:, np.newaxis]] = images
    return blank
