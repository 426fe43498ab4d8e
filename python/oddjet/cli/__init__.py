"""The command line: one file a command.

A command imports the room that does its work when it runs, so that
``oddjet --help`` and each command load only what they need.
"""

from __future__ import annotations
