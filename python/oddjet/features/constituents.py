"""Features of the hardest constituents: padded, ragged, or from clustering on."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet import _core
from oddjet.events import columns
from oddjet.features.spec import FeatureSpec
from oddjet.jets import jet_arguments, momentum_columns


def constituent_features(
    jets: ak.Array, spec: FeatureSpec, *, threads: int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Compute the features of each jet's hardest constituents.

    delta_rapidity and delta_azimuth are those of the constituent less those of the
    jet, the latter in [-pi, pi); delta_r is the root of the sum of their squares;
    log_pt, log_energy and the ratios to the jet's pt and energy are natural
    logarithms. All are computed in double and rounded once.

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        Momenta [GeV, radians] with `constituents`; the lists are flattened in order.
    spec : FeatureSpec
        Features and number of constituents; how the jets were made is the caller's.
    threads : int, optional
        Workers (default: the environment's ODDJET_THREADS, else 1); never changes
        the result.

    Returns
    -------
    values : float32, shape (jets, num_constituents, features)
        Hardest constituent first, equal pt by index; zero where padded.
    mask : bool, shape (jets, num_constituents)
        True for a constituent.

    Raises
    ------
    ValueError
        A feature version that this oddjet does not compute, or a jet or constituent
        (named) that is not finite, has pt <= 0, |p| or energy above 1e140 GeV, or
        |p| above its energy.
    UserError
        Jets that are no momenta or have no `constituents`.

    References
    ----------
    Finke, Krämer, Lipp, Mück, arXiv:2204.11889, section 3.

    Examples
    --------
    >>> from oddjet.jets import cluster
    >>> particle = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> particles = ak.Array([[particle, particle | {"pt": 10.0, "phi": 0.4}]])
    >>> jets = cluster(particles, algorithm="antikt", radius=0.8)
    >>> spec = FeatureSpec(num_constituents=3, features=("delta_azimuth",))
    >>> values, mask = constituent_features(jets, spec)
    >>> values[0, :, 0].round(3), mask[0]
    (array([-0.099,  0.301,  0.   ], dtype=float32), array([ True,  True, False]))
    """
    return _core.constituent_features(**_kernel_arguments(jets, spec), threads=threads)


def ragged_constituent_features(
    jets: ak.Array, spec: FeatureSpec, *, threads: int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Compute the features of each jet's hardest constituents without padding.

    Parameters
    ----------
    jets, spec, threads
        As in `constituent_features`.

    Returns
    -------
    values : float32, shape (constituents, features)
        Bit for bit the values of `constituent_features` where its mask is True, in
        the same order: those of one jet follow those of the jet before.
    offsets : int64, shape (jets + 1,)
        Jet i has the rows offsets[i] to offsets[i + 1]; none if it has no
        constituents.

    Raises
    ------
    ValueError, UserError
        As in `constituent_features`.

    Examples
    --------
    >>> from oddjet.jets import cluster
    >>> particle = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> particles = ak.Array([[particle, particle | {"pt": 10.0, "phi": 0.4}]])
    >>> jets = cluster(particles, algorithm="antikt", radius=0.8)
    >>> spec = FeatureSpec(num_constituents=3, features=("delta_azimuth",))
    >>> values, offsets = ragged_constituent_features(jets, spec)
    >>> values[:, 0].round(3), offsets
    (array([-0.099,  0.301], dtype=float32), array([0, 2]))
    """
    arguments = _kernel_arguments(jets, spec)
    return _core.ragged_constituent_features(**arguments, threads=threads)


def event_tensors(
    particles: ak.Array,
    spec: FeatureSpec,
    *,
    threads: int | None = None,
    problems: dict[int, str] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Cluster each event and compute the features of its hardest jet.

    One pass in compiled code, bit for bit what `cluster` followed by
    `constituent_features` of the first jet gives where the event has one. Training
    and scoring both make their tensors here.

    Parameters
    ----------
    particles : awkward array, one list of momenta per event
        As for `cluster` [GeV, radians]; the events' collection `spec.source`.
    spec : FeatureSpec
        The jet and its features.
    threads : int, optional
        Workers (default: the environment's ODDJET_THREADS, else 1); never changes
        the result.
    problems : dict of int to str, optional
        Takes the events with a particle that no kernel accepts, each with what is
        wrong; they are not found then. Without it the first one raises.

    Returns
    -------
    values : float32, shape (events, num_constituents, features)
        As `constituent_features`; zero where not found.
    mask : bool, shape (events, num_constituents)
        True for a constituent; False where not found.
    found : bool, shape (events,)
        False where the event has no jet of pt > 0, or where one of the constituents
        that its hardest jet keeps has pt = 0 (and a mass), which has no logarithm.
        Such an event cannot be scored; it does not stop the others.

    Raises
    ------
    ValueError
        A feature version that this oddjet does not compute, or a particle (named)
        that is not finite, has pt < 0, |p| or energy above 1e140 GeV, or |p| above
        its energy.
    UserError
        Particles that are not one list of momenta per event.

    Examples
    --------
    >>> particle = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> spec = FeatureSpec(num_constituents=1, features=("log_pt", "log_pt_ratio"))
    >>> event_tensors(ak.Array([[particle], []]), spec)[0].round(3).tolist()
    [[[3.4010000228881836, 0.0]], [[0.0, 0.0]]]
    """
    spec.check_versions()
    flat = columns(particles, where=spec.source)
    coordinates, momenta = momentum_columns(flat)
    values, mask, found, messages = _core.event_tensors(
        coordinates=coordinates,
        columns=momenta,
        offsets=flat.offsets,
        algorithm=spec.algorithm,
        radius=spec.radius,
        features=spec.features,
        num_constituents=spec.num_constituents,
        threads=threads,
        flag_bad_events=problems is not None,
    )
    if problems is not None:
        bad = {event: text for event, text in enumerate(messages) if text}
        problems.update(bad)
    return values, mask, found


def _kernel_arguments(jets: ak.Array, spec: FeatureSpec) -> dict[str, Any]:
    spec.check_versions()
    return jet_arguments(jets) | {
        "features": spec.features,
        "num_constituents": spec.num_constituents,
    }
