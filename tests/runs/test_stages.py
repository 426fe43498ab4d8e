from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from child_processes import HANG_SECONDS, has_ended, session_has_ended, wait_until
from oddjet.runs.errors import UserError
from oddjet.runs.lock import lock_directory
from oddjet.runs.progress import Progress
from oddjet.runs.stages import Stage, publish, run_stages

HERE = Path(__file__).parent
NAMES = ("generate", "left", "right", "combine")


class Notes(Progress):
    """A silent progress that remembers what it was told."""

    def __init__(self):
        super().__init__(Progress.silent()._display)
        self.notes = []

    def note(self, message):
        self.notes.append(message)


def run(directory, stages, *, jobs=1):
    """Run the stages; give the notes, which say what was up to date."""
    progress = Notes()
    places = run_stages(directory, stages, jobs=jobs, progress=progress)
    assert places == {s.name: directory / "stages" / s.name for s in stages}
    return progress.notes


def up_to_date(notes):
    return [n.partition(":")[0] for n in notes if n.endswith(": up to date")]


def snapshot(directory):
    """All bytes of a run but those of its log."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name != "run.log"
    }


def wait_for_kill(process):
    """Wait until a command that kills itself has ended, and its workers with it."""
    assert process.wait(HANG_SECONDS) == -signal.SIGKILL
    # The kernel has killed them; what they were at may take a moment to end.
    wait_until(lambda: session_has_ended(process.pid))


@pytest.fixture
def reference(toy, tmp_path):
    """The bytes of a run that nothing interrupted."""
    run(tmp_path / "reference", toy.chain())
    return snapshot(tmp_path / "reference")


def test_a_finished_run_is_left_alone(toy, reference, tmp_path):
    assert up_to_date(run(tmp_path / "reference", toy.chain())) == list(NAMES)
    assert snapshot(tmp_path / "reference") == reference
    assert {name for name in reference if name.startswith("stages/combine")} == {
        "stages/combine/manifest.json",
        "stages/combine/more/sum.txt",
        "stages/combine/numbers.txt",
    }


def test_jobs_never_change_a_result(toy, reference, tmp_path):
    run(tmp_path / "run", toy.chain(), jobs=2)
    assert snapshot(tmp_path / "run") == reference


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("stage", NAMES)
def test_killed_in_a_stage_and_resumed(toy, command, reference, stage, jobs):
    wait_for_kill(command.start(jobs=jobs, deed=f"{stage}:kill"))
    assert not (command.directory / "stages" / stage).exists()
    assert list(command.directory.glob(f"stages/.{stage}.*.tmp/numbers.txt"))

    # One job takes the stages in order; beside "left" a second one may end "right".
    earlier = set(NAMES[: NAMES.index(stage)])
    beside = {"right"} if (stage, jobs) == ("left", 2) else set()
    done = up_to_date(run(command.directory, toy.chain()))
    assert set(done) <= earlier | beside
    assert ("generate" in done) == (stage != "generate")
    assert snapshot(command.directory) == reference


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("stage", NAMES)
def test_killed_before_a_rename_and_resumed(toy, command, reference, stage, jobs):
    wait_for_kill(command.start(jobs=jobs, victim=stage))
    assert not (command.directory / "stages" / stage).exists()
    assert list(command.directory.glob(f"stages/.{stage}.*.tmp/manifest.json"))

    assert stage not in up_to_date(run(command.directory, toy.chain()))
    assert snapshot(command.directory) == reference


def test_killed_and_resumed_side_by_side(toy, command, reference):
    wait_for_kill(command.start(jobs=2, deed="right:kill"))
    run(command.directory, toy.chain(), jobs=2)
    assert snapshot(command.directory) == reference


def test_killed_before_any_file_operation_and_resumed():
    # Some ten thousand small files: in memory, where the system offers that.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as room:
        script = [sys.executable, HERE / "toy_killed_anywhere.py", room]
        done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_leaves_nothing_half_written(toy, command, reference, jobs):
    process = command.start(jobs=jobs, deed="right:sleep")
    stages = command.directory / "stages"
    wait_until(command.note.exists)
    log = command.directory / "run.log"
    wait_until(lambda: "left: done" in log.read_text())
    # As a terminal does: to the whole group.
    os.killpg(process.pid, signal.SIGINT)
    errors = process.communicate(timeout=HANG_SECONDS)[1]
    assert process.returncode == -signal.SIGINT
    assert errors.count("Traceback") == 1
    assert has_ended(int(command.note.read_text()))
    assert [path.name for path in command.directory.rglob(".*")] == [".lock"]
    assert sorted(path.name for path in stages.iterdir()) == ["generate", "left"]
    run(command.directory, toy.chain())
    assert snapshot(command.directory) == reference


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_of_a_stage_is_raised_and_leaves_nothing(
    toy, reference, tmp_path, monkeypatch, jobs
):
    directory = tmp_path / "run"
    monkeypatch.setenv("ODDJET_TOY", "right:user-error")
    with pytest.raises(UserError, match=r"^the file has no muons: give one that has$"):
        run(directory, toy.chain(), jobs=jobs)
    monkeypatch.setenv("ODDJET_TOY", "right:bug")
    with pytest.raises(ZeroDivisionError, match="division by cucumber"):
        run(directory, toy.chain(), jobs=jobs)
    stages = sorted(path.name for path in (directory / "stages").iterdir())
    assert stages == ["generate", "left"]
    monkeypatch.delenv("ODDJET_TOY")
    run(directory, toy.chain())
    assert snapshot(directory) == reference


def test_a_worker_that_is_killed_is_told(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("ODDJET_TOY", "left:die")
    with pytest.raises(
        UserError, match=r"^left was killed by SIGKILL: the machine may"
    ):
        run(tmp_path, toy.chain(), jobs=2)
    assert not list((tmp_path / "stages").glob(".*"))


def test_a_function_that_workers_cannot_import_leaves_nothing(tmp_path):
    stage = Stage("local", lambda *_: None)
    with pytest.raises(Exception, match="pickle"):
        run(tmp_path, [stage], jobs=2)
    assert not list((tmp_path / "stages").iterdir())


def touch(path):
    path.write_text(path.read_text() + "1\n")


def delete(path):
    path.unlink()


def add(path):
    path.with_name("stray.txt").write_text("x")


@pytest.mark.parametrize(
    ("deed", "why"),
    [
        (touch, "more/sum.txt has changed"),
        (delete, "more/sum.txt is gone"),
        (add, "more/stray.txt does not belong there"),
    ],
)
def test_outputs_that_were_touched_are_made_again(toy, reference, tmp_path, deed, why):
    directory = tmp_path / "reference"
    deed(directory / "stages" / "left" / "more" / "sum.txt")
    notes = run(directory, toy.chain())
    assert f"left is made again: {why}" in notes
    # Made again it is what it was, so that what follows from it still holds.
    assert up_to_date(notes) == ["generate", "right", "combine"]
    assert snapshot(directory) == reference


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema_version": 1}', None])
def test_a_manifest_that_is_no_manifest_counts_as_none(toy, reference, tmp_path, text):
    manifest = tmp_path / "reference" / "stages" / "left" / "manifest.json"
    edited = manifest.read_text().replace('"factor": 2', '"factor": 7')
    manifest.write_text(edited if text is None else text)
    assert "left" not in up_to_date(run(tmp_path / "reference", toy.chain()))
    assert snapshot(tmp_path / "reference") == reference


@pytest.mark.parametrize(
    ("change", "kept", "told"),
    [
        (
            {"seed": 3},
            [],
            (
                "changed: seed 1 -> 3; invalidates generate"
                " and what follows: left, right, combine"
            ),
        ),
        (
            {"factor": 7},
            ["generate", "right"],
            "changed: scale.factor 2 -> 7; invalidates left and what follows: combine",
        ),
        (
            {"factor": -2, "offset": 9},
            ["generate"],
            (
                "changed: scale.factor 2 -> -2, offset 5 -> 9; invalidates left, right"
                " and what follows: combine"
            ),
        ),
    ],
)
@pytest.mark.usefixtures("reference")
def test_a_changed_argument_invalidates_what_depends_on_it(
    toy, tmp_path, change, kept, told
):
    notes = run(tmp_path / "reference", toy.chain(**change))
    assert notes[0] == told
    assert up_to_date(notes) == kept
    run(tmp_path / "fresh", toy.chain(**change))
    assert snapshot(tmp_path / "reference") == snapshot(tmp_path / "fresh")


@pytest.mark.usefixtures("reference")
def test_versions_sources_and_inputs_enter_the_key(toy, tmp_path):
    *others, combine = toy.chain()
    directory = tmp_path / "reference"
    combine = replace(combine, versions={"sum": 2})
    notes = run(directory, [*others, combine])
    assert notes[0] == "changed: version of sum 1 -> 2; invalidates combine"
    combine = replace(combine, sources={"signal region": "abc"})
    notes = run(directory, [*others, combine])
    assert notes[0] == "changed: content of signal region; invalidates combine"
    combine = replace(combine, inputs=("left", "right", "generate"))
    notes = run(directory, [*others, combine])
    assert notes[0] == (
        "changed: inputs left, right -> generate, left, right; invalidates combine"
    )


@pytest.mark.usefixtures("reference")
def test_what_is_untracked_changes_nothing(toy, tmp_path):
    stages = toy.chain(untracked={"place": tmp_path})
    assert up_to_date(run(tmp_path / "reference", stages)) == list(NAMES)


def test_an_equal_output_upstream_keeps_what_follows(toy, reference, tmp_path):
    stages = toy.chain()
    stages[0] = replace(stages[0], versions={"generator": 2})
    notes = run(tmp_path / "reference", stages)
    assert notes[0].startswith("changed: version of generator absent -> 2; invalidates")
    assert up_to_date(notes) == ["left", "right", "combine"]
    assert snapshot(tmp_path / "reference").keys() == reference.keys()


def test_one_writer_a_directory(toy, command):
    process = command.start(deed="generate:sleep")
    wait_until(command.note.exists)
    with pytest.raises(UserError, match=f"is in use by process {process.pid} on"):
        run(command.directory, toy.chain())
    process.kill()
    process.wait()
    with lock_directory(command.directory):
        run(command.directory, toy.chain())


def test_progress_of_workers_reaches_the_parent(command):
    errors = command.start(jobs=2).communicate(timeout=HANG_SECONDS)[1]
    # A slow machine has a line more, after each minute.
    timely = [line for line in errors.splitlines() if " after " not in line]
    lines = [line.partition(" in ")[0] for line in timely]
    assert sorted(lines) == sorted(
        line
        for name in NAMES
        for line in (
            f"{name}: started",
            f"{name}: writing: started",
            f"{name}: writing: done, 20",
            f"{name}: done",
        )
    )
    log = (command.directory / "run.log").read_text().splitlines()
    assert "toy.py" in log[0]
    assert [line.split()[1] for line in log[1:]][::3] == ["generate:", "combine:"]


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([Stage("a", print), Stage("a", print)], "two stages are named a"),
        ([Stage("a", print, inputs=("b",))], "a reads b, no earlier stage"),
        ([Stage("../a", print)], "'../a' cannot name a stage"),
        ([Stage(".a", print)], "'.a' cannot name a stage"),
    ],
)
def test_stages_that_are_no_chain_are_refused(tmp_path, stages, message):
    with pytest.raises(ValueError, match=message):
        run(tmp_path, stages)


def test_jobs_must_be_positive(tmp_path):
    with pytest.raises(UserError, match=r"^jobs must be >= 1, got 0$"):
        run(tmp_path, [], jobs=0)


def test_a_path_cannot_be_an_argument(tmp_path):
    stage = Stage("a", print, {"file": tmp_path})
    with pytest.raises(TypeError, match="a path has no digest"):
        run(tmp_path, [stage])


@pytest.mark.usefixtures("reference")
def test_publish_copies_an_output(tmp_path):
    source = tmp_path / "reference" / "stages" / "combine" / "numbers.txt"
    publish(source, tmp_path / "numbers.txt")
    publish(source, tmp_path / "numbers.txt")
    assert (tmp_path / "numbers.txt").read_bytes() == source.read_bytes()
    assert not list(tmp_path.glob(".*"))
