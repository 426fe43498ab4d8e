"""A search for semi-visible jets that is killed while X and Y learn."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
import yaml

from oddjet.searches import Svj, SvjConfig
from toy_svj_tables import TINY_SVJ, write_svj

pytest.importorskip("torch", reason="needs the extra [train]")

EPOCHS = 6

# The command line with a checkpoint after every epoch; dies by SIGKILL in the epoch
# after so many of its own, and prints how many it did if it does not.
KILLED = """
import os, signal, sys
from oddjet.cli.main import main
from oddjet.learn.abcd_training import AbcdTrainer
from oddjet.learn.checkpoint import Checkpoint

allowed, epochs = int(sys.argv.pop(1)), []
whole_epoch = AbcdTrainer._epoch

def deadly_epoch(self, epoch):
    if len(epochs) == allowed:
        os.kill(os.getpid(), signal.SIGKILL)
    epochs.append(epoch)
    return whole_epoch(self, epoch)

if __name__ == "__main__":
    AbcdTrainer._epoch = deadly_epoch
    Checkpoint.offer = lambda self, state: self.keep(state())
    code = main(sys.argv[1:])
    print("epochs", *epochs)
    sys.exit(code)
"""


def attempt(folder, allowed):
    command = [sys.executable, folder / "killed.py", str(allowed), "search",
               folder / "svj.yaml", "-o", folder / "killed"]  # fmt: skip
    return subprocess.run(command, capture_output=True, check=False)


def test_killed_in_the_training_and_resumed_equals_uninterrupted(tmp_path):
    write_svj(tmp_path)
    training = TINY_SVJ["training"] | {"epochs": EPOCHS}
    config = TINY_SVJ | {"training": training}
    (tmp_path / "svj.yaml").write_text(yaml.safe_dump(config), "utf-8")
    (tmp_path / "killed.py").write_text(KILLED, "utf-8")
    kept = tmp_path / "killed" / "tasks" / "stages" / ".checkpoints"
    for allowed in (2, 3):
        done = attempt(tmp_path, allowed)
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
        assert len(list(kept.glob("*.pt"))) == 1
        assert not (tmp_path / "killed" / "results.json").exists()
    done = attempt(tmp_path, EPOCHS)
    assert done.returncode == 0, done.stderr.decode()
    assert f"epochs {EPOCHS}\n" in done.stdout.decode()  # the last one alone
    assert not kept.exists()
    whole = Svj(SvjConfig(**config), base=tmp_path)
    whole.run(tmp_path / "whole")
    for name in ("results.json", "networks.onnx", "report.html"):
        killed, uninterrupted = (
            (tmp_path / run / name).read_bytes() for run in ("killed", "whole")
        )
        assert killed == uninterrupted, name
    # The history of the multipliers too, from the first epoch on.
    (history,) = (tmp_path / "whole" / "tasks" / "stages").glob("train-*/history.json")
    (other,) = (tmp_path / "killed" / "tasks" / "stages").glob("train-*/history.json")
    assert history.read_bytes() == other.read_bytes()
    assert b'"epoch": 1,' in history.read_bytes()
