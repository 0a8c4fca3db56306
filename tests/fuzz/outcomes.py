"""What may become of a call, defined; and the drawing of calls from kinds of arguments."""

import ast
import contextlib
import functools
import io
import os
import random
import re
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from compartments.domains import shown
from fuzz.calls import CALLS, Call
from fuzz.command_line import COMMANDS, arguments_of
from models import DivergenceError
from rate_bridge.training.trainer import Diverged

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("compartments", "models", "rate_bridge", "experiments")

DOCUMENTED = (
    *(ValueError, TypeError, OSError, MemoryError),
    *(DivergenceError, Diverged, FloatingPointError),
)
"""What Tuft's functions say that they raise."""


class Outcome(StrEnum):
    """What became of a call."""

    FINE = "fine"  # every argument was in its domain, and it returned
    CLEAR = "clear"  # refused by Tuft, in one line that names a bad argument
    OBSCURE = "obscure"  # raised inside a library, by accident, or without naming the argument
    SILENT = "silent"  # it returned, though an argument was outside its domain
    HANG = "hang"  # no answer within the time limit
    CRASH = "crash"  # the process ended


@dataclass(frozen=True)
class Drawn:
    """A call with its arguments, by the names of their values.

    Parameters
    ----------
    what : str
        A key of CALLS, or a command.
    arguments : dict of str to str
        Names of values; see :func:`value_of`.
    bad : tuple of str
        The arguments that are outside their domain.
    """

    what: str
    arguments: dict[str, str]
    bad: tuple[str, ...]


def drawn(number: int, seed: int, command_line: float = 0.1) -> Drawn:
    """The call of that number: a pure function of number and seed."""
    chance = random.Random(f"{seed}-{number}")
    if chance.random() < command_line:
        return _drawn_command(chance)
    what = chance.choice(list(CALLS))
    call = CALLS[what]
    given = [*call.needed, *(n for n in call.optional if chance.random() < 0.3)]
    count = chance.choices((0, 1, 2), (1, 8, 1))[0]
    if call.simulates and chance.random() < 0.8:
        count = max(count, 1)
    spoilt = chance.sample(given, min(count, len(given)))
    arguments, bad = {}, []
    for name in given:
        kind = {**call.needed, **call.optional}[name]
        pool = kind.good
        if name in spoilt:
            inside = chance.random() < 0.2 and kind.odd  # such as a number without room for it
            pool = kind.odd if inside else kind.bad
            bad += [] if inside else [name]
        arguments[name] = chance.choice(list(pool))
    return Drawn(what, arguments, tuple(bad))


def _drawn_command(chance: random.Random) -> Drawn:
    what = chance.choice(list(COMMANDS))
    option = chance.choice(list(COMMANDS[what]))
    word = chance.choice(COMMANDS[what][option])
    return Drawn(f"tuft {what}", {option: word}, (option,))


def outcome_of(case: Drawn) -> tuple[Outcome, str]:
    """Make the call in this process; its outcome, and what was said."""
    with _in_a_folder_of_its_own(), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # numpy's: lost imaginary parts, overflow
        if case.what.startswith("tuft "):
            return _of_command(case)
        return _of_call(CALLS[case.what], case)


def _of_call(call: Call, case: Drawn) -> tuple[Outcome, str]:
    kinds = {**call.needed, **call.optional}
    given = {}
    for name, label in case.arguments.items():
        kind = kinds[name]
        given[name] = {**kind.bad, **kind.odd, **kind.good}[label]()
    try:
        call.function(**given)
    except Exception as error:
        came = [given[name] for name in case.bad]
        keys = [key for value in came if isinstance(value, dict) for key in value]
        return judged(error, case, [*map(shown, came), *keys])
    return (Outcome.SILENT if case.bad else Outcome.FINE), ""


def _of_command(case: Drawn) -> tuple[Outcome, str]:
    from experiments import cli

    seen: list[BaseException] = []
    one_line = cli._one_line

    def noted(error: BaseException) -> str:
        seen.append(error)
        return one_line(error)

    said = io.StringIO()
    cli._one_line = noted
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            code = cli.main(arguments_of(case.what.removeprefix("tuft "), case.arguments))
    except Exception as error:
        return Outcome.OBSCURE, _last_line(error)
    finally:
        cli._one_line = one_line
    if seen:
        words = case.arguments.values()
        options = [repr(word.partition("=")[0]) for word in words if "=" in word[1:]]
        long = [part for word in words for part in (word, word.partition("=")[0]) if len(part) > 2]
        return judged(seen[-1], case, [*map(repr, words), *options, *long])
    if code == 0:
        return Outcome.SILENT, ""
    names = _names([*case.bad, *case.arguments.values()], said.getvalue())
    return (Outcome.CLEAR if names else Outcome.OBSCURE), " ".join(said.getvalue().split())


def judged(error: Exception, case: Drawn, came: list[str]) -> tuple[Outcome, str]:
    """Whether an error is clear: it names an argument, or quotes what came for a bad one."""
    said = str(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    path = Path(frame.filename)
    own = path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in PACKAGES
    clear = (
        isinstance(error, DOCUMENTED)
        and own
        and frame.lineno in _raising_lines(path)
        and "\n" not in said
        and (_names(case.arguments, said) or any(text in said for text in came) or not case.bad)
    )
    return (Outcome.CLEAR if clear else Outcome.OBSCURE), _last_line(error)


def _names(arguments: Iterable[str], said: str) -> bool:
    """Whether it says the name of one of them, as a word or an option."""
    words = {word.strip("_") for word in re.split(r"[^a-z0-9_]+", said.replace("-", "_").lower())}
    return any(name.strip("-").replace("-", "_").lower() in words for name in arguments)


def _last_line(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{frame.filename.removeprefix(str(ROOT))}:{frame.lineno}"
    return f"{type(error).__name__} at {where}: {' '.join(str(error).split())[:300]}"


@functools.cache
def _raising_lines(path: Path) -> frozenset[int]:
    """The lines of a file that stand in a ``raise`` statement."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    raising = (node for node in ast.walk(tree) if isinstance(node, ast.Raise))
    return frozenset(
        line for node in raising for line in range(node.lineno, (node.end_lineno or 0) + 1)
    )


@contextlib.contextmanager
def _in_a_folder_of_its_own() -> Iterator[None]:
    before = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="tuft-fuzz-", ignore_cleanup_errors=True) as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)
            sys.stdout.flush()
