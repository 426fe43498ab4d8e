from __future__ import annotations

import os
import signal
import sys

import pytest

import oddjet.io
from oddjet.runs.errors import MissingExtra, UserError
from oddjet.simulate import generate
from oddjet.simulate.cards import load_card
from oddjet.simulate.generate import simulate


@pytest.fixture(scope="module", autouse=True)
def small_blocks():
    """Blocks of sixty events, so that few events are many blocks."""
    card = load_card("zjet_nunu").model_copy(update={"block_events": 60})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generate, "load_card", lambda _: card)
        yield


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """Sixty events, made in this process."""
    pytest.importorskip("pythia8mc", reason="needs the extra [sim]")
    path = tmp_path_factory.mktemp("sample") / "one.parquet"
    return simulate("zjet_nunu", num_events=60, seed=5, path=path)


def test_jobs_do_not_change_a_byte(sample, tmp_path):
    other = simulate(
        "zjet_nunu", num_events=60, seed=5, path=tmp_path / "two.parquet", jobs=2
    )
    assert other.read_bytes() == sample.read_bytes()
    events = oddjet.io.read(other)
    assert len(events) == 60
    assert events.role == "mc"
    assert set(events.id.lumi.to_list()) >= {0, 1}


def test_a_smaller_sample_is_the_beginning_of_a_larger_one(sample, tmp_path):
    smaller = simulate("zjet_nunu", num_events=10, seed=5, path=tmp_path / "s.parquet")
    beginning = oddjet.io.read(sample)[:10]
    assert oddjet.io.read(smaller).met.pt.to_list() == beginning.met.pt.to_list()


def test_another_seed_gives_other_events(sample, tmp_path):
    other = simulate("zjet_nunu", num_events=5, seed=6, path=tmp_path / "o.parquet")
    met = oddjet.io.read(other).met.pt.to_list()
    assert not set(met) & set(oddjet.io.read(sample).met.pt.to_list())


def test_a_higher_cut_leaves_out_softer_events(tmp_path):
    pytest.importorskip("pythia8mc", reason="needs the extra [sim]")
    path = tmp_path / "hard.parquet"
    simulate("zjet_nunu", num_events=5, seed=1, path=path, met_min_gev=400)
    met = oddjet.io.read(path).met.pt
    assert min(met) > 400


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"num_events": 0}, "num_events must be >= 1, got 0"),
        ({"num_events": 1, "jobs": 0}, "jobs must be >= 1, got 0"),
        (
            {"num_events": 1, "met_min_gev": 100},
            "met_min_gev must be >= 200, because zjet_nunu generates no events below",
        ),
    ],
)
def test_numbers_out_of_range_are_named(tmp_path, options, sentence):
    with pytest.raises(UserError, match=sentence):
        simulate("zjet_nunu", seed=1, path=tmp_path / "a.parquet", **options)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_named(tmp_path):
    pytest.importorskip("pythia8mc", reason="needs the extra [sim]")
    path = tmp_path / "nowhere" / "a.parquet"
    with pytest.raises(UserError, match="there is no directory"):
        simulate("zjet_nunu", num_events=1, seed=1, path=path)


def test_without_pythia_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pythia8mc", None)
    with pytest.raises(MissingExtra, match=r"pip install .oddjet\[sim\]"):
        simulate("zjet_nunu", num_events=1, seed=1, path=tmp_path / "a.parquet")


def test_a_killed_worker_is_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(generate, "simulate_block", _die)
    with pytest.raises(UserError, match="a worker process was killed"):
        simulate("zjet_nunu", num_events=1, seed=1, path=tmp_path / "a.parquet", jobs=2)
    assert not list(tmp_path.iterdir())


def _die(*_words, **_options):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_cut_that_nothing_passes_ends_in_a_sentence(sample, monkeypatch, tmp_path):
    empty = oddjet.io.read(sample).array[:0]
    monkeypatch.setattr(generate, "_MAX_EMPTY_BLOCKS", 3)
    monkeypatch.setattr(generate, "simulate_block", lambda *_, **__: empty)
    with pytest.raises(UserError, match=r"none of 3 blocks .* lower met_min_gev"):
        simulate("zjet_nunu", num_events=1, seed=1, path=tmp_path / "none.parquet")
    assert list(tmp_path.iterdir()) == []
