"""LundNet against its literal definition, its published size, and jagged batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from definitions.lund_net import lund_net_logit
from oddjet.features.lund_trees import LundTrees
from oddjet.jets import cluster
from oddjet.learn.lund_sample import LundBatch
from oddjet.learn.models.lund_config import LundNetConfig, LundTreeConfig
from oddjet.learn.models.lund_net import LundNet
from oddjet.runs.config import parse_config
from oddjet.runs.errors import UserError
from oddjet.substructure import lund_tree
from toy_trees import jets_of, particles

SMALL = {"blocks": ((8, 8), (8, 12), (12,)), "fusion": 16, "dense": 8}
VARIANTS = {
    "LundNet-5": LundNetConfig(**SMALL),
    "LundNet-3, primary": LundNetConfig(
        tree=LundTreeConfig(variables=3, plane="primary"), **SMALL
    ),
    "CMS": LundNetConfig.cms().model_copy(update=SMALL),
}


def network_of(config, seed=2):
    """A network whose batch norms have seen jets, and forget none of their terms."""
    torch.manual_seed(seed)
    network = LundNet(config)
    trees = LundTrees.of(jets_of([12, 1, 30, 7, 25] * 6), config.tree)
    mean, scale = (torch.from_numpy(each).float() for each in trees.moments())
    network.standardise(mean, scale)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    network.train()
    for _ in range(3):
        network(LundBatch.of(trees))
    return network.eval()


@pytest.mark.parametrize(("variables", "parameters"), [(5, 391_724), (3, 391_528)])
def test_the_published_size(variables, parameters):
    network = LundNet(LundNetConfig.published(variables))
    assert sum(each.numel() for each in network.parameters()) == parameters


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_literal_definition(variant):
    config = VARIANTS[variant]
    network = network_of(config)
    jets = jets_of([1, 2, 3, 11, 40], seed=3)
    trees = LundTrees.of(jets, config.tree)
    with torch.no_grad():
        found = network(LundBatch.of(trees)).numpy()
    state = {name: each.numpy() for name, each in network.state_dict().items()}
    for i, logit in enumerate(found):
        one = slice(trees.offsets[i], trees.offsets[i + 1])
        expected = lund_net_logit(
            state,
            trees.values[one],
            trees.neighbours[one],
            center=config.listens_to == "center",
            shortcut=config.shortcut,
        )
        assert logit == pytest.approx(expected, rel=2e-4, abs=2e-5)


def test_variants_have_names():
    for name, expected in (
        ("lundnet_5", LundNetConfig.published(5)),
        ("lundnet_3", LundNetConfig.published(3)),
        ("cms", LundNetConfig.cms()),
    ):
        assert LundNetConfig.model_validate(name) == expected
    with pytest.raises(ValueError, match="one of lundnet_5, lundnet_3, cms, got 'atl"):
        LundNetConfig.model_validate("atlas")


class TestTrees:
    def test_they_are_those_of_the_kernel(self):
        jets = jets_of([1, 5, 20, 2])
        for config in (LundTreeConfig(), LundTreeConfig(plane="primary", variables=3)):
            trees = LundTrees.of(jets, config)
            kernel = lund_tree(jets, plane=config.plane)
            for i in range(len(jets)):
                one = slice(trees.offsets[i], trees.offsets[i + 1])
                if len(kernel[i]) == 0:
                    assert not trees.values[one].any()
                    assert (trees.neighbours[one] == -1).all()
                    assert trees.values[one].shape[0] == 1
                    continue
                columns = [kernel[i][name].to_numpy() for name in config.names]
                expected = np.stack(columns, axis=1).astype(np.float32)
                np.testing.assert_array_equal(trees.values[one], expected)
                np.testing.assert_array_equal(
                    trees.neighbours[one], kernel[i].neighbours.to_list()
                )

    def test_edges_go_both_ways(self):
        trees = LundTrees.of(jets_of([9, 1, 30]), LundTreeConfig())
        edges = LundBatch.of(trees).edges
        center = edges.slots // edges.k
        pairs = set(zip(center.tolist(), edges.neighbours.tolist(), strict=True))
        assert pairs == {(j, i) for i, j in pairs}
        assert len(pairs) == 2 * (8 - 1) + 2 * (29 - 1)  # a tree of n nodes: n - 1

    def test_a_selection_is_its_jets(self):
        trees = LundTrees.of(jets_of([9, 1, 30, 4]), LundTreeConfig())
        chosen = trees[np.array([3, 1, 1])]
        assert np.diff(chosen.offsets).tolist() == [3, 1, 1]
        np.testing.assert_array_equal(chosen.values[:3], trees.values[-3:])
        assert len(trees[np.array([], np.int64)]) == 0

    def test_leaves_have_no_logarithm(self):
        with pytest.raises(UserError, match=r"svj.yaml: .*set logarithms to false"):
            parse_config(LundTreeConfig, {"leaves": True}, source="svj.yaml")

    def test_jets_of_events_are_refused(self):
        nested = cluster(particles([5, 6]), algorithm="ca", radius=10.0)
        with pytest.raises(UserError, match="must be a list of jets"):
            LundTrees.of(nested, LundTreeConfig())


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_company_of_a_jet_changes_nothing(variant):
    config = VARIANTS[variant]
    network = network_of(config)
    trees = LundTrees.of(jets_of([1, 14, 3, 50, 2]), config.tree)
    with torch.no_grad():
        together = network(LundBatch.of(trees))
        alone = [
            network(LundBatch.of(trees[np.array([i])]))[0] for i in range(len(trees))
        ]
        mixed = network(LundBatch.of(trees[np.array([4, 0, 3, 1, 2])]))
    torch.testing.assert_close(torch.stack(alone), together, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(
        mixed, together[torch.tensor([4, 0, 3, 1, 2])], rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("counts", [[1, 1, 1], [2, 1], [2, 2, 1], [40]])
def test_few_nodes_can_be_trained_on(counts):
    """Jets without an edge, and a batch with one node, leave finite gradients."""
    network = LundNet(VARIANTS["LundNet-5"])
    trees = LundTrees.of(jets_of(counts), VARIANTS["LundNet-5"].tree)
    if len(trees.values) < 2:
        pytest.skip("a single node has no spread")
    loss = network(LundBatch.of(trees)).square().sum()
    loss.backward()
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    assert all(each.isfinite().all() for each in gradients)


def test_it_tells_two_prongs_from_one():
    config = VARIANTS["LundNet-5"]
    counts = np.random.default_rng(5).integers(5, 20, 300)
    jets = [jets_of(counts, 6), jets_of(counts, 7, prongs=2)]
    trees = [LundTrees.of(each, config.tree) for each in jets]
    both = LundTrees(
        np.concatenate([each.values for each in trees]),
        np.concatenate([each.neighbours for each in trees]),
        np.concatenate([trees[0].offsets, trees[0].offsets[-1] + trees[1].offsets[1:]]),
    )
    label = torch.arange(600) >= 300
    order = np.random.default_rng(8).permutation(600)
    train, test = order[:400], order[400:]
    torch.manual_seed(9)
    network = LundNet(config)
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    for _ in range(20):
        for chosen in np.array_split(train, 4):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                network(LundBatch.of(both[chosen])), label[chosen].float()
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    network.eval()
    with torch.no_grad():
        logit = network(LundBatch.of(both[test]))
    truth = label[test]
    above = (logit[truth][:, None] > logit[~truth][None, :]).float().mean()
    assert above > 0.97
