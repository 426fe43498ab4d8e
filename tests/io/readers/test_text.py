"""HepMC in both versions and any compression, and plain particles, as events."""

from __future__ import annotations

import bz2
import gzip
import lzma

import awkward as ak
import numpy as np
import pyarrow as pa
import pytest

from made_files import hepmc_text
from oddjet.io import Losses, describe, iterate, read
from oddjet.runs.errors import UserError


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def same(data: bytes) -> bytes:
    return data


COMPRESSIONS = [same, gzip.compress, bz2.compress, lzma.compress, zstd]


class TestHepMC:
    @pytest.mark.parametrize("version", [2, 3])
    @pytest.mark.parametrize("compress", COMPRESSIONS)
    def test_events(self, tmp_path, version, compress):
        text = hepmc_text(5, version=version)
        (tmp_path / "a").write_bytes(compress(text.encode()))
        events = read(tmp_path / "a")
        final = [
            [float(word) for word in line.split()[-6 if version == 3 else -10 :][:4]]
            for line in text.splitlines()
            if line.startswith("P ") and " 22 " in line
        ]
        assert (len(events), events.role) == (5, "mc")
        columns = zip(("px", "py", "pz", "energy"), np.array(final).T, strict=True)
        for name, column in columns:
            np.testing.assert_array_equal(ak.flatten(events.particles[name]), column)
        assert events.weight.to_list() == [1, 2, 3, 4, 5]
        assert events.id.event.to_list() == [0, 1, 2, 3, 4]
        record = ak.num(events.truth.particles.px)
        assert record.to_list() == (ak.num(events.particles) + 2).to_list()
        part = read(tmp_path / "a", entry_range=(1, 4))
        assert ak.array_equal(part.array, events.array[1:4])
        joined = ak.concatenate([chunk.array for chunk in iterate(tmp_path / "a", 2)])
        assert ak.array_equal(joined, events.array)

    def test_mev_become_gev(self, tmp_path):
        text = hepmc_text()
        (tmp_path / "a").write_text(text)
        (tmp_path / "b").write_text(text.replace("GEV", "MEV"))
        gev, mev = (read(tmp_path / name).particles.px for name in "ab")
        np.testing.assert_allclose(ak.flatten(gev), 1000 * ak.flatten(mev))

    @pytest.mark.parametrize("version", [2, 3])
    def test_a_file_that_ends_early(self, tmp_path, version):
        lines = hepmc_text(3, version=version).splitlines(keepends=True)
        for cut in (2, 5):  # without the end, and within the last event
            path = tmp_path / f"{cut}.hepmc"
            path.write_text("".join(lines[:-cut]))
            whole = 3 if cut == 1 else 2
            message = rf"{cut}.hepmc ends early, after {whole} whole events"
            for function in (read, describe):
                with pytest.raises(UserError, match=message):
                    function(path)
            losses = Losses()
            assert len(read(path, losses=losses)) == whole
            assert losses.losses[0].num_events is None
            assert losses.losses[0].first_entry == whole

    def test_a_compressed_file_that_ends_early(self, tmp_path):
        for compress in COMPRESSIONS[1:]:
            data = compress(hepmc_text(200).encode())
            (tmp_path / "a").write_bytes(data[: len(data) // 2])
            with pytest.raises(UserError, match=r"a (ends early|is damaged)"):
                read(tmp_path / "a")

    def test_an_event_that_lost_a_line(self, tmp_path):
        lines = hepmc_text(3).splitlines(keepends=True)
        last = max(i for i, line in enumerate(lines) if line.startswith("E 1"))
        del lines[last - 1]
        (tmp_path / "a").write_text("".join(lines))
        with pytest.raises(UserError, match=r"event 0 announces \d+ particles and has"):
            read(tmp_path / "a")

    def test_other_text(self, tmp_path):
        (tmp_path / "a").write_text("run,event\n1,2\n")
        with pytest.raises(
            UserError, match=r"text that oddjet does not know .*'run,ev"
        ):
            read(tmp_path / "a")
        (tmp_path / "a").write_text("1 2 3 4\n")
        with pytest.raises(UserError, match="a is text, not CMS NanoAOD"):
            read(tmp_path / "a", format="nanoaod")


class TestParticles:
    def test_events(self, tmp_path):
        random = np.random.default_rng(1)
        numbers = np.repeat([0, 1, 2, 5], [3, 1, 4, 2])
        rows = random.normal(0, 9, (10, 4))
        table = np.column_stack([numbers, rows])
        np.savetxt(tmp_path / "a", table, fmt=["%d", *["%.17g"] * 4], header="e px")
        events = read(tmp_path / "a")
        assert ak.num(events.particles).to_list() == [3, 1, 4, 2]
        assert events.id.event.to_list() == [0, 1, 2, 5]
        np.testing.assert_array_equal(ak.flatten(events.particles.pz), rows[:, 2])
        for step in (1, 3):
            chunks = [chunk.array for chunk in iterate(tmp_path / "a", step)]
            assert ak.array_equal(ak.concatenate(chunks), events.array)
        assert ak.array_equal(
            read(tmp_path / "a", entry_range=(1, 3)).array, events.array[1:3]
        )

    def test_one_event(self, tmp_path):
        np.savetxt(tmp_path / "a", np.ones((7, 4)))
        assert ak.num(read(tmp_path / "a").particles).to_list() == [7]

    def test_a_wrong_line_is_named(self, tmp_path):
        (tmp_path / "a").write_text("1 2 3 4\n" * 9 + "1 2 x 4\n")
        with pytest.raises(UserError, match=r"a: line 10 is not .* but '1 2 x 4'"):
            read(tmp_path / "a")
