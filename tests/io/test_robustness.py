"""Bad files end in a sentence or the right answer, and nothing is lost silently."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import awkward as ak
import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest
import uproot

from made_files import FORMATS as KINDS
from made_files import delphes_branches, nano_branches, write_format, write_tree
from oddjet.cli.main import main
from oddjet.io import Losses, iterate, read
from oddjet.runs.errors import UserError

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
    path = write_format(tmp_path / "a", kind)
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
    path = write_format(tmp_path / "a", kind)
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
    path = write_format(tmp_path / "a", "parquet")
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
    path = write_format(tmp_path / "a", "parquet")
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
        path = write_format(tmp_path / name, kind)
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


def test_permission_denied_as_an_ordinary_user():
    # Not in tmp_path: every pytest that starts closes the folder of all to others.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        paths = [write_format(Path(folder, f"{kind}.dat"), kind) for kind in KINDS]
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
        paths = [write_format(tmp_path / f"{n}.root", "nano_ttree") for n in range(4)]
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
        path = write_format(tmp_path / "a.root", "nano_ttree")
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

    @pytest.mark.parametrize("columns", [["partcles"], ["met.ptt"], ["towers"]])
    def test_an_unknown_column_is_a_mistake_of_the_user(self, files, columns):
        losses = Losses()
        with pytest.raises(UserError, match=f"has no column {columns[0]!r}"):
            list(iterate(files, columns=columns, losses=losses))
        with pytest.raises(UserError, match=f"has no column {columns[0]!r}"):
            read(files, columns=columns, losses=losses)
        assert len(losses) == 0

    @pytest.mark.parametrize("workers", [1, 2])
    def test_a_later_file_without_a_column_is_lost(self, tmp_path, workers):
        whole = write_format(tmp_path / "a.root", "nano_ttree")
        branches = {
            name: array
            for name, array in nano_branches(7).items()
            if not name.startswith("Tau_")
        }
        other = write_tree(tmp_path / "b.root", branches, name="Events")
        losses = Losses()
        chunks = iterate(
            [whole, other], columns=["taus"], losses=losses, workers=workers
        )
        assert sum(map(len, chunks)) == 40
        (loss,) = losses.losses
        assert (loss.file, loss.num_events) == (str(other), 7)
        assert "b.root has no column 'taus'" in loss.reason


def test_a_renamed_tree(tmp_path):
    path = write_tree(tmp_path / "a.root", nano_branches(), name="Evnets")
    renamed = read(path)  # found by its branches
    path = write_tree(tmp_path / "b.root", nano_branches(), name="Events")
    assert same(renamed, read(path))


def test_a_branch_that_lacks_is_named_and_its_file_lost(tmp_path):
    branches = delphes_branches(40)
    del branches["EFlowPhoton.Eta"]
    path = write_tree(tmp_path / "a.root", branches, name="Delphes")
    message = r"Delphes of .*a.root has no branch EFlowPhoton.Eta"
    with pytest.raises(UserError, match=message):
        read(path)
    assert len(read(path, columns=["jets"])) == 40
    losses = Losses()
    assert list(iterate(path, columns=["particles"], losses=losses)) == []
    assert losses.num_events == 40
    assert "EFlowPhoton.Eta" in str(losses.losses[0])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "hepmc" not in kind])
def test_zero_events(tmp_path, kind):
    path = write_format(tmp_path / "a", kind, num_events=0)
    (chunk,) = iterate(path)
    assert len(chunk) == len(read(path)) == 0
    assert chunk.fields == read(write_format(tmp_path / "b", kind)).fields


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
        paths = [write_format(tmp_path / f"{n}.root", "nano_ttree") for n in range(3)]
        paths[1].write_bytes(b"root")
        chunks = iterate(paths, 40, workers=3)
        assert len(next(chunks)) == 40
        with pytest.raises(UserError, match=r"1.root is truncated"):
            next(chunks)

    def test_stopping_early_stops_the_threads(self, tmp_path):
        paths = [write_format(tmp_path / f"{n}.root", "nano_ttree") for n in range(3)]
        before = set(threading.enumerate())
        chunks = iterate(paths, 1, workers=3)
        next(chunks)
        started = set(threading.enumerate()) - before
        ours = [t for t in started if t.name.startswith("oddjet-read")]
        assert ours
        chunks.close()
        assert not any(thread.is_alive() for thread in ours)

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
        path = write_format(tmp_path / kind, kind)
        memory.pipe(f"/events/{kind}", path.read_bytes())
        assert same(read(f"memory://events/{kind}"), read(path))


class TestWebServer:
    """Files behind a web server, as a user names them."""

    @pytest.fixture
    def server(self, tmp_path):
        pytest.importorskip("aiohttp")
        handler = partial(RangeHandler, directory=str(tmp_path))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()

    @pytest.mark.parametrize("kind", KINDS)
    def test_files_are_read_like_local_ones(self, server, tmp_path, kind):
        path = write_format(tmp_path / f"{kind}.dat", kind)
        assert same(read(f"{server}/{kind}.dat"), read(path))

    def test_what_is_not_there(self, server):
        with pytest.raises(UserError, match=rf"there is no file {server}/a.root"):
            read(f"{server}/a.root")


class RangeHandler(SimpleHTTPRequestHandler):
    """A server that gives parts of files, as those of data centres do."""

    def send_head(self):
        path = Path(self.translate_path(self.path))
        found = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if found is None or not path.is_file():
            return super().send_head()
        data = path.read_bytes()
        start = int(found[1])
        part = data[start : int(found[2] or len(data)) + 1]
        self.send_response(206)
        last = start + len(part) - 1
        self.send_header("Content-Range", f"bytes {start}-{last}/{len(data)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        return io.BytesIO(part)

    def end_headers(self):
        self.send_header("Accept-Ranges", "bytes")
        super().end_headers()

    def log_message(self, *_):
        """Say nothing."""


def test_a_protocol_whose_package_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec_xrootd", None)
    message = (
        "root://server//a.root cannot be opened: install fsspec-xrootd to access xrootd"
        " storage system"
    )
    with pytest.raises(UserError, match=f"^{message}$"):
        read("root://server//a.root")


def test_the_command_line_tells_it_in_one_sentence(tmp_path, capsys):
    (tmp_path / "a.root").write_bytes(b"root" + bytes(400))
    assert main(["inspect", str(tmp_path / "a.root")]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("oddjet: ")
    assert len(captured.err.strip().splitlines()) == 1
    assert captured.out == ""
