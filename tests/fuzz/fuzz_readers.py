"""Read files with mutated bytes for a while: every one ends in events or a sentence.

    python tests/fuzz/fuzz_readers.py --seconds 60

A worker with a memory limit mutates small files of every format (headers and footers
most of all, lengths, cuts, copies), reads each, and accepts events or a UserError. The
driver watches it from outside: another exception, a crash, a hang or a case that eats
memory is a failure, and the file that did it is kept. Exit status 1 after failures.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

MEMORY_LIMIT_BYTES = 4 << 30
# The slowest whole file reads in a second; a mutated one must not take much longer.
HANG_SECONDS = 60


def whole_files(folder: Path) -> dict[str, bytes]:
    """Write one small file of every format that the tests can make."""
    import pyarrow as pa

    import made_files as made
    from oddjet.io import read, write_events

    nano, delphes = made.nano_branches(6), made.delphes_branches(6)
    text = made.hepmc_text(3)
    made.write_tree(folder / "nano_ttree", nano, name="Events")
    made.write_tree(folder / "nano_rntuple", nano, name="Events", kind="RNTuple")
    made.write_tree(folder / "delphes_ttree", delphes, name="Delphes", basket=2)
    made.write_tree(folder / "jetclass_ttree", made.jetclass_branches(6), name="tree")
    made.write_lhco(folder / "lhco_hdf5", made.lhco_block(6))
    block = made.top_tagging_block(6)
    made.write_top_tagging(folder / "top_tagging_hdf5", block, np.arange(6) % 2)
    write_events(folder / "oddjet_parquet", read(folder / "nano_ttree"))
    (folder / "hepmc3").write_text(text)
    (folder / "hepmc2").write_text(made.hepmc_text(3, version=2))
    (folder / "hepmc3_gzip").write_bytes(gzip.compress(text.encode()))
    with pa.CompressedOutputStream(str(folder / "hepmc3_zstd"), "zstd") as stream:
        stream.write(text.encode())
    np.savetxt(folder / "particles", np.random.default_rng(1).normal(size=(20, 4)))
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def mutated(data: bytes, random: np.random.Generator) -> bytes:
    """Damage a file in one to four ways, near its ends more often than not."""
    out = bytearray(data)
    for _ in range(random.integers(1, 5)):
        where = _place(len(out), random)
        width = int(random.integers(1, 9))
        match random.integers(6):
            case 0:
                out[where] ^= 1 << int(random.integers(8))
            case 1:
                out[where : where + width] = random.bytes(
                    len(out[where : where + width])
                )
            case 2:  # a length or a count that is far too large, or zero
                fill = bytes([int(random.choice([0x00, 0x7F, 0x80, 0xFF]))])
                out[where : where + width] = fill * len(out[where : where + width])
            case 3:
                del out[where:]
            case 4:
                del out[where : where + width]
            case 5:
                other = _place(len(out), random)
                out[where:where] = out[other : other + 8 * width]
        if not out:
            break
    return bytes(out)


def _place(size: int, random: np.random.Generator) -> int:
    edge = min(size, 512)
    match random.integers(4):
        case 0:
            return int(random.integers(edge))
        case 1:
            return int(size - 1 - random.integers(edge))
        case _:
            return int(random.integers(size))


def work(seconds: float, seed: int, folder: Path) -> int:
    """Read mutated files until the time is up; print what came of them."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    from oddjet.io import Losses, iterate, read
    from oddjet.runs.errors import UserError

    warnings.simplefilter("ignore")
    (folder / "whole").mkdir()
    files = whole_files(folder / "whole")
    random = np.random.default_rng(seed)
    outcomes: Counter[str] = Counter()
    end = time.monotonic() + seconds
    # A name may say what a file is not; content decides.
    path = folder / "case.root"
    while time.monotonic() < end:
        name = str(random.choice(list(files)))
        path.write_bytes(mutated(files[name], random))
        (folder / "name").write_text(name)
        try:
            read(path)
            outcomes[f"{name} read"] += 1
        except UserError as error:
            if str(path) not in str(error):
                message = f"the sentence names no file: {error}"
                raise RuntimeError(message) from error
            outcomes[f"{name} refused"] += 1
        losses = Losses()
        list(iterate(path, step=2, losses=losses, check=False))
    print(json.dumps(outcomes, sort_keys=True))
    return 0


def drive(seconds: float, seed: int, keep: Path) -> int:
    """Run workers until the time is up; keep the cases that break one."""
    end = time.monotonic() + seconds
    failures, total = 0, Counter[str]()
    while (left := end - time.monotonic()) > 1:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            command = [sys.executable, __file__, "--worker", name, "--seed", str(seed)]
            command += ["--seconds", str(left)]
            try:
                done = subprocess.run(
                    command,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=left + HANG_SECONDS,
                    check=False,
                )
                why = "" if done.returncode == 0 else f"exit status {done.returncode}"
                details = done.stderr[-2000:]
            except subprocess.TimeoutExpired:
                why, details = "hang", ""
            if not why:
                total.update(json.loads(done.stdout.splitlines()[-1]))
                break
            failures += 1
            seed += 1
            case = folder / "case.root"
            if case.exists():
                keep.mkdir(parents=True, exist_ok=True)
                kept = keep / f"{seed}_{(folder / 'name').read_text()}"
                kept.write_bytes(case.read_bytes())
                print(f"{why}: kept {kept}\n{details}")
            else:
                print(f"{why} before the first case\n{details}")
                break
    for outcome, count in sorted(total.items()):
        print(f"{count:6d} {outcome}")
    print(f"{sum(total.values())} files in the last round, {failures} failures")
    return 1 if failures else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz_readers"))
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is not None:
        return work(options.seconds, options.seed, options.worker)
    return drive(options.seconds, options.seed, options.keep)


if __name__ == "__main__":
    sys.exit(main())
