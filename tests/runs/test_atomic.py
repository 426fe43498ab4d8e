from __future__ import annotations

import pytest

from oddjet.runs.atomic import (
    atomic_path,
    remove_leftovers,
    temporary_sibling,
    write_json_atomic,
    write_text_atomic,
)
from oddjet.runs.errors import UserError


def contents(directory):
    return {path.name: path.read_text() for path in directory.iterdir()}


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "scores.parquet"
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".parquet"
        temporary.write_text("whole")
    assert contents(tmp_path) == {"scores.parquet": "whole"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path, error):
    write_text_atomic(tmp_path / "a.txt", "old")

    def write_half():
        with atomic_path(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        write_half()
    assert contents(tmp_path) == {"a.txt": "old"}


def test_nothing_written_is_an_error_and_leaves_nothing(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "a.txt"):
        pass
    assert contents(tmp_path) == {}


def test_a_destination_that_cannot_be_is_told(tmp_path):
    with pytest.raises(UserError, match=r"x/a.txt: there is no directory .*x$"):
        write_text_atomic(tmp_path / "x" / "a.txt", "")
    with pytest.raises(UserError, match="it is a directory"):
        write_text_atomic(tmp_path, "")


def test_equal_values_give_equal_json(tmp_path):
    write_json_atomic(tmp_path / "a", {"b": [1.5], "a": {"d": None, "c": 1}})
    write_json_atomic(tmp_path / "b", {"a": {"c": 1, "d": None}, "b": [1.5]})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes().endswith(b"}\n")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json_atomic(tmp_path / "a", float("nan"))


def test_leftovers_are_told_from_files_of_the_user(tmp_path):
    kept = [".hidden", "a.tmp", ".a.tmp", ".lock", ".a.1-2.tmp"]
    for name in kept:
        (tmp_path / name).write_text("")
    temporary_sibling(tmp_path / "train").mkdir()
    (temporary_sibling(tmp_path / "results.json")).write_text("half")
    remove_leftovers(tmp_path)
    assert sorted(contents(tmp_path)) == sorted(kept)
