from __future__ import annotations

import numpy as np
import pytest
import torch

from oddjet.graphs import knn_graph
from oddjet.learn.models.packed_jets import PackedJets
from toy_jets import toy_jets


def neighbour_lists(points, mask, k, *, exact):
    """The neighbours of each real particle, as positions in its padded jet."""
    jets = PackedJets.of(torch.from_numpy(mask))
    edges = jets.edges(jets.pack(torch.from_numpy(points)), k=k, exact=exact)
    positions = jets.position[edges.neighbours].numpy()
    return np.split(positions, np.cumsum(edges.counts.numpy())[:-1])


def kernel_lists(points, mask, k):
    indices, valid = knn_graph(points, k=k, mask=mask)
    return [i[v] for i, v in zip(indices[mask], valid[mask], strict=True)]


@pytest.mark.parametrize("k", [1, 4, 20])
def test_neighbours_are_those_of_the_kernel(k):
    values, mask = toy_jets(50, seed=1, sizes=(1, 12))
    points = np.ascontiguousarray(values[..., :2])
    found = neighbour_lists(points, mask, k, exact=True)
    for mine, kernel in zip(found, kernel_lists(points, mask, k), strict=True):
        assert mine.tolist() == kernel.tolist()


def test_equal_distances_go_to_the_lower_index():
    # Quarters are exact in binary, so distances on this grid are exactly equal.
    grid = np.random.default_rng(2).integers(0, 3, (40, 12, 2)) / np.float32(4)
    mask = np.ones((40, 12), bool)
    found = neighbour_lists(grid.astype(np.float32), mask, 5, exact=True)
    for mine, kernel in zip(found, kernel_lists(grid, mask, 5), strict=True):
        assert mine.tolist() == kernel.tolist()


def test_products_give_the_same_neighbours_where_distances_differ():
    points = np.random.default_rng(3).normal(5.0, 1.0, (20, 12, 6)).astype(np.float32)
    mask = np.random.default_rng(4).random((20, 12)) < 0.8
    found = iter(neighbour_lists(points, mask, 4, exact=False))
    for jet, real in zip(points, mask, strict=True):
        for center in jet[real]:
            squared = np.sum((jet - center) ** 2, axis=1)
            nearest = np.sort(squared[real])[1:5]
            np.testing.assert_allclose(squared[next(found)], nearest, rtol=1e-4)


def test_means_count_real_particles_only():
    values, mask = toy_jets(30, seed=5, sizes=(0, 12))
    jets = PackedJets.of(torch.from_numpy(mask))
    packed = jets.pack(torch.from_numpy(values))
    expected = values.sum(axis=1) / np.maximum(mask.sum(axis=1), 1)[:, np.newaxis]
    np.testing.assert_allclose(jets.mean(packed).numpy(), expected, atol=1e-6)
    assert (jets.unpack(packed).numpy() == values).all()
