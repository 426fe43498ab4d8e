"""Networks of jet images: shapes, symmetry of shared towers, the stable product."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from oddjet.learn.models.image_config import ConvolutionConfig, ImageNetworkConfig
from oddjet.learn.models.image_network import ImageNetwork, product_logit
from oddjet.learn.sparse_images import SparseImages

TINY = (
    ConvolutionConfig(channels=3, kernel=5, pool=True),
    ConvolutionConfig(channels=4, kernel=3, pool=True),
)


def images(seed, events=6, bins=11):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(events, 2, bins, bins, generator=generator)


@pytest.mark.parametrize("towers", ["joint", "shared"])
@pytest.mark.parametrize("dense", [(), (5,), (7, 5)])
def test_one_logit_an_event(towers, dense):
    torch.manual_seed(1)
    config = ImageNetworkConfig(towers=towers, convolutions=TINY, dense=dense)
    logits = ImageNetwork(config, 11)(images(1))
    assert logits.shape == (6,)
    assert torch.isfinite(logits).all()


def test_shared_towers_do_not_know_which_jet_is_the_first():
    torch.manual_seed(1)
    shared = ImageNetwork(ImageNetworkConfig(towers="shared", convolutions=TINY), 11)
    joint = ImageNetwork(ImageNetworkConfig(convolutions=TINY), 11)
    x = images(2)
    torch.testing.assert_close(shared(x), shared(x.flip(1)))
    assert not torch.allclose(joint(x), joint(x.flip(1)))


def test_the_published_network_has_the_layers_of_the_note():
    network = ImageNetwork(ImageNetworkConfig.published(), 75)
    shapes = [tuple(p.shape) for p in network.parameters() if p.ndim == 4]
    assert shapes == [
        (64, 1, 5, 5), (64, 64, 5, 5), (128, 64, 3, 3), (128, 128, 3, 3),
    ]  # fmt: skip
    assert network(images(3, 2, 75)).shape == (2,)


def test_pixels_are_divided_by_one_number_a_jet():
    torch.manual_seed(1)
    network = ImageNetwork(ImageNetworkConfig(convolutions=TINY), 11)
    x = images(4)
    before = network(x)
    network.standardise(torch.tensor([2.0, 3.0]))
    scaled = x * torch.tensor([2.0, 3.0])[:, None, None]
    torch.testing.assert_close(network(scaled), before)
    assert "scale" in network.state_dict()


def test_the_product_of_probabilities_is_exact_at_both_ends():
    a = np.array([0.0, 1.0, -3.0, 8.0, -8.0])
    b = np.array([0.0, -2.0, 4.0, 9.0, -9.0])
    product = 1 / (1 + np.exp(-a)) / (1 + np.exp(-b))
    found = product_logit(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    np.testing.assert_allclose(found, np.log(product / (1 - product)), rtol=1e-9)
    # Where single precision rounds the probability to one: -log(exp(-a) + exp(-b)).
    far = product_logit(torch.tensor([90.0]), torch.tensor([90.0]))
    assert far.item() == pytest.approx(90 - np.log(2), rel=1e-6)


def test_sparse_images_are_the_images():
    random = np.random.default_rng(1)
    dense = random.random((20, 2, 7, 7)).astype(np.float32)
    dense[random.random(dense.shape) < 0.8] = 0
    dense[[3, 19]] = 0  # empty jets
    dense[:, 1] *= 3
    sparse = SparseImages.of(dense)
    rows = np.array([3, 5, 5, 19, 0])
    np.testing.assert_array_equal(sparse.dense(rows), dense[rows])
    np.testing.assert_array_equal(sparse[rows].dense(np.arange(5)), dense[rows])
    mask = np.zeros(20, np.bool_)
    mask[[2, 3]] = True
    both = SparseImages.concatenate([sparse[mask], sparse])
    assert len(both) == 22
    np.testing.assert_array_equal(both.dense(np.array([0, 1, 7])), dense[[2, 3, 5]])
    wanted = [np.sqrt(np.mean(dense[:, c][dense[:, c] > 0] ** 2)) for c in (0, 1)]
    np.testing.assert_allclose(sparse.channel_scale(), wanted, rtol=1e-6)
    blank = SparseImages.of(np.zeros((2, 2, 3, 3), np.float32))
    assert blank.channel_scale().tolist() == [1, 1]
    assert (blank.dense(np.arange(2)) == 0).all()
