"""Bad files end in a sentence or the right answer, and nothing is lost silently."""

from __future__ import annotations

import contextlib
import gzip
import os
import subprocess
import sys
from pathlib import Path

import awkward as ak
import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest
import uproot

from made_files import (
    delphes_branches,
    hepmc_text,
    jetclass_branches,
    lhco_block,
    nano_branches,
    top_tagging_block,
    write_lhco,
    write_top_tagging,
    write_tree,
)
from oddjet.cli.main import main
from oddjet.io import Losses, iterate, read, write_events
from oddjet.runs.errors import UserError


def make(path: Path, kind: str) -> Path:  # noqa: PLR0911 - one a format
    match kind:
        case "delphes":
            return write_tree(path, delphes_branches(40), name="Delphes", basket=10)
        case "nano_ttree":
            return write_tree(path, nano_branches(40), name="Events", basket=10)
        case "nano_rntuple":
            return write_tree(path, nano_branches(40), name="Events", kind="RNTuple")
        case "jetclass":
            return write_tree(path, jetclass_branches(40), name="tree")
        case "lhco":
            return write_lhco(path, lhco_block(40))
        case "top_tagging":
            return write_top_tagging(path, top_tagging_block(40), np.arange(40) % 2)
        case "parquet":
            make(path, "nano_ttree")
            events = read(path)
            return write_events(path, events)
        case "hepmc":
            path.write_text(hepmc_text(40))
        case "hepmc_gz":
            path.write_bytes(gzip.compress(hepmc_text(40).encode()))
    return path


KINDS = [
    *("delphes", "nano_ttree", "nano_rntuple", "jetclass", "lhco", "top_tagging"),
    *("parquet", "hepmc", "hepmc_gz"),
]
#: Formats in which every byte of the events is under a checksum.
CHECKED = ["hepmc_gz"]


def same(left, right):
    """Compare all but id.file, which names the content of the whole file."""
    names = [name for name in right.fields if name != "id"]
    return left.fields == right.fields and ak.array_equal(
        left.array[names], right.array[names], equal_nan=True
    )


@pytest.mark.parametrize("kind", KINDS)
def test_truncation(tmp_path, kind):
    path = make(tmp_path / "a", kind)
    data, whole = path.read_bytes(), read(path)
    for sixteenth in range(16):
        path.write_bytes(data[: len(data) * sixteenth // 16])
        with pytest.raises(UserError, match=str(path)):
            read(path)
        losses = Losses()
        chunks = list(iterate(path, 7, losses=losses))
        assert len(losses) >= 1
        found = sum(map(len, chunks))
        # What is given all the same is the beginning of the file.
        if found:
            assert same(
                read(path, losses=Losses(), entry_range=(0, found)), whole[:found]
            )


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bits(tmp_path, kind):
    path = make(tmp_path / "a", kind)
    data, whole = path.read_bytes(), read(path)
    random = np.random.default_rng(5)
    silent = named = 0
    for _ in range(40):
        damaged = bytearray(data)
        place = random.integers(len(data))
        damaged[place] ^= 1 << int(random.integers(8))
        path.write_bytes(damaged)
        try:
            events = read(path)
        except UserError as error:
            named += str(path) in str(error)
        else:
            named += 1
            silent += not same(events, whole)
    assert named == 40
    if kind in CHECKED:
        assert silent == 0


def test_flipped_bits_in_the_footer_of_parquet(tmp_path):
    path = make(tmp_path / "a", "parquet")
    data = path.read_bytes()
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    random = np.random.default_rng(9)
    for _ in range(60):
        damaged = bytearray(data)
        damaged[random.integers(footer, len(data))] ^= 1 << int(random.integers(8))
        path.write_bytes(damaged)
        with contextlib.suppress(UserError):
            read(path)


def test_flipped_bits_in_a_page_of_parquet(tmp_path):
    path = make(tmp_path / "a", "parquet")
    data, rows = path.read_bytes(), pq.ParquetFile(path).metadata.row_group(0)
    for number in range(0, rows.num_columns, 5):
        column = rows.column(number)
        # The end of a column chunk is the end of a page, whose header is before it.
        end = column.data_page_offset + column.total_compressed_size
        damaged = bytearray(data)
        damaged[end - 2] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"a is damaged \("):
            read(path)


def test_a_web_page_named_root(tmp_path):
    page = "<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>"
    (tmp_path / "a.root").write_text(page)
    with pytest.raises(UserError, match=r"a.root is a web page, not events"):
        read(tmp_path / "a.root")


@pytest.mark.parametrize("name", ["Zerfälle µ→e π⁰.root", "a:b;1.root", "[1] x.root"])
def test_unusual_names(tmp_path, name):
    for kind in ("nano_ttree", "lhco", "parquet", "hepmc"):
        path = make(tmp_path / name, kind)
        assert len(read(path)) == 40


READ_AS_NOBODY = """
import os, sys
from oddjet.io import read
from oddjet.runs.errors import UserError
for path in sys.argv[1:]:
    read(path)  # everything is imported while that is allowed
    os.chmod(path, 0)
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
for path in sys.argv[1:]:
    try:
        read(path)
    except UserError as error:
        print(error)
"""


def test_permission_denied_as_an_ordinary_user(tmp_path):
    paths = [make(tmp_path / f"{kind}.dat", kind) for kind in KINDS]
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if os.getuid() == 0:
            folder.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", READ_AS_NOBODY, *map(str, paths)],
        capture_output=True,
        text=True,
        check=True,
    )
    for path, line in zip(paths, done.stdout.splitlines(), strict=True):
        assert line == f"{path} may not be read (permission denied)"


