"""A step in C, compiled and loaded: the same source is compiled once in a process.

Neurons are taken in blocks that stay in the processor's cache while time goes on. Constants are
arguments, so that another value needs no other program.
"""

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from compartments.compiled.functions import DEFINED_IN_C, in_c
from compartments.compiled.step import TimeStep

COMPILERS = ("cc", "gcc", "clang")
"""The first that is found compiles."""

COMPILER_FLAGS = ("-O3", "-std=c99", "-fPIC", "-shared", "-fno-math-errno", "-ffp-contract=off")
"""Without contraction a machine with fused operations rounds as the others do."""

BLOCK = 64


def compiler() -> str | None:
    """The path of a C compiler, if there is one."""
    return next(filter(None, map(shutil.which, COMPILERS)), None)


def c_source(step: TimeStep, differing: Collection[str]) -> str:
    """A step of all neurons, over and over, in C.

    What is wanted of :func:`recordable` is written out; the rest, for which C gets a null pointer,
    is written over and over in the same place.

    Parameters
    ----------
    step : TimeStep
        What to do.
    differing : collection of str
        The constants of which every neuron has its own.
    """
    recorded = recordable(step)
    own = [name for name in step.constants if name in differing]
    shared = [name for name in step.constants if name not in differing]

    def pick(names: Sequence[str], line: str) -> str:
        return "\n".join(line.format(n=name, k=k) for k, name in enumerate(names))

    expressions = [f"const double v_{name} = {in_c(tree)};" for name, tree in step.expressions]
    moves = [f"const double next_{name} = {in_c(tree)};" for name, tree in step.moves]
    return f"""\
#include <math.h>
{DEFINED_IN_C}
void run(long first, long count, long n, double v_dt, double *const *restrict states,
         const double *const *restrict inputs, const long *by_time, const long *by_neuron,
         const double *const *restrict draws, const double *restrict constants,
         const double *const *restrict own, double *const *restrict out)
{{
{pick(shared, "const double v_{n} = constants[{k}];")}
for (long from = 0; from < n; from += {BLOCK}) {{
const long many = n - from < {BLOCK} ? n - from : {BLOCK};
{pick(step.states, "double s_{n}[" + str(BLOCK) + "];")}
{pick(step.inputs, "double a_{n}[" + str(BLOCK) + "];")}
{pick(recorded, "double unwanted_{n}[" + str(BLOCK) + "];")}
for (long k = 0; k < many; k++) {{
{pick(step.states, "s_{n}[k] = states[{k}][from + k];")}
}}
for (long now = first; now < first + count; now++) {{
const double v_t = now*v_dt;
{pick(step.inputs, ARRIVING)}
{pick(recorded, "double *restrict r_{n} = out[{k}] ? out[{k}] + now*n + from : unwanted_{n};")}
for (long k = 0; k < many; k++) {{
{pick(step.states, "const double v_{n} = s_{n}[k];")}
{pick(step.inputs, "const double v_{n} = a_{n}[k];")}
{pick(step.draws, "const double v_{n} = draws[{k}][(now - first)*n + from + k];")}
{pick(own, "const double v_{n} = own[{k}][from + k];")}
{chr(10).join(expressions)}
{pick(recorded, "r_{n}[k] = v_{n};")}
{chr(10).join(moves)}
{pick(step.states, "s_{n}[k] = next_{n};")}
}}
}}
for (long k = 0; k < many; k++) {{
{pick(step.states, "states[{k}][from + k] = s_{n}[k];")}
}}
}}
}}
"""


def recordable(step: TimeStep) -> tuple[str, ...]:
    """Everything that has a value at the beginning of a step."""
    return (*step.states, *step.inputs, *(name for name, _ in step.expressions))


ARRIVING = """\
for (long k = 0; k < many; k++)
  a_{n}[k] = inputs[{k}][now*by_time[{k}] + (from + k)*by_neuron[{k}]];"""


@lru_cache(maxsize=512)
def c_program(source: str) -> Callable[..., None]:
    """The function ``run`` of a source, compiled.

    Raises
    ------
    RuntimeError
        If there is no compiler, or if it fails; with the end of what it said.
    """
    program = compiler()
    if program is None:
        raise RuntimeError(
            f"codegen='c' needs a C compiler, and none of {', '.join(COMPILERS)} can be found. "
            "Install one, or choose codegen='numpy'."
        )
    with tempfile.TemporaryDirectory(prefix="tuft") as folder:
        text, library = Path(folder) / "step.c", Path(folder) / "step.so"
        text.write_text(source, encoding="ascii")
        command = [program, *COMPILER_FLAGS, str(text), "-o", str(library), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = " ".join((done.stderr or done.stdout).split())[-400:]
            raise RuntimeError(f"The generated C does not compile: {said} Choose codegen='numpy'.")
        run = ctypes.CDLL(str(library)).run
    run.restype = None
    whole, pointer = ctypes.c_long, ctypes.c_void_p
    run.argtypes = [whole, whole, whole, ctypes.c_double, *[pointer] * 8]
    return run


def addresses(arrays: Sequence[np.ndarray | None]) -> ctypes.Array:
    """Where arrays of float64 stand, as C reads it; the arrays must outlive the call."""
    places = [None if array is None else array.ctypes.data for array in arrays]
    return (ctypes.c_void_p * max(1, len(arrays)))(*places)
