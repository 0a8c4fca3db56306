"""Brian2's C++ standalone mode: compiler, progress, divergence, and a device that is put back."""

import contextlib
import io
import os
import shutil
import subprocess
import sysconfig
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from brian2 import Function, get_device, prefs, set_device
from brian2.devices import reset_device
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice

from models.brian_network import BrianParts
from models.divergence import DIVERGED_BEYOND, DivergenceError

_PROGRESS_FILE, _DIVERGED_FILE = "tuft_progress", "tuft_diverged"

REPORT = f"""
std::ofstream progress("{_PROGRESS_FILE}");
progress << completed;
"""
"""C++ that leaves the fraction that is done where :func:`execute` looks for it."""


def missing_programs(codegen: str) -> list[str]:
    """What a code generation needs and cannot be found: a C++ compiler, make, Python's headers."""
    wanted = [] if codegen == "numpy" else [(os.environ.get("CXX") or "g++").split()[0]]
    if codegen == "cpp_standalone":
        wanted.append("make")
    missing = [program for program in wanted if shutil.which(program) is None]
    if codegen == "cython" and not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        missing.append("Python.h (python3-dev)")
    return missing


def check_compiler(codegen: str) -> None:
    """Refuse to go on without what compiles for ``codegen``; numpy needs nothing.

    Raises
    ------
    RuntimeError
        Says what was looked for, and that numpy needs none.
    """
    missing = missing_programs(codegen)
    if missing:
        raise RuntimeError(
            f"codegen={codegen!r} compiles C++, but {' and '.join(missing)} cannot be found. "
            "Install it (CXX names another compiler), or choose codegen='numpy'."
        )


@contextmanager
def device(folder: str) -> Iterator[CPPStandaloneDevice]:
    """Brian2's standalone device for the block; the one before is put back afterwards."""
    set_device("cpp_standalone", build_on_run=False, directory=folder)
    program = get_device()
    try:
        yield program
    finally:
        program.reinit()
        reset_device()


def compile_program(folder: str) -> None:
    """Compile what Brian2 has generated, with make; unlike Brian2's own call, Ctrl-C stops it.

    Raises
    ------
    RuntimeError
        If it does not compile; with the end of what the compiler said.
    """
    make = [*prefs.devices.cpp_standalone.make_cmd_unix.split(), "-s", "-j2"]
    done = subprocess.run(make, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[-400:]
        raise RuntimeError(
            f"The generated C++ does not compile: {said} "
            "Check the compiler (CXX names another), or choose codegen='numpy'."
        )


def _guard(value: float, place: float, time_ms: float) -> float:
    return 0.0  # only ever runs as C++


GUARD = Function(_guard, arg_units=[1, 1, 1], return_unit=1, stateless=False)
GUARD.implementations.add_implementation(
    "cpp",
    f"""
    static double tuft_guard(double value, double place, double time_ms)
    {{
        if (!(std::fabs(value) <= {DIVERGED_BEYOND!r}))
        {{
            std::ofstream note("{_DIVERGED_FILE}");
            note << (int)place << " " << time_ms << " " << value;
            note.close();
            std::exit(3);
        }}
        return 0;
    }}
    """,
    name="tuft_guard",
)


def add_guards(parts: BrianParts, every: int) -> list[tuple[str, str]]:
    """Let the program end when a state diverges, looked at after so many steps.

    Returns
    -------
    list of (population, variable)
        What the numbers in the program's note stand for.
    """
    places: list[tuple[str, str]] = []
    for population in parts.description.populations:
        code = []
        for variable in population.neuron.states:
            code.append(f"guard_{variable} = tuft_guard({variable}, {len(places)}, t/ms)")
            places.append((population.name, variable))
        if code:
            group = parts.groups[population.name]
            group.namespace["tuft_guard"] = GUARD
            runner = group.run_regularly("\n".join(code), dt=every * parts.dt, when="end")
            parts.network.add(runner)
    return places


def execute(
    program: CPPStandaloneDevice,
    folder: str,
    places: Sequence[tuple[str, str]],
    progress: Callable[[float], None],
) -> None:
    """Run the compiled program to its end, reporting progress meanwhile.

    Raises
    ------
    DivergenceError
        If a guard ended the program.
    RuntimeError
        If it failed otherwise.
    """
    done = threading.Event()
    failures: list[BaseException] = []

    def watch() -> None:
        while not done.wait(0.5):
            try:
                fraction = float((Path(folder) / _PROGRESS_FILE).read_text())
            except (OSError, ValueError):  # not yet written, or only half
                continue
            try:
                progress(fraction)
            except BaseException as error:  # to be raised where the caller can see it
                failures.append(error)
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # Brian2 prints the program's output
            program.run(folder, with_output=False)
    except RuntimeError:
        note = Path(folder) / _DIVERGED_FILE
        if not note.exists():
            raise
        place, time_ms, value = note.read_text().split()
        population, variable = places[int(place)]
        raise DivergenceError(population, variable, float(time_ms), float(value)) from None
    finally:
        done.set()
        watcher.join()
    if failures:
        raise failures[0]
