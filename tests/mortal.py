"""Become another program, which the kernel kills when its parent dies.

Usage: mortal.py PARENT PROGRAM ARGUMENTS... So nothing outlives tests that are killed.
It runs before the other program, not between fork and exec, where a process of many
threads must run no Python.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>; it survives exec


def main():
    parent, program, *arguments = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # The parent may have died before the kernel knew what we want.
        if os.getppid() != int(parent):
            sys.exit(1)
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main()
