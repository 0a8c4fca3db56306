"""``python -m fuzz``: so many odd calls, each in a child process with limits; counts by outcome.

The children are forks of this process, which has loaded everything once.
"""

import argparse
import multiprocessing
import os
import resource
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from fuzz.outcomes import Drawn, Outcome, drawn, outcome_of

SECONDS = 120.0
"""No call may take longer."""

GIGABYTES = 3.0
"""Memory that a child may take beside what the libraries took."""

CALLS_A_CHILD = 200


def outcomes(numbers: range, seed: int, command_line: float) -> Iterator[tuple]:
    """For every number its call, its outcome and what was said."""
    queue = list(reversed(numbers))
    while queue:
        here, there = multiprocessing.Pipe()
        child = multiprocessing.get_context("fork").Process(
            target=_answer, args=(there, seed, command_line), daemon=True
        )
        child.start()
        there.close()
        for _ in range(CALLS_A_CHILD):
            if not queue:
                break
            number = queue.pop()
            case = drawn(number, seed, command_line)
            here.send(number)
            found = _received(here)
            yield (number, case, *found)
            if found[0] in (Outcome.HANG, Outcome.CRASH):
                break
        here.close()
        child.kill()
        child.join()


def _received(pipe: Connection) -> tuple[Outcome, str]:
    try:
        if not pipe.poll(SECONDS):
            return Outcome.HANG, f"more than {SECONDS:g} s"
        return pipe.recv()
    except (EOFError, ConnectionResetError):
        return Outcome.CRASH, "the process ended"


def _answer(pipe: Connection, seed: int, command_line: float) -> None:
    """In a child: make the calls whose numbers come."""
    taken = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
    limit = int(taken * resource.getpagesize() + GIGABYTES * 1e9)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    while True:
        try:
            number = pipe.recv()
        except EOFError:
            return
        pipe.send(outcome_of(drawn(number, seed, command_line)))


def main() -> int:
    """Print the counts, and every call that was not fine or clear."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first call")
    parser.add_argument("--command-line", type=float, default=0.1, help="share of the calls")
    given = parser.parse_args()
    start, counts = time.monotonic(), Counter()
    places = defaultdict(list)
    numbers = range(given.first, given.first + given.calls)
    for number, case, outcome, said in outcomes(numbers, given.seed, given.command_line):
        counts[outcome] += 1
        if outcome not in (Outcome.FINE, Outcome.CLEAR):
            places[outcome, case.what, *case.bad].append(number)
            print(f"{outcome} #{number} {_shown(case)}: {said}", flush=True)
    print(f"{given.calls} calls, seed {given.seed}, {time.monotonic() - start:.0f} s; ", end="")
    print(", ".join(f"{outcome} {counts[outcome]}" for outcome in Outcome))
    wrong = counts[Outcome.SILENT] + counts[Outcome.HANG] + counts[Outcome.CRASH]
    return 1 if wrong or counts[Outcome.OBSCURE] >= 0.01 * given.calls else 0


def _shown(case: Drawn) -> str:
    inside = ", ".join(
        f"{name}={label}{' (!)' if name in case.bad else ''}"
        for name, label in case.arguments.items()
    )
    return f"{case.what}({inside})"


if __name__ == "__main__":
    sys.exit(main())
