"""Kinds of arguments: values that fit, and which of a pool of odd values do not."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
import torch
from brian2 import Equations, Quantity, ms, mV, second

from compartments import ACTIVATIONS, Activation, Compartment, Neuron, PlasticityRule
from models import (
    DLLNetwork,
    DLLOptions,
    Eligibility,
    Network,
    Population,
    Schedule,
    WeightBundle,
)

LARGE = (10**7, 10**9, 10**12, 10**30)
"""Whole numbers that are in many a domain, and that no machine has room for."""

POOL: dict[str, Callable[[], Any]] = {
    repr(value): (lambda value=value: value)
    for value in (
        *(None, True, False, 0, 1, -1, 3, 1.5, -0.5, 1e300, math.nan, math.inf, -math.inf, 1j),
        *("", "x", "ux", "3", "5ms", "no", "tanhh", "a\0b", "é", "meta", b"x", Fraction(1, 3)),
        *(
            [[True], [True, False]],
            [],
            {},
            (),
            set(),
            range(3),
            [None],
            ["u", "u"],
            {"W0": None},
            {"input": 3},
        ),
        *(Path("/nowhere/at/all"), torch.complex64, torch.float16, Ellipsis),
        *LARGE,
    )
}
POOL |= {
    "an object": object,
    "3 mV": lambda: 3 * mV,
    "0 ms": lambda: 0 * ms,
    "-1 ms": lambda: -1 * ms,
    "nan ms": lambda: math.nan * ms,
    "inf s": lambda: math.inf * second,
    "1e9 s": lambda: 1e9 * second,
    "5 ms": lambda: 5 * ms,
    "2 times": lambda: [1, 2] * ms,
    "no numbers": lambda: np.zeros(0),
    "3 numbers": lambda: np.ones(3),
    "a matrix with NaN": lambda: np.full((2, 3), np.nan),
    "an imaginary matrix": lambda: np.ones((2, 3)) * 1j,
    "a matrix of text": lambda: np.full((2, 3), "a"),
    "a matrix of objects": lambda: np.full((2, 3), None),
    "a matrix in mV": lambda: np.ones((2, 3)) * mV,
    "a 3-axis array": lambda: np.ones((2, 2, 2)),
    "a tensor": lambda: torch.ones(2),
    "float32": lambda: np.float32(0.5),
    "int64": lambda: np.int64(2),
    "an activation": lambda: Activation("odd", "z", "1 + 0*z"),
}
"""Odd values by name; each is made anew, so that no call can spoil another's."""


@dataclass(frozen=True)
class Kind:
    """What an argument may be.

    Parameters
    ----------
    good : mapping of str to callable
        Values that fit, by name.
    contains : callable
        Whether any value is in the domain; the right values may still not go with each other.
    """

    good: Mapping[str, Callable[[], Any]]
    contains: Callable[[Any], bool]

    @cached_property
    def bad(self) -> dict[str, Callable[[], Any]]:
        """The odd values that are outside."""
        return {name: make for name, make in POOL.items() if name not in self.odd}

    @cached_property
    def odd(self) -> dict[str, Callable[[], Any]]:
        """The odd values that are inside, such as numbers that no machine has room for."""
        return {name: make for name, make in POOL.items() if self._has(make())}

    def _has(self, value: Any) -> bool:
        try:
            return bool(self.contains(value))
        except (TypeError, ValueError, RuntimeError):  # no comparison has an answer: not inside
            return False

    def __or__(self, other: "Kind") -> "Kind":
        return Kind(
            {**self.good, **other.good},
            lambda value: self._has(value) or other._has(value),
        )


def kind(good: Iterable[Any], contains: Callable[[Any], bool]) -> Kind:
    """A kind whose fitting values cannot be changed by a call."""
    return Kind({repr(value): (lambda value=value: value) for value in good}, contains)


def choice(names: Iterable[str]) -> Kind:
    """One of some names."""
    names = tuple(names)
    return kind(names, lambda value: isinstance(value, str) and value in names)


def made(contains: type, **good: Callable[[], Any]) -> Kind:
    """An object of a class."""
    return Kind(good, lambda value: isinstance(value, contains))


