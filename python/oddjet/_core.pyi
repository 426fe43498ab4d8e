"""
The compiled kernels of oddjet; call them through their wrapper modules.
"""
from __future__ import annotations
import collections.abc
import numpy
import typing
__all__: list[str] = ['cluster', 'constituent_features', 'event_tensors', 'exclusive_jets', 'feature_versions', 'knn_graph', 'lund_tree']
def cluster(*, coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, algorithm: str, radius: typing.SupportsFloat | typing.SupportsIndex, pt_min_gev: typing.SupportsFloat | typing.SupportsIndex, power: typing.SupportsFloat | typing.SupportsIndex, recombination: str, threads: int | None) -> dict[str, numpy.ndarray]:
__all__: list[str] = ['cluster', 'constituent_features', 'event_tensors', 'feature_versions', 'jet_images', 'knn_graph', 'rotate_events', 'rotate_jets', 'smear_directions', 'smear_pt']
def cluster(*, coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, algorithm: str, radius: typing.SupportsFloat | typing.SupportsIndex, pt_min_gev: typing.SupportsFloat | typing.SupportsIndex, power: typing.SupportsFloat | typing.SupportsIndex, threads: int | None) -> dict[str, numpy.ndarray]:
__all__: list[str] = ['cluster', 'constituent_features', 'energy_correlation', 'event_tensors', 'feature_versions', 'filter_jets', 'jet_shapes', 'knn_graph', 'mass_drop', 'nsubjettiness', 'prune', 'soft_drop', 'trim']
    ...
def constituent_features(*, jet_coordinates: str, jet_columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, features: collections.abc.Sequence[str], num_constituents: int, threads: int | None) -> tuple[numpy.ndarray, numpy.ndarray]:
    ...
def energy_correlation(*, coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, beta: typing.SupportsFloat | typing.SupportsIndex, threads: int | None) -> dict[str, numpy.ndarray]:
    ...
def event_tensors(*, coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, algorithm: str, radius: typing.SupportsFloat | typing.SupportsIndex, features: collections.abc.Sequence[str], num_constituents: int, threads: int | None) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    ...
def exclusive_jets(*, coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, algorithm: str, radius: typing.SupportsFloat | typing.SupportsIndex, power: typing.SupportsFloat | typing.SupportsIndex, recombination: str, num_jets: int | None, d_cut_gev2: typing.SupportsFloat | typing.SupportsIndex | None, threads: int | None) -> dict[str, numpy.ndarray]:
    ...
def feature_versions() -> dict[str, int]:
    ...
def jet_images(*, jet_coordinates: str, jet_columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, bins: int, half_width: typing.SupportsFloat | typing.SupportsIndex, center: bool, rotate: bool, flip: bool, normalise: bool, threads: int | None) -> numpy.ndarray:
    ...
def knn_graph(*, points: numpy.ndarray, k: int, mask: numpy.ndarray | None, threads: int | None) -> tuple[numpy.ndarray, numpy.ndarray]:
    ...
def lund_tree(*, coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, plane: str, psi: str, below_kt: str, kt_min_gev: typing.SupportsFloat | typing.SupportsIndex, delta_min: typing.SupportsFloat | typing.SupportsIndex, leaves: bool, logarithms: bool, threads: int | None) -> dict[str, numpy.ndarray]:
def rotate_events(*, momenta: tuple[str, typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], numpy.ndarray], of_jets: bool, randomness: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, numpy.ndarray], threads: int | None) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    ...
def rotate_jets(*, jet_coordinates: str, jet_columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], momenta: tuple[str, typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], numpy.ndarray], randomness: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, numpy.ndarray], threads: int | None) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray, numpy.ndarray]:
def smear_directions(*, momenta: tuple[str, typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], numpy.ndarray], of_jets: bool, randomness: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, numpy.ndarray], scale_gev: typing.SupportsFloat | typing.SupportsIndex, threads: int | None) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray, numpy.ndarray]:
def smear_pt(*, momenta: tuple[str, typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], numpy.ndarray], of_jets: bool, randomness: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, numpy.ndarray], resolution: str, threads: int | None) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray, numpy.ndarray]:
def filter_jets(*, coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, subjet_radius: typing.SupportsFloat | typing.SupportsIndex, num_subjets: int, algorithm: str, threads: int | None) -> dict[str, numpy.ndarray]:
def jet_shapes(*, coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, threads: int | None) -> dict[str, numpy.ndarray]:
def mass_drop(*, coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, mu: typing.SupportsFloat | typing.SupportsIndex, y_cut: typing.SupportsFloat | typing.SupportsIndex, threads: int | None) -> dict[str, numpy.ndarray]:
def nsubjettiness(*, coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, n: list[int], radius: typing.SupportsFloat | typing.SupportsIndex, beta: typing.SupportsFloat | typing.SupportsIndex, axes: str, threads: int | None) -> numpy.ndarray:
def prune(*, coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, z_cut: typing.SupportsFloat | typing.SupportsIndex, radius_cut_factor: typing.SupportsFloat | typing.SupportsIndex, algorithm: str, threads: int | None) -> dict[str, numpy.ndarray]:
def soft_drop(*, coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, z_cut: typing.SupportsFloat | typing.SupportsIndex, beta: typing.SupportsFloat | typing.SupportsIndex, radius: typing.SupportsFloat | typing.SupportsIndex, threads: int | None) -> dict[str, numpy.ndarray]:
def trim(*, coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, subjet_radius: typing.SupportsFloat | typing.SupportsIndex, pt_fraction: typing.SupportsFloat | typing.SupportsIndex, algorithm: str, threads: int | None) -> dict[str, numpy.ndarray]:
    ...
