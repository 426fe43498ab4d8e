"""What `oddjet report` must do with whatever has been run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oddjet.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


def assert_redrawn(run: Path) -> None:
    """The page of a finished run can be drawn again, from its stages alone."""
    page = (run / "report.html").read_bytes()
    (run / "report.html").unlink()
    assert main(["report", str(run)]) == 0
    assert (run / "report.html").read_bytes() == page