def is_number(value: Any) -> bool:
    """A real number without a unit."""
    return isinstance(value, Real) and not isinstance(value, bool)


def is_whole(value: Any) -> bool:
    """A whole number; True is none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_time(value: Any) -> bool:
    """A finite time."""
    time = isinstance(value, Quantity) and value.dim is second.dim and value.ndim == 0
    return time and math.isfinite(float(value / second))


def is_numbers(value: Any, axes: int | None = None) -> bool:
    """An array, or nested sequence, of finite real numbers without a unit."""
    if isinstance(value, Quantity | str | bytes | dict | set) or value is None:
        return False
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError):
        return False
    if array.dtype.kind == "O":
        return array.size > 0 and all(is_number(item) for item in array.flat)
    fits = array.dtype.kind in "biuf" and (axes is None or array.ndim == axes)
    return fits and bool(np.isfinite(array).all())


def is_sequence_of(value: Any, test: Callable[[Any], bool]) -> bool:
    """A sequence, set or array of such items."""
    listed = isinstance(value, list | tuple | range | set) or (
        isinstance(value, np.ndarray) and not isinstance(value, Quantity) and value.ndim > 0
    )
    return listed and all(test(item) for item in value)


NONE = kind([None], lambda value: value is None)
FLAG = kind([True, False], lambda value: isinstance(value, bool))
COUNT = kind([1, 2], lambda value: is_whole(value) and value >= 1)
WHOLE = kind([0, 3], lambda value: is_whole(value) and value >= 0)
STAGES = kind([0, 1, -1], lambda value: is_whole(value) and abs(value) <= 100)
FEW = kind([0, 2], lambda value: is_whole(value) and 0 <= value <= 100)
SEED = kind([0, 7], lambda value: is_whole(value) and 0 <= value < 2**32)
NUMBER = kind([0.5, 2], lambda value: is_number(value) and math.isfinite(value))
POSITIVE = kind([0.5, 2], lambda value: is_number(value) and 0 < value < math.inf)
NON_NEGATIVE = kind([0.0, 0.01], lambda value: is_number(value) and 0 <= value < math.inf)
SHARE = kind([0.0, 0.1], lambda value: is_number(value) and 0 <= value < 1)
TIME = Kind(
    {"20 ms": lambda: 20 * ms, "40 ms": lambda: 40 * ms}, lambda v: is_time(v) and float(v) > 0
)
TIME_OR_ZERO = Kind(
    {"0 ms": lambda: 0 * ms, "5 ms": lambda: 5 * ms}, lambda v: is_time(v) and float(v) >= 0
)
MORE_TIMES = Kind(
    {}, lambda v: isinstance(v, Quantity) and v.ndim == 1 and all(is_time(t) and t > 0 for t in v)
)
"""One for each neuron or presentation, where a single one is for all."""
ANY_TIME = Kind({"0 ms": lambda: 0 * ms, "20 ms": lambda: 20 * ms}, is_time)
STEP = Kind({"1 ms": lambda: 1 * ms, "0.5 ms": lambda: 0.5 * ms}, TIME.contains)
TIMES = Kind(
    {"()": tuple, "two": lambda: [5 * ms, 0 * ms]},
    lambda v: (
        is_sequence_of(v, TIME_OR_ZERO.contains)
        or (isinstance(v, Quantity) and v.ndim == 1 and v.dim is second.dim)
    ),
)
FUNCTION = Kind({"a function": lambda: lambda *given: None}, callable)
ACTIVATION = choice(ACTIVATIONS) | made(Activation)
DTYPE = kind(
    [torch.float64, torch.float32],
    lambda v: isinstance(v, torch.dtype) and v.itemsize > 2 and v.is_floating_point,
)
DEVICE = kind(["cpu"], lambda value: isinstance(value, str) and value == "cpu")
PLAIN_NAME = kind(["cell"], lambda value: isinstance(value, str) and value.isidentifier())
TEXT = kind(["mine"], lambda value: isinstance(value, str))
NO_NAMES = kind([()], lambda value: is_sequence_of(value, lambda item: False))
NAMES = ("u", "a", "x", "error", "drive", "gain", "delta", "prediction", "feedback", "stimulus")
RECORD = kind(
    [(), ("u",), ["u", "error"]],
    lambda v: is_sequence_of(v, lambda item: item in NAMES) and len(set(v)) == len(v),
)


def network() -> DLLNetwork:
    """The network of most calls: 3 inputs, 2 outputs."""
    from models import dll_network

    return dll_network((3, 4, 2))


def schedule() -> Schedule:
    """What fits it: two presentations of 40 ms."""
    signals = {"stimulus": np.ones((2, 3)), "target": np.ones((2, 2))}
    return Schedule(signals, presentation=40 * ms)


NETWORK = made(Network, small=network)
DLL_NETWORK = made(DLLNetwork, small=network)
SCHEDULE = made(Schedule, short=schedule)
BUNDLE = made(WeightBundle, own=lambda: network().weights)
OPTIONS = made(DLLOptions, default=DLLOptions)
ELIGIBILITY = made(Eligibility, default=Eligibility)
NEURON = made(Neuron, hidden=lambda: network().population("hidden1").neuron)
RULE = made(PlasticityRule, own=lambda: network().pathways[0].rule)
COMPARTMENTS = Kind(
    {"a leak": lambda: (Compartment("soma", "du/dt = (drive - u)/tau : 1\ndrive : 1"),)},
    lambda v: is_sequence_of(v, lambda item: isinstance(item, Compartment)),
)
EQUATIONS = kind(
    ["du/dt = (drive - u)/tau : 1\ndrive : 1"], lambda v: isinstance(v, Equations) or v == ""
)
RULE_EQUATIONS = kind(["dw/dt = learning*eta*u_pre : 1"], lambda v: isinstance(v, Equations))
IN_Z = kind(["tanh(z)", "1 + 0*z"], lambda v: isinstance(v, str) and v == "3")
CONSTANTS = Kind({"tau": lambda: {"tau": 20 * ms}}, lambda v: v == {})
RATES = Kind({"eta": lambda: {"eta": 0.1}}, lambda v: v == {})
STARTS = Kind({"u": lambda: {"u": 0.5}}, lambda v: v == {})
INPUTS = Kind({"ones": lambda: np.ones((2, 3))}, lambda v: is_numbers(v, 2))
TARGETS = Kind({"ones": lambda: np.ones((2, 2))}, lambda v: is_numbers(v, 2))
SIGNALS = Kind(
    {"two": lambda: {"stimulus": np.ones((2, 3)), "target": np.ones((2, 2))}},
    lambda v: isinstance(v, dict) and all(is_numbers(item, 2) for item in v.values()),
)
SHOWN = Kind(
    {"both": lambda: {"target": np.array([True, False])}},
    lambda v: isinstance(v, dict),
)
WAVEFORM = Kind(
    {"0.5": lambda: 0.5, "function": lambda: lambda time: 0.5 * len(time)}, lambda v: is_numbers(v)
) | (Kind({}, callable))
ARRAYS = Kind(
    {"one": lambda: {"W0": np.ones((2, 3))}},
    lambda v: isinstance(v, dict) and all(is_numbers(item, 2) for item in v.values()),
)
POPULATIONS = Kind(
    {"own": lambda: network().populations},
    lambda v: is_sequence_of(v, lambda item: isinstance(item, Population)),
)
MASK = Kind(
    {"all": lambda: np.ones((2, 3), dtype=bool)},
    lambda v: isinstance(v, np.ndarray) and v.dtype == bool and v.ndim == 2,
)
SIZES = kind(
    [(3, 2), [3, 4, 2]],
    lambda v: is_sequence_of(v, lambda n: is_whole(n) and n >= 1) and len(v) >= 2,
)
UNITS = Kind(
    {"output": lambda: {"output": [0, 1]}},
    lambda v: (
        isinstance(v, dict)
        and all(
            name in ("input", "hidden1", "output") and is_sequence_of(index, is_whole)
            for name, index in v.items()
        )
    ),
)
