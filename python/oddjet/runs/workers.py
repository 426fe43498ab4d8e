"""Calls in processes of their own, which die with their parent."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, resource_tracker
from typing import TYPE_CHECKING, Any

from oddjet.runs.displays import ForwardingDisplay
from oddjet.runs.errors import UserError
from oddjet.runs.progress import Progress, Relay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Worker", "die_with_parent", "interrupts_held_back", "wait_for_one"]

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


class WorkerTraceback(Exception):
    """The traceback of an exception in a worker, as the cause of that exception."""


@dataclass(frozen=True)
class Outcome:
    """What a call returned, or what it raised."""

    value: Any = None
    error: BaseException | None = None
    cause: WorkerTraceback | None = None


class Worker:
    """One call, running in a spawned process.

    Ctrl-C, which a terminal sends to it too, is left to the parent. The
    process is killed when the parent dies, however that dies.

    Parameters
    ----------
    name : str
        What the call does, for errors.
    function : callable
        Module-level function; called with `arguments` and ``progress=``.
    arguments : tuple
        Its positional arguments, which must pickle.
    progress : Progress
        Where the progress of the call is shown.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        *,
        progress: Progress,
    ) -> None:
        self.name = name
        self._outcome: Outcome | None = None
        self._relay = Relay(progress)
        # Spawned and not forked: a fork copies locks held by other threads.
        context = multiprocessing.get_context("spawn")
        self._messages, theirs = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_serve, args=(theirs, function, arguments), name=name
        )
        try:
            with interrupts_held_back():
                self._process.start()
        except BaseException:
            if self._process.pid is not None:
                self.kill()
            raise
        theirs.close()

    @property
    def running(self) -> bool:
        """Whether the outcome is still to come, as of the last `listen`."""
        return self._outcome is None

    def events(self) -> list[Any]:
        """List what `multiprocessing.connection.wait` can wait for."""
        return [self._messages, self._process.sentinel]

    def listen(self) -> None:
        """Show the progress that has arrived, and note whether the call ended."""
        alive = self._process.is_alive()
        try:
            while self.running and self._messages.poll():
                kind, content = self._messages.recv()
                if kind == "progress":
                    self._relay.show(content)
                else:
                    self._outcome = content
        except EOFError:
            alive = False
        if self.running and not alive:
            self._process.join()
            self._outcome = Outcome(error=_death(self.name, self._process.exitcode))
        if not self.running:
            self._end()

    def result(self) -> Any:
        """Give what the call returned, or raise what it raised.

        Raises
        ------
        UserError
            The process was killed, which usually means too little memory.
        RuntimeError
            The process ended without a word.
        """
        if self._outcome is None:
            message = f"{self.name} is still running"
            raise RuntimeError(message)
        if self._outcome.error is not None:
            raise self._outcome.error from self._outcome.cause
        return self._outcome.value

    def kill(self) -> None:
        """End the process now, and wait until it has ended."""
        self._process.kill()
        self._end()

    def _end(self) -> None:
        self._process.join()
        self._messages.close()
        self._relay.end()


def wait_for_one(workers: Iterable[Worker]) -> list[Worker]:
    """Wait until a worker has ended, showing the progress of all meanwhile.

    Returns
    -------
    list of Worker
        Those that have ended, in the order given; at least one.
    """
    workers = list(workers)
    while True:
        connection.wait([event for worker in workers for event in worker.events()])
        for worker in workers:
            worker.listen()
        if ended := [worker for worker in workers if not worker.running]:
            return ended


def die_with_parent() -> None:
    """Make this spawned process end when its parent does, even by kill -9.

    Every process that oddjet starts calls it first, for example as the
    ``initializer`` of a pool. A process without a parent in oddjet ignores it.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # The parent may have died before the kernel knew what we want.
        if os.getppid() != parent.pid:
            os._exit(1)
    else:
        watch = threading.Thread(target=_exit_after, args=(parent,), daemon=True)
        watch.start()


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Keep Ctrl-C waiting; a process started meanwhile never receives it.

    A terminal sends Ctrl-C to the workers too, but the parent is the one to act.
    Half a start would leave a worker that reads the end of a broken message.
    """
    # Its own start, which the first worker brings about, would end the holding back.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    arrived: list[int] = []
    handler = None
    if threading.current_thread() is threading.main_thread():
        # The mask is that of this thread: another one may take the signal, and
        # Python would still raise it here.
        handler = signal.signal(signal.SIGINT, lambda *_: arrived.append(1))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
        if arrived:
            signal.raise_signal(signal.SIGINT)


def _exit_after(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _serve(
    messages: connection.Connection,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
) -> None:
    """Run the call in the worker process and send its outcome."""
    die_with_parent()
    one_at_a_time = threading.Lock()

    def send(event: tuple[Any, ...]) -> None:
        with one_at_a_time:
            messages.send(("progress", event))

    try:
        with Progress(ForwardingDisplay(send)) as progress:
            outcome = Outcome(function(*arguments, progress=progress))
    except BaseException as error:  # noqa: BLE001, RUF100 - it is raised in the parent
        outcome = _failure(error)
    messages.send(("outcome", outcome))


def _failure(error: BaseException) -> Outcome:
    """Bring an exception and its traceback into a form that pickles."""
    trace = "".join(traceback.format_exception(error)).rstrip()
    cause = WorkerTraceback(f"\n{trace}")
    try:
        # Some exceptions pickle and then do not unpickle.
        return Outcome(error=pickle.loads(pickle.dumps(error)), cause=cause)
    except Exception:
        told = RuntimeError(f"{type(error).__name__}: {error}")
        return Outcome(error=told, cause=cause)


def _death(name: str, exit_code: int | None) -> Exception:
    if exit_code is not None and exit_code < 0:
        return UserError(
            f"{name} was killed by {signal.Signals(-exit_code).name}:"
            " the machine may have too little memory for it"
        )
    return RuntimeError(f"the process of {name} ended with code {exit_code}")