def test_a_file_that_is_being_written(tmp_path):
    with (
        uproot.recreate(tmp_path / "a.root"),
        pytest.raises(UserError, match=r"a.root (has no tree|is truncated)"),
    ):
        read(tmp_path / "a.root")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file.create_dataset("df/block0_values", data=np.ones((5, 2101)))
        file.flush()
        # As another process sees it: parts are still in memory or not yet copied.
        (tmp_path / "c.h5").write_bytes((tmp_path / "b.h5").read_bytes()[:4096])
    with pytest.raises(UserError, match=r"c.h5 is damaged"):
        read(tmp_path / "c.h5")


class TestLosses:
    @pytest.fixture
    def files(self, tmp_path):
        paths = [make(tmp_path / f"{n}.root", "nano_ttree") for n in range(4)]
        data = paths[1].read_bytes()
        paths[1].write_bytes(data[: len(data) // 2])
        (tmp_path / "4.root").write_text("<html></html>")
        return [*paths, tmp_path / "4.root"]

    @pytest.mark.parametrize("workers", [1, 3])
    def test_the_rest_is_read_and_every_loss_told(self, files, workers):
        losses = Losses()
        chunks = list(iterate(files, 9, losses=losses, workers=workers))
        assert sum(map(len, chunks)) == 120
        assert [loss.file for loss in losses.losses] == [str(files[1]), str(files[4])]
        assert losses.num_unknown == 2
        assert "is truncated" in str(losses.losses[0])
        assert losses.summary().startswith("2 file(s) with losses: 0 events known")

    def test_a_damaged_basket_loses_the_end_of_a_file(self, tmp_path):
        path = make(tmp_path / "a.root", "nano_ttree")
        whole = read(path)
        data = bytearray(path.read_bytes())
        branch = uproot.open(path)["Events"]["PFCands_pt"]
        start = branch.member("fBasketSeek")[2]
        data[start + 60 : start + 200] = bytes(140)
        path.write_bytes(data)
        with pytest.raises(UserError, match=r"a.root is damaged in branch PFCands_pt"):
            read(path)
        losses = Losses()
        chunks = list(iterate(path, 10, losses=losses))
        (loss,) = losses.losses
        assert (loss.first_entry, loss.num_events) == (20, 20)
        assert sum(map(len, chunks)) + losses.num_events == len(whole)
        assert "lost 20 events of" in str(loss)
        assert "entries 20 to 39" in str(loss)

    def test_nothing_left(self, tmp_path):
        (tmp_path / "a.root").write_text("<html></html>")
        with pytest.raises(
            UserError, match=r"no file could be read; lost .*a.root, num"
        ):
            read(tmp_path / "a.root", losses=Losses())

    def test_a_mistake_of_the_user_is_told_not_noted(self, files):
        with pytest.raises(UserError, match="format 'nano' is unknown"):
            list(iterate(files, format="nano", losses=Losses()))


class TestWorkers:
    @pytest.mark.parametrize("workers", [2, 5])
    def test_events_do_not_depend_on_them(self, tmp_path, workers):
        paths = [
            write_tree(
                tmp_path / f"{n}.root", nano_branches(n, seed=n + 1), name="Events"
            )
            for n in (30, 1, 0, 17, 8)
        ]
        one, many = (list(iterate(paths, 6, workers=w)) for w in (1, workers))
        assert [len(chunk) for chunk in one] == [len(chunk) for chunk in many]
        for left, right in zip(one, many, strict=True):
            assert ak.array_equal(left.array, right.array)

    def test_errors_come_in_their_place(self, tmp_path):
        paths = [make(tmp_path / f"{n}.root", "nano_ttree") for n in range(3)]
        paths[1].write_bytes(b"root")
        chunks = iterate(paths, 40, workers=3)
        assert len(next(chunks)) == 40
        with pytest.raises(UserError, match=r"1.root is truncated"):
            next(chunks)

    def test_stopping_early_stops_the_threads(self, tmp_path):
        import threading

        paths = [make(tmp_path / f"{n}.root", "nano_ttree") for n in range(3)]
        chunks = iterate(paths, 1, workers=3)
        next(chunks)
        chunks.close()
        names = [thread.name for thread in threading.enumerate()]
        assert not [name for name in names if name.startswith("oddjet-read")]

    def test_none_is_refused(self, tmp_path):
        with pytest.raises(UserError, match="workers must be >= 1, got 0"):
            iterate(tmp_path / "a.root", workers=0)


@pytest.mark.parametrize(
    "num_files", [50, pytest.param(10_000, marks=pytest.mark.slow)]
)
def test_tiny_files(tmp_path, num_files):
    branches = nano_branches(2)
    kept = ("run", "luminosityBlock", "event", "PuppiMET_pt", "PuppiMET_phi")
    first = write_tree(
        tmp_path / "0.root", {name: branches[name] for name in kept}, name="Events"
    )
    data = first.read_bytes()
    for number in range(1, num_files):
        (tmp_path / f"{number}.root").write_bytes(data)
    total = sum(len(chunk) for chunk in iterate(str(tmp_path / "*.root"), workers=2))
    assert total == 2 * num_files


def test_remote_files_are_read_like_local_ones(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    for kind in KINDS:
        path = make(tmp_path / kind, kind)
        memory.pipe(f"/events/{kind}", path.read_bytes())
        assert same(read(f"memory://events/{kind}"), read(path))


def test_the_command_line_tells_it_in_one_sentence(tmp_path, capsys):
    (tmp_path / "a.root").write_bytes(b"root" + bytes(400))
    assert main(["inspect", str(tmp_path / "a.root")]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("oddjet: ")
    assert len(captured.err.strip().splitlines()) == 1
    assert captured.out == ""
