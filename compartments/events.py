"""Events: what a neuron does at moments, by Brian2's strings.

A threshold is a condition, ``v > v_t`` or ``rand() < hazard*dt``: where it holds, the neuron has an
event and its reset statements are carried out. A threshold ``poisson(mean)`` is a number instead:
of how many cells that share the neuron's state have the event in this time step. The events of
cells that fire independently with one hazard h add to a Poisson process (superposition), so
``poisson(N*h*dt)`` is exact for N of them; its reset statements can only add, once for each.

Order within a time step, Brian2's: states move; all thresholds are looked at; what synapses do at
events; resets, in the order in which events are described. ``refractory`` is for the event
``spike``: for that long after it the threshold is not looked at, and states with the flag
``(unless refractory)`` stand still.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import sympy
from brian2 import DimensionMismatchError, Equations
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.equations.equations import DIFFERENTIAL_EQUATION, SUBEXPRESSION
from brian2.equations.unitcheck import check_dimensions
from brian2.parsing.expressions import parse_expression_dimensions
from brian2.units.fundamentalunits import DIMENSIONLESS

from compartments.checks import check_kind
from compartments.lookup import unknown_name
from compartments.noise import Draw, with_drawn
from compartments.strings import Expression, Statement, condition, expression, new_name, statements

AtEvents = Mapping[str, tuple[Statement, ...]]
"""Statements by the event at which they are carried out."""

SPIKE = "spike"
"""The event of a threshold without a name; the one that ``refractory`` is for."""

ADDING = ("+=", "-=")
_DRAWS = ("rand", "randn", "poisson")
_BERNOULLI = re.compile(r"\s*rand\s*\(\s*\)\s*<=?\s*(?P<chance>.+)")


@dataclass(frozen=True)
class Event:
    """An event of a neuron.

    Parameters
    ----------
    name : str
        ``"spike"``, ``"burst"``, ...
    threshold : Expression
        When it has it; of a counted event the mean number of cells that do.
    is_counted : bool
        Whether the threshold was ``poisson(...)``.
    reset : tuple of Statement
        What the event does to the neuron's states.
    """

    name: str
    threshold: Expression
    is_counted: bool
    reset: tuple[Statement, ...]

    @property
    def count(self) -> str:
        """The variable that holds how many cells have it, of a counted event."""
        return f"{self.name}_count"

    @cached_property
    def draw(self) -> Draw | None:
        """The random number that it draws in every time step, if it does."""
        if self.is_counted:
            return Draw(self.name, is_count=True)
        return Draw(self.name, is_uniform=True) if "rand" in self.threshold.called else None

    @property
    def identifiers(self) -> frozenset[str]:
        """The names in its threshold and its statements."""
        read = (part.value.names | {part.target} for part in self.reset)
        return self.threshold.names.union(*read)

    def condition(self, number: str | None = None) -> str:
        """The threshold, with a given random number in place of its own."""
        code = f"{self.count} > 0" if self.is_counted else self.threshold.text
        return code if number is None or self.is_counted else with_drawn(code, number)

    def drawn_count(self, number: str | None = None) -> str:
        """How many cells of a counted event have it."""
        return f"poisson({self.threshold.text})" if number is None else number

    @property
    def code(self) -> str:
        """The statements for Brian2: of a counted event each is carried out for every cell."""
        return "\n".join(
            str(times(one, self.count if self.is_counted else "")) for one in self.reset
        )


def times(statement: Statement, count: str) -> str:
    """A statement that adds, made to add ``count`` times; as it is where that is empty."""
    if not count:
        return str(statement)
    return f"{statement.target} {statement.operator} {count}*({statement.value.text})"


def described_events(
    where: str, threshold: str | Mapping[str, str] | None, reset: str | Mapping[str, str] | None
) -> tuple[Event, ...]:
    """The events of a neuron, read from its strings.

    Parameters
    ----------
    where : str
        Begins the message of an error.
    threshold, reset : str or mapping of str to str
        By event; a text is that of ``spike``. A reset without a statement says so: ``""``.

    Raises
    ------
    ValueError
        For a threshold without reset, a reset without threshold, a name that is taken, a string
        that the gate refuses, a probability outside of 0..1.
    """
    thresholds, resets = _by_event(threshold), _by_event(reset)
    for name in thresholds:
        new_name(where, name, "event")
        if name not in resets:
            raise ValueError(
                f"{where}: threshold of {name!r} without reset; say what the event does, or "
                "reset='' for nothing."
            )
    for name in resets:
        if name not in thresholds:
            raise ValueError(f"{where}: reset: {unknown_name('event', name, thresholds)}")
    return tuple(_event(f"{where}, event {n!r}", n, t, resets[n]) for n, t in thresholds.items())


def statements_by_event(where: str, given: str | Mapping[str, str]) -> AtEvents:
    """Statements by event; a text is for ``spike``.

    Raises
    ------
    ValueError
        For a string that the gate refuses.
    TypeError
        For what is neither a text nor a mapping.
    """
    check_kind(where, "statements", given, (str, Mapping), "'w += eta*trace', for example")
    texts = given if isinstance(given, Mapping) else {SPIKE: given} if given.strip() else {}
    return MappingProxyType({name: statements(where, text) for name, text in texts.items()})


def _by_event(given: str | Mapping[str, str] | None) -> dict[str, str]:
    if given is None or (given == "" and not isinstance(given, Mapping)):
        return {} if given is None else {SPIKE: ""}
    return dict(given) if isinstance(given, Mapping) else {SPIKE: given}


def _event(where: str, name: str, threshold: str, reset: str) -> Event:
    mean = _poisson_mean(where, threshold)
    if mean is None:
        found = condition(where, threshold)
        if (calls := [c for c in _calls(found) if c in _DRAWS]) not in ([], ["rand"]):
            raise ValueError(
                f"{where}: draws by {', '.join(calls)}; a threshold draws one number: "
                "'rand() < probability', or 'poisson(mean)' for a number of cells."
            )
        _check_probability(where, found)
    else:
        found = mean
    made = Event(name, found, mean is not None, statements(where, reset))
    if made.is_counted:
        for one in made.reset:
            if one.operator not in ADDING:
                raise ValueError(
                    f"{where}: {str(one)!r}: several cells of the neuron may have this event at "
                    "once, so its statements can only add (+=, -=)."
                )
    return made


def _poisson_mean(where: str, threshold: str) -> Expression | None:
    """What stands in ``poisson(...)``; None for a condition."""
    found = expression(where, threshold)
    if isinstance(found.tree, ast.Call) and found.tree.func.id == "poisson":  # type: ignore[attr-defined]
        return expression(where, ast.unparse(found.tree.args[0]))
    return None


def _calls(found: Expression) -> list[str]:
    calls = (node for node in ast.walk(found.tree) if isinstance(node, ast.Call))
    return [call.func.id for call in calls]  # type: ignore[attr-defined]


def _check_probability(where: str, found: Expression) -> None:
    """Refuse ``rand() < p`` where p is a number outside of 0..1."""
    match = _BERNOULLI.fullmatch(found.text)
    if match is None:
        return
    value = sympy.sympify(match["chance"]) if re.fullmatch(r"[-+\d.eE]+", match["chance"]) else None
    if value is not None and not 0 <= float(value) <= 1:
        raise ValueError(f"{where}: a probability is a number in 0..1, got {match['chance']}.")


def check_events(
    where: str, events: Iterable[Event], equations: Equations, known: Mapping[str, object]
) -> None:
    """Refuse events that name what the neuron does not have, or have the wrong unit.

    Parameters
    ----------
    where : str
        Begins the message of an error.
    events : iterable of Event
        What is checked.
    equations : Equations
        Of the neuron.
    known : mapping of str to Variable
        All that its equations may use, with dimensions.

    Raises
    ------
    ValueError
        With the event, what is wrong, and how to mend it.
    """
    states = [line.varname for line in equations.values() if line.type == DIFFERENTIAL_EQUATION]
    names = {n: v for n, v in known.items() if n != "t"}
    for event in events:
        place = f"{where}, event {event.name!r}"
        for taken in (event.name, event.count):
            if taken in known:
                raise ValueError(f"{place}: {taken!r} is a variable or a constant; rename one.")
        _check_names(place, event.threshold, names)
        dim = _dimension(place, event.threshold, names)
        if event.is_counted and dim is not DIMENSIONLESS:
            raise ValueError(f"{place}: the mean number of cells is a plain number; times dt?")
        changed = {one.target for one in event.reset}
        for one in event.reset:
            if one.target not in states:
                raise ValueError(f"{place}: {unknown_name('state', one.target, states)}")
            _check_statement(place, one, names, equations)
            if event.is_counted and _read(one.value.names, equations) & changed:
                raise ValueError(
                    f"{place}: {str(one)!r} reads what the event changes; of a counted event "
                    "statements add what does not depend on the other cells."
                )


def _read(names: Iterable[str], equations: Equations) -> set[str]:
    """The names, and those that the expressions among them are computed from."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        line = equations.get(name)
        if line is not None and line.type == SUBEXPRESSION and "constant over dt" not in line.flags:
            waiting += line.identifiers
    return found


def _check_statement(
    where: str, one: Statement, known: Mapping[str, object], equations: Equations
) -> None:
    _check_names(where, one.value, known)
    if drawn := [call for call in one.value.called if call in _DRAWS]:
        raise ValueError(
            f"{where}: {str(one)!r} draws by {drawn[0]}(); name an expression '(constant over dt)' "
            "that draws instead."
        )
    factor = one.operator in ("*=", "/=")
    try:
        dim = DIMENSIONLESS if factor else equations[one.target].dim
        check_dimensions(one.value.text, dim, known)
    except (DimensionMismatchError, TypeError, ValueError) as error:
        raise ValueError(f"{where}: {str(one)!r}: {error}") from error


def _check_names(where: str, found: Expression, known: Mapping[str, object]) -> None:
    for name in sorted(found.names - set(known) - set(DEFAULT_FUNCTIONS) - set(DEFAULT_CONSTANTS)):
        raise ValueError(f"{where}: {unknown_name('name', name, known)}")


def _dimension(where: str, found: Expression, known: Mapping[str, object]) -> object:
    try:
        return parse_expression_dimensions(found.text, known)
    except (DimensionMismatchError, SyntaxError, TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error
