"""
The compiled kernels of oddjet; call them through their wrapper modules.
"""
from __future__ import annotations
import collections.abc
import numpy
import typing
__all__: list[str] = ['cluster', 'constituent_features', 'event_tensors', 'feature_versions', 'knn_graph', 'simd_path']
def cluster(*, coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, algorithm: str, radius: typing.SupportsFloat | typing.SupportsIndex, pt_min_gev: typing.SupportsFloat | typing.SupportsIndex, power: typing.SupportsFloat | typing.SupportsIndex, recombination: str, threads: int | None) -> dict[str, numpy.ndarray]:
    ...
def constituent_features(*, jet_coordinates: str, jet_columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, features: collections.abc.Sequence[str], num_constituents: int, threads: int | None) -> tuple[numpy.ndarray, numpy.ndarray]:
    ...
def event_tensors(*, coordinates: str, columns: typing.Annotated[collections.abc.Sequence[numpy.ndarray], "FixedSize(4)"], offsets: numpy.ndarray, algorithm: str, radius: typing.SupportsFloat | typing.SupportsIndex, features: collections.abc.Sequence[str], num_constituents: int, threads: int | None) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    ...
def feature_versions() -> dict[str, int]:
    ...
def knn_graph(*, points: numpy.ndarray, k: int, mask: numpy.ndarray | None, threads: int | None) -> tuple[numpy.ndarray, numpy.ndarray]:
    ...
def simd_path() -> str:
    ...
