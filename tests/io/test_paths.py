"""What users type becomes files, or one sentence."""

from __future__ import annotations

import pytest

from oddjet.io.paths import find_files
from oddjet.runs.errors import UserError


@pytest.fixture
def folder(tmp_path):
    for name in ("b.parquet", "a.parquet", "odd[1].parquet"):
        (tmp_path / name).touch()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "c.parquet").touch()
    return tmp_path


def test_patterns_are_sorted_and_arguments_keep_their_order(folder):
    assert find_files(folder / "?.parquet") == [
        folder / "a.parquet",
        folder / "b.parquet",
    ]
    assert find_files([folder / "b.parquet", str(folder / "a.parquet")]) == [
        folder / "b.parquet",
        folder / "a.parquet",
    ]
    assert find_files(folder / "**" / "c.parquet") == [folder / "deep" / "c.parquet"]


def test_an_existing_name_is_no_pattern(folder):
    assert find_files(folder / "odd[1].parquet") == [folder / "odd[1].parquet"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.parquet", "there is no file .*missing.parquet"),
        ("deep", r"deep is a directory; name its files, as in '.*deep/\*.parquet'"),
        ("*.root", r"no file matches the pattern .*\*.root"),
        ("dee?", "no file matches the pattern"),
    ],
)
def test_what_is_no_file_is_named(folder, name, message):
    with pytest.raises(UserError, match=message):
        find_files(folder / name)


def test_nothing_and_twice(folder):
    with pytest.raises(UserError, match="no input files"):
        find_files([])
    with pytest.raises(UserError, match=r"a.parquet is named twice"):
        find_files([folder / "a.parquet", folder / "?.parquet"])
