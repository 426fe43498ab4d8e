"""What every long computation needs, whatever it computes.

The files, from the smallest concept to the largest:

- ``errors``: what a user can put right, said in one sentence
- ``seeds``: one number becomes many independent ones
- ``digests``: the sha256 of plain data and of files
- ``atomic``: a file is there completely or not at all
- ``lock``: one writer a directory
- ``config``: YAML in, frozen models out
- ``task``: what is counted while it runs
- ``progress``: a bar on a terminal, a line a minute elsewhere
- ``workers``: calls in processes that die with their parent
- ``provenance``: which versions made a result, and the run log
- ``stages``: a run as a chain of steps that can be interrupted and resumed

This room imports nothing else of oddjet.
"""

from __future__ import annotations
