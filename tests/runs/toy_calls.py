"""What the tests of workers call in another process."""

from __future__ import annotations

import os
import signal
import time

from oddjet.runs.errors import UserError


class AwkwardError(Exception):
    """Pickles, and does not unpickle: it wants two words."""

    def __init__(self, one, *, two):
        super().__init__(f"{one} + {two}")


def double(number, *, progress):
    with progress.task("doubling"):
        return 2 * number


def sleep(seconds, *, progress):
    with progress.task("sleeping"):
        time.sleep(seconds)


def raise_user_error(*, progress):
    progress.note("looking for muons")
    message = "no muons"
    raise UserError(message)


def raise_awkwardly(*, progress):
    progress.open("left open")
    raise AwkwardError(1, two="words")


def die(*, progress):
    progress.open("left open")
    os.kill(os.getpid(), signal.SIGKILL)


def leave(*, progress):
    progress.open("left open")
    os._exit(7)


def repeat(length, *, progress):
    progress.note("repeating")
    return "x" * length
