"""Samples with weights: they sum to cross sections, whatever is preferred."""

from __future__ import annotations

import numpy as np
import pytest

import oddjet.io
from oddjet.cli.main import main
from oddjet.learn.folds import fold_of
from oddjet.runs.errors import UserError
from oddjet.simulate.cards import PartonCut, load_card
from oddjet.simulate.generate import simulate
from oddjet.simulate.weighted import simulate_weighted
from oddjet.stats.effective_events import effective_events

pytest.importorskip("pythia8mc", reason="needs the extra [sim]")


def card(**changes):
    """Z + jet, of which nearly all events are written."""
    pythia = (
        *(line for line in load_card("zjet_weighted").pythia if "pTHat" not in line),
        "PhaseSpace:pTHatMin = 300",
        "PartonLevel:MPI = off",
    )
    values = {"block_events": 50, "met_min_gev": 0.0, "pythia": pythia} | changes
    return load_card("zjet_weighted").model_copy(update=values)


def read(paths):
    return [oddjet.io.read(path) for path in paths]


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return simulate_weighted(
        card(),
        num_generated=180,
        seed=3,
        directory=tmp_path_factory.mktemp("weighted"),
        num_files=2,
        responses=2,
    )


def test_weights_of_all_events_sum_to_the_cross_section(paths):
    events = read(paths)
    # 180 in two files of blocks of 50: 100 each, measured twice.
    assert [len(each) for each in events] == [200, 200]
    weight = np.concatenate([each.weight.to_numpy() for each in events])
    # A sum over 200 generated events estimates what many more would give.
    many = simulate_weighted(
        card(block_events=500, process="zjet_again"),
        num_generated=1000,
        seed=4,
        directory=paths[0].parent,
    )
    other = read(many)[0].weight.to_numpy()
    assert len(other) == 1000
    assert weight.sum() == pytest.approx(other.sum(), rel=0.15)
    # Rare events are preferred: weights differ.
    assert other.max() > 5 * other.min() > 0


def test_biased_and_unbiased_choices_agree(tmp_path):
    """The weights undo the bias: cross sections above 450 GeV are the same."""
    plain = card().pythia
    unbiased = tuple(line for line in plain if "bias2" not in line)
    sums, errors = [], []
    for name, pythia in (("biased", plain), ("plain", unbiased)):
        paths = simulate_weighted(
            card(process=name, pythia=pythia, block_events=1000),
            num_generated=2000,
            seed=5,
            directory=tmp_path,
        )
        events = read(paths)[0]
        hard = events.weight.to_numpy()[events.truth.met_pt.to_numpy() > 450]
        sums.append(hard.sum())
        errors.append(np.sqrt((hard**2).sum()))
        if name == "plain":
            assert np.ptp(events.weight.to_numpy()[:1000]) < 1e-12
    assert errors[0] < errors[1]
    assert abs(sums[0] - sums[1]) < 4 * np.hypot(*errors)


def test_a_veto_on_partons_keeps_the_cross_section_above_it(tmp_path):
    """What is stopped counts with its weight, which Pythia's own share leaves out."""
    cut = PartonCut(partons_min=1, pt_min_gev=300, abs_eta_max=10)
    sums, errors, rates = [], [], []
    for name, partons, size in (("vetoed", cut, 300), ("plain", None, 900)):
        paths = simulate_weighted(
            card(process=name, partons=partons, block_events=size),
            num_generated=size,
            seed=6,
            directory=tmp_path,
        )
        events = read(paths)[0]
        hard = events.truth.met_pt.to_numpy() > 500
        weight = events.weight.to_numpy()[hard]
        sums.append(weight.sum())
        errors.append(np.sqrt((weight**2).sum()))
        rates.append(hard.mean())
    assert rates[0] > rates[1]
    assert sums[0] == pytest.approx(sums[1], abs=4 * np.hypot(*errors))
    assert errors[1] < 0.2 * sums[1]


def test_copies_differ_by_the_detector_and_stay_together(paths):
    events = read(paths)[0]
    ids = {name: events.id[name].to_numpy() for name in ("run", "lumi", "event")}
    keys = np.stack(list(ids.values()))
    _, counts = np.unique(keys, axis=1, return_counts=True)
    assert (counts == 2).all()
    order = np.lexsort(keys)
    fold = fold_of(ids, 3)[order].reshape(-1, 2)
    assert (fold[:, 0] == fold[:, 1]).all()
    met = events.met.pt.to_numpy()[order].reshape(-1, 2)
    true = events.truth.met_pt.to_numpy()[order].reshape(-1, 2)
    assert (true[:, 0] == true[:, 1]).all()
    assert (met[:, 0] != met[:, 1]).mean() > 0.99


def test_no_byte_depends_on_jobs_and_files_are_kept(paths, tmp_path):
    again = {
        "num_generated": 180,
        "seed": 3,
        "directory": tmp_path,
        "num_files": 2,
        "responses": 2,
    }
    copies = simulate_weighted(card(), jobs=2, **again)
    assert [p.read_bytes() for p in copies] == [p.read_bytes() for p in paths]
    copies[0].write_bytes(b"kept")
    copies[1].unlink()
    simulate_weighted(card(), **again)
    assert copies[0].read_bytes() == b"kept"
    assert copies[1].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"num_generated": 0}, "num_generated must be >= 1, got 0"),
        ({"responses": 0}, "responses must be >= 1"),
        ({"num_files": -1}, "num_files must be >= 1"),
        ({"process": "zjet_nunu"}, "zjet_nunu has no weights; use `oddjet simulate`"),
        ({"process": "qcd_wighted"}, "did you mean qcd_weighted"),
    ],
)
def test_bad_requests(values, message, tmp_path):
    request = {"process": "qcd_weighted", "num_generated": 10, "seed": 1}
    with pytest.raises(UserError, match=message):
        simulate_weighted(directory=tmp_path, **(request | values))


def test_a_number_of_written_events_is_refused(tmp_path):
    with pytest.raises(UserError, match="use `oddjet simulate-weighted`"):
        simulate("qcd_weighted", num_events=5, seed=1, path=tmp_path / "q.parquet")


@pytest.mark.parametrize(
    "process", ["qcd_weighted", "ttbar_weighted", "wjet_weighted", "zjet_weighted"]
)
def test_pythia_takes_every_card(process, tmp_path):
    small = load_card(process).model_copy(update={"block_events": 20})
    paths = simulate_weighted(small, num_generated=20, seed=1, directory=tmp_path)
    assert (read(paths)[0].met.pt.to_numpy() > 150).all()


def test_the_command_says_what_the_sample_is_worth(tmp_path, capsys, monkeypatch):
    from oddjet.simulate import weighted

    monkeypatch.setattr(weighted, "load_card", lambda _: card())
    arguments = ["simulate-weighted", "zjet_weighted", "--generated", "100"]
    assert main([*arguments, "-o", str(tmp_path)]) == 0
    *files, summary = capsys.readouterr().out.splitlines()
    weight = read([tmp_path / files[0].rpartition("/")[2]])[0].weight.to_numpy()
    worth = effective_events(weight)
    expected = f"100 events written, {weight.sum():.4g} pb, worth {worth:,.0f} events"
    assert summary.startswith(expected)
