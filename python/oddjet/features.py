"""What a network sees of a jet: features that training and scoring share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet import _core
from oddjet.events import columns
from oddjet.jets import momentum_columns
from oddjet.runs.errors import UserError
from oddjet.runs.key_values import parse_key_values

#: Version of each feature's definition; it changes with the feature's values.
FEATURE_VERSIONS: dict[str, int] = _core.feature_versions()

_ALGORITHMS = ("antikt", "kt", "cambridge_aachen")


@dataclass(frozen=True)
class FeatureSpec:
    """The jet and the constituent features that a model was made for.

    It travels with a model as plain `key = value` text and says, word for word,
    which tensors the model may be given.

    Attributes
    ----------
    source : str
        Collection of the events that is clustered.
    algorithm : str
        "antikt", "kt" or "cambridge_aachen".
    radius : float
        Jet radius R.
    jet : str
        "leading": the hardest jet of the event.
    num_constituents : int
        Hardest constituents that are kept; fewer are padded with zeros.
    features : tuple of str
        Names and order, see `constituent_features`.
    versions : tuple of int
        Version of each feature's definition; those of this oddjet if left out.

    Raises
    ------
    ValueError
        A value that no jet or feature has; the message names it.

    Examples
    --------
    >>> spec = FeatureSpec(radius=1.0, features=("log_pt", "delta_r"))
    >>> FeatureSpec.from_text(spec.to_text()) == spec
    True
    >>> spec.differences(FeatureSpec(radius=0.8, features=("log_pt", "delta_r")))
    ['radius is 1.0 here and 0.8 there']
    """

    source: str = "particles"
    algorithm: str = "antikt"
    radius: float = 0.8
    jet: str = "leading"
    num_constituents: int = 40
    features: tuple[str, ...] = (
        "delta_rapidity",
        "delta_azimuth",
        "log_pt",
        "log_pt_ratio",
        "log_energy",
        "log_energy_ratio",
        "delta_r",
    )
    versions: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Fill in the versions and refuse what no kernel could compute."""
        object.__setattr__(self, "features", tuple(self.features))
        object.__setattr__(self, "versions", tuple(self.versions))
        if not self.versions:
            current = tuple(FEATURE_VERSIONS.get(name, 0) for name in self.features)
            object.__setattr__(self, "versions", current)
        for problem in self._problems():
            message = f"FeatureSpec: {problem}"
            raise ValueError(message)

    def _problems(self) -> list[str]:
        known = ", ".join(FEATURE_VERSIONS)
        unknown = [name for name in self.features if name not in FEATURE_VERSIONS]
        checks = {
            f"source must be a collection's name, got {self.source!r}": (
                self.source.isidentifier()
            ),
            f"algorithm must be one of {', '.join(_ALGORITHMS)}, "
            f"got {self.algorithm!r}": self.algorithm in _ALGORITHMS,
            f"radius must be > 0 and <= 1000, got {self.radius}": (
                0 < self.radius <= 1000
            ),
            f"jet must be 'leading', got {self.jet!r}": self.jet == "leading",
            f"num_constituents must be >= 1, got {self.num_constituents}": (
                self.num_constituents >= 1
            ),
            "at least one feature is needed": len(self.features) > 0,
            f"unknown features {', '.join(unknown)}; known are {known}": not unknown,
            f"a feature is named twice in {', '.join(self.features)}": (
                len(set(self.features)) == len(self.features)
            ),
            f"versions must be one per feature ({len(self.features)}), "
            f"got {len(self.versions)}": len(self.versions) == len(self.features),
        }
        return [problem for problem, fine in checks.items() if not fine]

    def to_text(self) -> str:
        """Write the spec as lines of `key = value`; lists are separated by spaces.

        Returns
        -------
        str
            One line per attribute, each ended by a newline.
        """
        return "".join(f"{key} = {text}\n" for key, text in self._texts().items())

    @classmethod
    def from_text(cls, text: str) -> FeatureSpec:
        """Read what `to_text` wrote.

        Parameters
        ----------
        text : str
            Lines of `key = value`, every key once; empty lines are skipped.

        Returns
        -------
        FeatureSpec

        Raises
        ------
        ValueError
            An unknown, missing or doubled key, a line without `=`, or a value that
            does not fit.
        """
        try:
            values = parse_key_values(text)
        except ValueError as error:
            message = f"FeatureSpec: {error}"
            raise ValueError(message) from None
        names = [field.name for field in fields(cls)]
        if sorted(values) != sorted(names):
            message = (
                f"FeatureSpec: the text must have the keys {', '.join(names)}, "
                f"got {', '.join(values)}"
            )
            raise ValueError(message)
        return cls(**{name: _parsed(name, values[name]) for name in names})

    def differences(self, other: FeatureSpec) -> list[str]:
        """Say what differs between two specs.

        Parameters
        ----------
        other : FeatureSpec

        Returns
        -------
        list of str
            One sentence per attribute that differs; empty for equal specs.
        """
        mine, theirs = self._texts(), other._texts()
        return [
            f"{key} is {mine[key]} here and {theirs[key]} there"
            for key in mine
            if mine[key] != theirs[key]
        ]

    def _texts(self) -> dict[str, str]:
        return {
            "source": self.source,
            "algorithm": self.algorithm,
            "radius": repr(float(self.radius)),
            "jet": self.jet,
            "num_constituents": str(self.num_constituents),
            "features": " ".join(self.features),
            "versions": " ".join(str(version) for version in self.versions),
        }


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
    >>> import awkward as ak
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
    >>> import awkward as ak
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


