"""What the runtime promises: a score is the same in any company and on any thread."""

from __future__ import annotations

import importlib.metadata
import types
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from oddjet.deploy import providers
from oddjet.deploy.batching import EQUAL_LENGTHS, FULL_BUCKETS, BatchPolicy
from oddjet.deploy.bundle import model_bytes
from oddjet.deploy.edge_conv_graph import (
    EdgeConvDesign,
    bytes_per_constituent,
    edge_conv_graph,
)
from oddjet.deploy.runtime import JetSession
from oddjet.runs.errors import MissingExtra, UserError
from toy_jets import toy_jets, toy_weights

# Widths on both sides of what the matrix products of ONNX Runtime take in one go.
WIDE = ((32, 32), (144, 64)), (40,)
LONGEST = 40


@pytest.fixture(scope="module")
def model():
    weights = [toy_weights(*WIDE, seed=seed) for seed in (1, 2)]
    return model_bytes(edge_conv_graph(weights, EdgeConvDesign(7, 0.1, (0, 1))))


@pytest.fixture(scope="module")
def jets():
    return toy_jets(400, seed=1, sizes=(0, LONGEST), length=LONGEST)


def in_runtime(model, threads=1, policy=EQUAL_LENGTHS):
    """With a policy, ONNX Runtime computes what oddjet's own kernel otherwise does."""
    session = JetSession(model, "cpu", threads, policy=policy)
    assert session.engine == "CPUExecutionProvider of ONNX Runtime"
    return session


@pytest.fixture(scope="module")
def expected(model, jets):
    return in_runtime(model).run(*jets)


def same(first, second):
    return all(a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 6, 12, 13, 24, 64])
def test_no_bit_depends_on_how_many_share_a_run(model, jets, expected, rows):
    policy = BatchPolicy(rows, 1 << 40, 1, full=False)
    assert same(in_runtime(model, policy=policy).run(*jets), expected)


@pytest.mark.parametrize("length", range(1, LONGEST + 1))
def test_no_bit_depends_on_the_company_at_any_length(model, length):
    values, mask = toy_jets(13, seed=length, sizes=(length, length), length=length)
    session = in_runtime(model)
    alone = [session.run(values[i : i + 1], mask[i : i + 1])[1] for i in range(13)]
    assert np.concatenate(alone).tobytes() == session.run(values, mask)[1].tobytes()


def test_no_bit_depends_on_threads(model, jets, expected):
    assert same(in_runtime(model, threads=3).run(*jets), expected)


def test_one_session_serves_many_threads(model, jets, expected):
    session = in_runtime(model, threads=2)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: session.run(*jets), range(8)))
    assert all(same(result, expected) for result in results)


def test_full_buckets_give_the_same_up_to_rounding(model, jets, expected):
    session = in_runtime(model, policy=FULL_BUCKETS)
    for found, wanted in zip(session.run(*jets), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=2e-5)


def test_the_order_of_constituents_does_not_matter(model, jets, expected):
    values, mask = jets
    order = np.random.default_rng(2).permutation(LONGEST)
    score, _ = in_runtime(model).run(values[:, order], mask[:, order])
    np.testing.assert_allclose(score, expected[0], atol=2e-5)


def test_a_jet_without_constituents_is_nan_and_only_that(jets, expected):
    empty = ~jets[1].any(axis=1)
    assert np.count_nonzero(empty) > 1
    assert (np.isnan(expected[0]) == empty).all()
    assert (np.isnan(expected[1]).all(axis=1) == empty).all()


def test_runs_hold_jets_of_one_length_and_lose_none():
    counts = np.array([5, 0, 3, 5, 4, 5, 3])
    policy = BatchPolicy(2, 1 << 20, 1, full=False)
    runs = list(policy.runs(counts, bytes_per_constituent=8))
    assert [(run.jets.tolist(), run.length) for run in runs] == [
        ([2, 6], 3),
        ([4], 4),
        ([0, 3], 5),
        ([5], 5),
    ]
    full = list(
        BatchPolicy(3, 1 << 20, 4, full=True).runs(counts, bytes_per_constituent=8)
    )
    assert [(run.jets.tolist(), run.length, run.rows) for run in full] == [
        ([2, 4, 6], 4, 3),
        ([0, 3, 5], 8, 3),
    ]


def test_a_run_is_as_large_as_the_cache_allows():
    design = EdgeConvDesign(7, 0.1, (0, 1))
    width = bytes_per_constituent(toy_weights(*WIDE, seed=1), design)
    assert width == 4 * 7 * 144
    counts = np.full(1000, 20)
    sizes = {
        run.rows for run in EQUAL_LENGTHS.runs(counts, bytes_per_constituent=width)
    }
    assert max(sizes) == (1 << 19) // (20 * width)
    # One jet alone may be larger; it is scored all the same.
    wide = list(EQUAL_LENGTHS.runs(counts, bytes_per_constituent=1 << 20))
    assert len(wide) == 1000


def test_a_policy_that_scores_nothing_is_refused():
    with pytest.raises(UserError, match="most_rows must be >= 1, got 0"):
        BatchPolicy(0, 1, 1, full=False)


def installed(*names):
    def version(name):
        if name not in names:
            raise importlib.metadata.PackageNotFoundError(name)
        return "1.0"

    return version


def test_two_runtimes_are_explained(monkeypatch):
    both = installed("onnxruntime", "onnxruntime-gpu")
    monkeypatch.setattr(providers.metadata, "version", both)
    with pytest.raises(UserError, match="both installed and overwrite each other"):
        providers.onnx_runtime()


def test_no_runtime_names_both_extras(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(MissingExtra, match=r"oddjet\[onnx\].*oddjet\[onnx-gpu\]"):
        providers.onnx_runtime()


def test_providers_are_chosen():
    gpu = types.SimpleNamespace(
        get_available_providers=lambda: [
            "TensorrtExecutionProvider",
            "CUDAExecutionProvider",
            "CPUExecutionProvider",
        ]
    )
    chosen = providers.chosen_providers
    assert chosen(gpu, None) == ["CUDAExecutionProvider", "CPUExecutionProvider"]
    assert chosen(gpu, "TensorRT") == ["TensorrtExecutionProvider"]
    assert chosen(gpu, ["cuda", "cpu"]) == chosen(gpu, None)
    cpu = types.SimpleNamespace(
        get_available_providers=lambda: ["CPUExecutionProvider"]
    )
    assert chosen(cpu, None) == ["CPUExecutionProvider"]
    with pytest.raises(UserError, match="no provider 'cuda' here; it has CPU"):
        chosen(cpu, "cuda")


def test_a_provider_that_does_not_start_is_told(model, monkeypatch):
    import onnxruntime

    real = onnxruntime.InferenceSession
    monkeypatch.setattr(
        onnxruntime,
        "get_available_providers",
        lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"],
    )

    def without_cuda(model, options, providers):
        assert providers[0] == "CUDAExecutionProvider"
        return real(model, options, providers=["CPUExecutionProvider"])

    monkeypatch.setattr(onnxruntime, "InferenceSession", without_cuda)
    with pytest.raises(UserError, match="could not start CUDAExecutionProvider"):
        JetSession(model, "cuda", 1)
    # Chosen automatically, it may fall back, and says so.
    assert JetSession(model, None, 1).provider == "CPUExecutionProvider"
