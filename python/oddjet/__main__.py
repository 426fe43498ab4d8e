"""`python -m oddjet` is the command `oddjet`."""

from __future__ import annotations

import sys

from oddjet.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