def energy_fractions(
    jets: ak.Array, *, threads: int | None = None
) -> NDArray[np.float64]:
    """Compute which shares of each jet electrons, muons, photons and hadrons carry.

    The share is that of the sum of the constituents' energies. By absolute PDG code,
    11 is an electron, 13 a muon and 22 a photon; every other constituent counts as a
    hadron, also codes without a name, which reconstructions give to deposits in the
    forward calorimeters. So the shares of a jet add up to one.

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        With `constituents`: momenta [GeV, radians] with an integer `pdg_id`; the lists
        are flattened in order.
    threads : int, optional
        Workers (default: the environment's ODDJET_THREADS, else 1); never changes
        the result.

    Returns
    -------
    float64, shape (jets, 4)
        Shares of electrons, muons, photons and hadrons; zeros for a jet whose
        constituents have no energy.

    Raises
    ------
    ValueError
        A constituent (named) that is not finite, has pt < 0, |p| or energy above
        1e140 GeV, or |p| above its energy.
    UserError
        Jets without `constituents`, or constituents that are no momenta or have no
        integer `pdg_id`.

    References
    ----------
    Dreyer & Qu, arXiv:2012.08526 (LundNet), to whose graphs searches for
    semi-visible jets add such shares.

    Examples
    --------
    >>> import awkward as ak
    >>> photon = {"pt": 10.0, "eta": 0.0, "phi": 0.0, "mass": 0.0, "pdg_id": 22}
    >>> pion = photon | {"pt": 30.0, "pdg_id": -211}
    >>> energy_fractions(ak.Array([{"constituents": [photon, pion]}]))
    array([[0.  , 0.  , 0.25, 0.75]])
    """
    each_jet = _flattened(jets)
    flat = columns(each_jet.constituents, where="constituents")
    pdg_id = flat.fields.get("pdg_id", np.empty(0, np.int64))
    if len(pdg_id) < flat.offsets[-1] or pdg_id.dtype.kind not in "iu":
        message = (
            "energy_fractions: constituents need a field pdg_id of integers, "
            f"got the fields {', '.join(sorted(flat.fields))}"
        )
        raise UserError(message)
    coordinates, momenta = momentum_columns(flat)
    return _core.energy_fractions(
        coordinates=coordinates,
        columns=momenta,
        offsets=flat.offsets,
        pdg_id=np.ascontiguousarray(pdg_id, np.int64),
        threads=threads,
    )


def event_tensors(
    particles: ak.Array, spec: FeatureSpec, *, threads: int | None = None
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
    >>> import awkward as ak
    >>> particle = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> spec = FeatureSpec(num_constituents=1, features=("log_pt", "log_pt_ratio"))
    >>> event_tensors(ak.Array([[particle], []]), spec)[0].round(3).tolist()
    [[[3.4010000228881836, 0.0]], [[0.0, 0.0]]]
    """
    _check_versions(spec)
    flat = columns(particles, where=spec.source)
    coordinates, momenta = momentum_columns(flat)
    return _core.event_tensors(
        coordinates=coordinates,
        columns=momenta,
        offsets=flat.offsets,
        algorithm=spec.algorithm,
        radius=spec.radius,
        features=spec.features,
        num_constituents=spec.num_constituents,
        threads=threads,
    )


def _flattened(jets: ak.Array) -> ak.Array:
    return ak.flatten(jets, axis=1) if jets.ndim > 1 else jets


def _kernel_arguments(jets: ak.Array, spec: FeatureSpec) -> dict[str, Any]:
    _check_versions(spec)
    each_jet = _flattened(jets)
    one_list = ak.unflatten(each_jet, [len(each_jet)])
    jet_coordinates, jet_columns = momentum_columns(columns(one_list, where="jets"))
    flat = columns(each_jet.constituents, where="constituents")
    coordinates, momenta = momentum_columns(flat)
    return {
        "jet_coordinates": jet_coordinates,
        "jet_columns": jet_columns,
        "coordinates": coordinates,
        "columns": momenta,
        "offsets": flat.offsets,
        "features": spec.features,
        "num_constituents": spec.num_constituents,
    }


def _parsed(name: str, text: str) -> Any:
    parsers: dict[str, Callable[[str], Any]] = {
        "radius": float,
        "num_constituents": int,
        "features": lambda words: tuple(words.split()),
        "versions": lambda words: tuple(int(word) for word in words.split()),
    }
    try:
        return parsers.get(name, str)(text)
    except ValueError as error:
        message = f"FeatureSpec: {name} = {text}: {error}"
        raise ValueError(message) from None


def _check_versions(spec: FeatureSpec) -> None:
    for name, version in zip(spec.features, spec.versions, strict=True):
        if version != FEATURE_VERSIONS[name]:
            message = (
                f"feature {name} is wanted in version {version}, this oddjet computes "
                f"version {FEATURE_VERSIONS[name]}; use the release the spec is from"
            )
            raise ValueError(message)
