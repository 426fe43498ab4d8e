"""What users type becomes files, or one sentence."""

from __future__ import annotations

import pytest

from oddjet.io.paths import Remote, find_files, find_inputs
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
        ("deep", r"deep is a directory; name its files, as in '.*deep/\*'"),
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


def test_broken_links_are_named(folder):
    (folder / "link.parquet").symlink_to(folder / "gone.parquet")
    message = r"link.parquet is a broken link to .*gone.parquet"
    for name in ("link.parquet", "l*.parquet"):
        with pytest.raises(UserError, match=message):
            find_files(folder / name)


def test_remote_addresses_are_kept_and_their_patterns_resolved():
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    for name in ("/remote/b.root", "/remote/a.root"):
        memory.pipe(name, b"root")
    files = find_inputs("memory://remote/*.root")
    assert [str(file) for file in files] == [
        "memory:///remote/a.root",
        "memory:///remote/b.root",
    ]
    assert files[0].open().read() == b"root"
    assert find_inputs("root://server//a.root") == [Remote("root://server//a.root")]
    with pytest.raises(UserError, match=r"no file matches .*memory://nowhere"):
        find_inputs("memory://nowhere/*.root")
    with pytest.raises(UserError, match=r"there is no file memory://remote/c.root"):
        Remote("memory://remote/c.root").open()
    with pytest.raises(UserError, match=r"nothing://x cannot be opened"):
        Remote("nothing://x").open()
    with pytest.raises(UserError, match=r"a.root is not a local file; copy it here"):
        find_files("memory://remote/a.root")
