"""The ``tuft`` command: ``tuft <experiment> [options]``.

An experiment is a module with a frozen dataclass ``Config`` (every field documented), and what
:mod:`experiments.lab.runner` asks for; it is entered in :mod:`experiments.registry`.
"""

import errno
import importlib
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import FrameType

from experiments.registry import EXPERIMENTS

USAGE = "usage: tuft [--version] [--help] <experiment> [options]"

COMMANDS = ("list", "--version", "--help")

MENDABLE = (ValueError, OSError, ArithmeticError, MemoryError, RuntimeError)
"""Errors that the person at the command line can mend: bad input, no space, no compiler, ..."""

TRACEBACK = "TUFT_TRACEBACK"
"""Set this variable to see where in the code an error arose."""


def listing() -> str:
    """The experiments, a line each."""
    width = max(map(len, EXPERIMENTS), default=0)
    lines = [f"  {name:<{width}}  {entry.summary}" for name, entry in EXPERIMENTS.items()]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run one experiment from the command line; the return value is the exit status.

    Errors that can be mended from outside end in one line on stderr and status 2, Ctrl-C in
    status 130.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(
            f"{USAGE}\n\nExperiments:\n{listing()}\n\n`tuft <experiment> --help` lists its options."
        )
        return 0
    if arguments[0] == "--version":
        print(f"tuft {_version()}")
        return 0
    if arguments[0] == "list":
        print(listing())
        return 0
    try:
        with _terminated_like_interrupted():
            _run(*arguments)
    except MENDABLE as error:
        if os.environ.get(TRACEBACK):
            traceback.print_exc()
        print(f"tuft: {_one_line(error)}", file=sys.stderr)
        return 2
    except SystemExit as stop:  # tyro has shown help, or what is wrong with the options
        return stop.code if isinstance(stop.code, int) else 2
    except KeyboardInterrupt as stop:
        left = f" {stop}" if str(stop) else ""
        print(f"tuft: stopped; nothing half-written was left behind.{left}", file=sys.stderr)
        return 130
    return 0


def _run(name: str, *options: str) -> None:
    """Find the experiment, read its options, run it. Imports wait until they are needed."""
    with _interrupted_in_the_end():
        from compartments.lookup import unknown_name
        from experiments.lab.runner import call
        from experiments.parsing import configuration

        if name not in EXPERIMENTS:
            raise unknown_name("experiment", name, [*EXPERIMENTS, *COMMANDS])
        module = importlib.import_module(EXPERIMENTS[name].module)
    sys.excepthook = sys.__excepthook__  # Brian2's writes a log and its own report for any error
    # Brian2 warns of every object that was made and not run: all of them, when it is stopped
    logging.getLogger("brian2.core.base").setLevel(logging.ERROR)
    config = configuration(module.Config, options, f"tuft {name}")
    if getattr(config, "out", None) is not None:
        _check_folder(config.out)
    call(module, config)


@contextmanager
def _interrupted_in_the_end() -> Iterator[None]:
    """A block of imports after which Ctrl-C counts, also where a library has caught it.

    Where it is ignored, as in a shell's background, it stays so: Brian2's handler would call it.
    """
    before, came = signal.getsignal(signal.SIGINT), []

    def interrupt(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if callable(before):
            before(number, frame)

    heard = callable(before) and threading.current_thread() is threading.main_thread()
    if heard:
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        if before == signal.SIG_IGN or (heard and signal.getsignal(signal.SIGINT) is interrupt):
            signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


def _check_folder(folder: Path) -> None:
    """Refuse results where a file is in the way, before any work is done."""
    for place in (folder, *folder.parents):
        if place.is_file():
            raise NotADirectoryError(f"--out: {place} is a file; choose another folder.")


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Within the block, being terminated or hung up on cleans up as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {}
    try:
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows knows no SIGHUP
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # nohup
                before[number] = signal.signal(number, interrupt)
    except ValueError:  # not in the main thread, which alone receives signals
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _one_line(error: BaseException) -> str:
    """What an error says, and the cause that Brian2 wrapped into it, on one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    if _is_disk_full(error):
        text = f"The disk is full; nothing half-written was left behind. ({text})"
    return text


def _is_disk_full(error: BaseException) -> bool:
    """Also where a library has turned the system's error into its own."""
    cause: BaseException | None = error
    while cause is not None:
        if getattr(cause, "errno", None) == errno.ENOSPC or os.strerror(errno.ENOSPC) in str(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _version() -> str:
    try:
        return version("apical-tuft")
    except PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())
