"""The guides can be followed: their configurations are read, their links lead on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oddjet.runs.config import load_yaml
from oddjet.searches.reading import search_class
from oddjet.studies.reading import read_study

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def configurations() -> dict[str, str]:
    """Give the YAML of each search and study; what names neither goes on from there."""
    found: dict[str, str] = {}
    for page in PAGES:
        name = ""
        for block in re.findall(
            r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL
        ):
            first = block.partition(":")[0]
            if first in {"search", "study", "signal_region"}:
                name = f"{page.stem} {len(found)}, {block.splitlines()[0]}"
                found[name] = block
            elif name:
                found[f"{name}, and {first}"] = found[name] + block
    return found


@pytest.mark.parametrize("name", configurations())
def test_a_configuration_of_the_guides_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "example.yaml"
    path.write_text(configurations()[name], "utf-8")
    content = load_yaml(path)
    if "study" in content:
        assert read_study(path).config is not None
    else:
        assert search_class(content).from_yaml(path).config is not None


def test_every_search_and_the_studies_have_a_guide() -> None:
    names = " ".join(configurations())
    for wanted in ("search: dijet", "search: svj", "signal_region", "study: tables"):
        assert wanted in names


def anchors(page: Path) -> set[str]:
    """Name the headings as GitHub links to them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if not link.startswith("https://"):
            file, _, anchor = link.partition("#")
            target = page.parent / file if file else page
            assert target.is_file(), link
            assert not anchor or anchor in anchors(target), link
