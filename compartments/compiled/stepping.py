"""Many steps of a neuron, in C or in numpy: the same numbers but for rounding."""

import ctypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import sympy
from jaxtyping import Float

from compartments.compiled.c_program import addresses, c_program, c_source, compiler, recordable
from compartments.compiled.functions import in_numpy
from compartments.compiled.step import TimeStep, step_of
from compartments.neuron import Neuron
from compartments.per_neuron import is_array

CODEGEN = ("c", "numpy")

CHUNK = 2_000_000
"""Steps times neurons between two moments at which Python looks up: to be stopped, to draw."""

C_SECONDS = 1e-9
"""The least that a step of one neuron takes in C."""


@dataclass(frozen=True)
class Driven:
    """What a run starts from.

    Parameters
    ----------
    inputs : mapping of str to array, (time or 1, unit or 1)
        Every input, in SI units.
    n, steps : int
        Neurons and time steps.
    dt_s : float
        Time step in seconds.
    recorded : sequence of str
        Variables that are wanted at the beginning of each step.
    seed : int
        Of the random numbers.
    """

    inputs: Mapping[str, Float[np.ndarray, "_time _unit"]]
    n: int
    steps: int
    dt_s: float
    recorded: Sequence[str]
    seed: int


def chosen(codegen: str | None) -> str:
    """``"c"`` where there is a compiler, else ``"numpy"``, unless one is asked for."""
    return codegen or ("numpy" if compiler() is None else "c")


def stepped(
    neuron: Neuron, method: str, given: Driven, codegen: str
) -> dict[str, Float[np.ndarray, "time unit"]]:
    """What is recorded, in SI units.

    Raises
    ------
    RuntimeError
        For C, where there is no compiler.
    ValueError
        For a method that does not fit the equations.
    """
    shape = (given.steps, given.n)
    out = {name: np.empty(shape) for name in dict.fromkeys(given.recorded)}
    states = {
        name: np.array(np.broadcast_to(np.asarray(neuron.initial.get(name, 0.0)), given.n), float)
        for name in neuron.states
    }
    move = (_in_c if codegen == "c" else _with_numpy)(neuron, method, given, states, out)
    for first, count, draws in _chunks(neuron, given):
        move(first, count, draws)
    return out


Arrays = dict[str, np.ndarray]

Move = Callable[[int, int, Sequence[np.ndarray]], None]
"""Takes the first step of a chunk, how many there are, and the random numbers of all of them."""


def _chunks(neuron: Neuron, given: Driven) -> Iterator[tuple[int, int, list[np.ndarray]]]:
    generator = np.random.default_rng(given.seed)
    length = max(1, CHUNK // given.n)
    for first in range(0, given.steps, length):
        count = min(length, given.steps - first)
        shape = (count, given.n)
        draws = [
            generator.random(shape) if draw.is_uniform else generator.standard_normal(shape)
            for draw in neuron.draws
        ]
        yield first, count, draws


def _in_c(neuron: Neuron, method: str, given: Driven, states: Arrays, out: Arrays) -> Move:
    recipe = _Recipe.of(neuron, method)
    run = c_program(_source(recipe))
    values = {name: np.asarray(v, dtype=float) for name, v in neuron.parameters.items()}
    constants = np.array([float(v) for v in values.values() if not v.ndim])
    own = [np.ascontiguousarray(v) for v in values.values() if v.ndim]
    inputs = [np.ascontiguousarray(given.inputs[name]) for name in neuron.inputs]
    whole = ctypes.c_long * max(1, len(inputs))
    by_time = whole(*[array.shape[1] * (len(array) > 1) for array in inputs])
    by_neuron = whole(*[int(array.shape[1] > 1) for array in inputs])
    moved, written = list(states.values()), [out.get(n) for n in recordable(_step(recipe))]

    def move(first: int, count: int, draws: Sequence[np.ndarray]) -> None:
        arrays = addresses(inputs), by_time, by_neuron, addresses(draws), constants.ctypes.data
        ends = addresses(own), addresses(written)
        run(first, count, given.n, given.dt_s, addresses(moved), *arrays, *ends)

    return move


def _with_numpy(neuron: Neuron, method: str, given: Driven, states: Arrays, out: Arrays) -> Move:
    recipe = _Recipe.of(neuron, method)
    step, computed = _step(recipe), _computed(recipe)
    constants = [np.asarray(value, dtype=float) for value in neuron.parameters.values()]
    inputs = [given.inputs[name] for name in neuron.inputs]

    def move(first: int, count: int, draws: Sequence[np.ndarray]) -> None:
        for now in range(first, first + count):
            arriving = [array[min(now, len(array) - 1)] for array in inputs]
            random = [array[now - first] for array in draws]
            read = dict(zip(neuron.inputs, arriving, strict=True)) | states
            read |= zip(step.draws, random, strict=True)
            found = computed(now * given.dt_s, given.dt_s, *read.values(), *constants)
            read |= zip((name for name, _ in step.expressions), found, strict=False)
            for name, array in out.items():
                array[now] = read[name]
            moved = found[len(step.expressions) :]
            for (name, _), value in zip(step.moves, moved, strict=True):
                states[name] = np.broadcast_to(value, given.n)

    return move


@dataclass(frozen=True)
class _Recipe:
    """What a program depends on: all of a neuron but the values of its constants."""

    key: tuple[str, ...]
    differing: frozenset[str]
    neuron: Neuron = field(compare=False)

    @classmethod
    def of(cls, neuron: Neuron, method: str) -> "_Recipe":
        """The recipe of a neuron and an integration method."""
        lines = tuple(str(line) for line in neuron.equations.values())
        differing = frozenset(name for name, v in neuron.parameters.items() if is_array(v))
        return cls((method, *lines, *neuron.parameters), differing, neuron)


@lru_cache(maxsize=512)
def _step(recipe: _Recipe) -> TimeStep:
    return step_of(recipe.neuron, recipe.key[0])


@lru_cache(maxsize=512)
def _source(recipe: _Recipe) -> str:
    return c_source(_step(recipe), recipe.differing)


@lru_cache(maxsize=512)
def _computed(recipe: _Recipe) -> Callable[..., list]:
    """The expressions and the states after a step, of everything that it reads."""
    step = _step(recipe)
    names = ("t", "dt", *step.inputs, *step.states, *step.draws, *step.constants)
    known: dict[sympy.Basic, sympy.Basic] = {}
    for name, tree in step.expressions:
        known[sympy.Symbol(name, real=True)] = tree.xreplace(known)
    trees = [*known.values(), *(tree.xreplace(known) for _, tree in step.moves)]
    return in_numpy(names, trees)
