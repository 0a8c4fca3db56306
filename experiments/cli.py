"""The ``tuft`` command: ``tuft <experiment> [options]``.

An experiment is a module with a frozen dataclass ``Config`` (every field documented) and
``main(config) -> None``; it is entered in :mod:`experiments.registry`.
"""

import importlib
import sys
from importlib.metadata import version

import tyro

from compartments.names import look_up
from experiments.registry import EXPERIMENTS

USAGE = "usage: tuft [--version] [--help] <experiment> [options]"


def listing() -> str:
    """The experiments, a line each."""
    width = max(map(len, EXPERIMENTS), default=0)
    lines = [f"  {name:<{width}}  {entry.summary}" for name, entry in EXPERIMENTS.items()]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run one experiment from the command line; the return value is the exit status.

    Errors that name what is wrong with the input (``ValueError``, ``OSError``) and
    divergence end in one line on stderr and status 2; Ctrl-C ends in status 130.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(
            f"{USAGE}\n\nExperiments:\n{listing()}\n\n`tuft <experiment> --help` lists its options."
        )
        return 0
    if arguments[0] == "--version":
        print(f"tuft {version('apical-tuft')}")
        return 0
    name, rest = arguments[0], arguments[1:]
    if name == "list":
        print(listing())
        return 0
    try:
        entry = look_up("experiment", name, EXPERIMENTS)
        module = importlib.import_module(entry.module)
        module.main(tyro.cli(module.Config, args=rest, prog=f"tuft {name}"))
    except (ValueError, OSError, ArithmeticError, MemoryError) as error:
        print(f"tuft: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("tuft: stopped; nothing half-written was left behind.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
