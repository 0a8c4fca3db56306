"""Frozen descriptions of a compartment and of a neuron, checked when they are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from brian2 import DimensionMismatchError, Equations, Quantity, get_dimensions, second
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Variable
from brian2.equations.equations import (
    DIFFERENTIAL_EQUATION,
    PARAMETER,
    SUBEXPRESSION,
    SingleEquation,
)
from brian2.equations.unitcheck import check_dimensions
from brian2.units.fundamentalunits import get_unit_for_display

from compartments.checks import check_kind, check_name, check_sequence
from compartments.domains import Time, check_value
from compartments.events import SPIKE, Event, check_events, described_events
from compartments.lookup import unknown_name
from compartments.noise import Draw, check_noise, draws
from compartments.per_neuron import PerNeuron, check_parameter, check_start, frozen, is_array
from compartments.ports import Ports, check_ports
from compartments.representation import constants_text, equation_text, html_table
from compartments.strings import checked_equations, new_name, plain_name


@dataclass(frozen=True)
class Compartment:
    """A named part of a neuron and its equations.

    Parameters
    ----------
    name : str
        ``"basal"``, ``"apical"``, ``"soma"``, ...
    equations : brian2.Equations or str
        Brian2 equations with a unit on every line.
    initial : mapping of str to Quantity or float or array, (n,)
        Where states begin; those not named begin at 0.

    Raises
    ------
    ValueError
        If :func:`compartments.strings.checked_equations` refuses the equations.
    TypeError
        For a name that is no text.
    """

    name: str
    equations: Equations
    initial: Mapping[str, PerNeuron] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_kind("Compartment", "name", self.name, str, "'soma', for example")
        equations = checked_equations(f"Compartment {self.name!r}", self.equations)
        object.__setattr__(self, "equations", equations)
        check_kind(f"Compartment {self.name!r}", "initial", self.initial, Mapping, "{'u': 0.5}")
        object.__setattr__(self, "initial", frozen(self.initial))
        states = _names(self.equations, DIFFERENTIAL_EQUATION)
        _check_starts(f"Compartment {self.name!r}", self.initial, states, self.equations)

    def __reduce__(self) -> tuple[type, tuple]:
        return type(self), (self.name, self.equations, dict(self.initial))


@dataclass(frozen=True, repr=False)
class Neuron:
    """A neuron: compartments that share one namespace, and the values of their constants.

    Parameters
    ----------
    name : str
        For messages.
    compartments : tuple of Compartment
        Their equations are joined; a variable may be defined once only.
    parameters : mapping of str to Quantity or float or array, (n,)
        Constants of the equations, for all neurons or for each of a population. Those named
        ``tau...`` must be positive times.
    initial : mapping of str to Quantity or float or array, (n,)
        Where states begin, beside what the compartments say; those not named begin at 0.
    ports : Ports
        What it shows to a network (:mod:`compartments.ports`); nothing unless told.
    threshold : str or mapping of str to str, optional
        When it has events (:mod:`compartments.events`), by their names; a text is that of
        ``spike``.
    reset : str or mapping of str to str, optional
        What events do to its states: ``"v = v_r"``; ``""`` for nothing.
    refractory : Quantity, optional
        For how long after a ``spike`` there is no other, and states ``(unless refractory)`` stay.

    Raises
    ------
    ValueError
        A variable defined twice, an unknown name, a unit that does not fit, a constant that is
        missing, unused, or not finite; a time constant that is not a positive time; an initial
        value of what is no state; a threshold without reset.
    TypeError
        For compartments that are no sequence of them, or parameters that are no mapping.
    """

    name: str
    compartments: tuple[Compartment, ...]
    parameters: Mapping[str, PerNeuron] = field(default_factory=dict)
    initial: Mapping[str, PerNeuron] = field(default_factory=dict)
    ports: Ports = field(default_factory=Ports)
    threshold: str | Mapping[str, str] | None = None
    reset: str | Mapping[str, str] | None = None
    refractory: Quantity | None = None

    def __post_init__(self) -> None:
        plain_name("Neuron", self.name, "neuron")
        where = f"Neuron {self.name!r}"
        parts = check_sequence(where, "compartments", self.compartments, "Compartment(...)")
        for part in parts:
            check_kind(where, "each compartment", part, Compartment, "Compartment(name, equations)")
        check_kind(where, "parameters", self.parameters, Mapping, "{'tau': 10*ms}, for example")
        check_kind(where, "initial", self.initial, Mapping, "{'u': 0.5}, for example")
        object.__setattr__(self, "compartments", tuple(parts))
        object.__setattr__(self, "parameters", frozen(self.parameters))
        starts = {name: value for part in parts for name, value in part.initial.items()}
        object.__setattr__(self, "initial", frozen({**starts, **self.initial}))
        self._check_unique()
        checked_equations(where, self.equations)
        self._check_events(where)
        self._check_parameters()
        self._check_expressions()
        _check_starts(where, self.initial, self.states, self.equations)
        check_ports(where, self.ports, self.inputs, self.variables, self.parameters)

    def __reduce__(self) -> tuple[type, tuple]:
        values = (dict(self.parameters), dict(self.initial), self.ports)
        events = (self.threshold, self.reset, self.refractory)
        return type(self), (self.name, self.compartments, *values, *events)

    def __repr__(self) -> str:
        parts = [f"{part.name} ({', '.join(part.equations)})" for part in self.compartments]
        constants = constants_text(self.parameters)
        text = f"Neuron {self.name!r}: {', '.join(parts)}"
        return text + (f"; {constants}" if constants else "")

    def _repr_html_(self) -> str:
        rows = [
            (part.name, equation_text(line))
            for part in self.compartments
            for line in part.equations.values()
        ]
        rows += [("constant", f"{name} = {value}") for name, value in self.parameters.items()]
        return html_table(f"Neuron {self.name!r}", ("compartment", "equation"), rows)

    @cached_property
    def equations(self) -> Equations:
        """All compartments' equations together."""
        return Equations([line for part in self.compartments for line in part.equations.values()])

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the variables with a differential equation."""
        return _names(self.equations, DIFFERENTIAL_EQUATION)

    @property
    def expressions(self) -> tuple[str, ...]:
        """Names of the variables that are computed from others, in order of dependence."""
        ordered = self.equations.ordered
        return tuple(line.varname for line in ordered if line.type == SUBEXPRESSION)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the variables that are driven from outside (pathways or schedule)."""
        return _names(self.equations, PARAMETER)

    @property
    def stored(self) -> tuple[str, ...]:
        """The expressions that are computed once a time step: ``(constant over dt)``."""
        return tuple(n for n in self.expressions if "constant over dt" in self.equations[n].flags)

    @cached_property
    def draws(self) -> tuple[Draw, ...]:
        """Random numbers that it draws in every time step (:mod:`compartments.noise`)."""
        return draws(self.equations) + tuple(e.draw for e in self.events if e.draw is not None)

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """What it does at moments, in the order in which resets are carried out."""
        return described_events(f"Neuron {self.name!r}", self.threshold, self.reset)

    def event(self, name: str) -> Event | None:
        """The event of that name, if it has one."""
        return next((event for event in self.events if event.name == name), None)

    @property
    def variables(self) -> tuple[str, ...]:
        """Everything that can be recorded or that a synapse may read."""
        return tuple(self.equations.names)

    def measured_in(self, variable: str) -> str:
        """The SI unit of a variable, such as ``"V"``; ``"1"`` if it has none."""
        return get_unit_for_display(self.equations[variable].dim)

    @property
    def time_constants_ms(self) -> dict[str, float]:
        """The constants that are times and the same for all neurons, in milliseconds."""
        return {
            name: float(value / second) * 1e3
            for name, value in self.parameters.items()
            if name.startswith("tau") and not is_array(value)
        }

    def _where(self, variable: str) -> str:
        for part in self.compartments:
            if variable in part.equations.names:
                return f"Neuron {self.name!r}, compartment {part.name!r}"
        return f"Neuron {self.name!r}"

    def _check_unique(self) -> None:
        seen: dict[str, str] = {}
        for part in self.compartments:
            for variable in part.equations.names:
                if variable in seen:
                    raise ValueError(
                        f"Neuron {self.name!r}: {variable!r} is defined in compartment "
                        f"{seen[variable]!r} and again in {part.name!r}; rename one of them."
                    )
                seen[variable] = part.name

    def _check_parameters(self) -> None:
        used = self.equations.identifiers.union(*(event.identifiers for event in self.events))
        for name, value in self.parameters.items():
            users = [line.varname for line in self.equations.values() if name in line.identifiers]
            where = self._where(users[0]) if users else f"Neuron {self.name!r}"
            new_name(where, name, "constant")
            check_parameter(where, name, value)
            if name not in used:
                raise ValueError(f"{where}: no equation uses the constant {name!r}.")

    def _check_expressions(self) -> None:
        known = known_variables(self.equations, self.parameters)
        for draw in self.draws:
            if draw.is_white:
                known[draw.name] = Variable(draw.name, dimensions=(second**-0.5).dim)
        for line in self.equations.values():
            if line.expr is not None:
                check_expression(self._where(line.varname), line, known)
        check_noise(f"Neuron {self.name!r}", self.equations, self.parameters)
        check_events(f"Neuron {self.name!r}", self.events, self.equations, known)

    def _check_events(self, where: str) -> None:
        """Refuse refractoriness without a spike."""
        write = "a text, or a mapping of event to text"
        for name in ("threshold", "reset"):
            value = getattr(self, name)
            check_kind(where, name, value, (str, Mapping, type(None)), write)
            for text in value.values() if isinstance(value, Mapping) else ():
                check_kind(where, name, text, str, write)
        check_value(where, "refractory", self.refractory, Time | None)
        if self.refractory is not None and self.event(SPIKE) is None:
            raise ValueError(f"{where}: refractory is for the event 'spike', which it has not.")
        if self.refractory is not None and self.event(SPIKE).is_counted:  # type: ignore[union-attr]
            raise ValueError(
                f"{where}: refractory is for one cell; 'spike' counts those of several."
            )
        for line in self.equations.values():
            if "unless refractory" in line.flags and self.refractory is None:
                raise ValueError(
                    f"{where}: {line.varname!r} has the flag 'unless refractory'; give refractory."
                )


def _names(equations: Equations, kind: str) -> tuple[str, ...]:
    return tuple(line.varname for line in equations.values() if line.type == kind)


def _check_starts(
    where: str, starts: Mapping[str, PerNeuron], states: tuple[str, ...], equations: Equations
) -> None:
    for name, value in starts.items():
        check_name(f"{where}, initial", "state", name, states)
        check_start(where, name, value, equations[name].dim)


def known_variables(equations: Equations, parameters: Mapping[str, PerNeuron]) -> dict[str, object]:
    """Every name that the equations may use, as Brian2 variables with their dimensions."""
    known: dict[str, object] = {**DEFAULT_FUNCTIONS, **DEFAULT_CONSTANTS}
    known |= {name: Variable(name, dimensions=second.dim) for name in ("t", "dt")}
    for line in equations.values():
        known[line.varname] = Variable(line.varname, dimensions=line.dim)
    for name, value in parameters.items():
        known[name] = Variable(name, dimensions=get_dimensions(value))
    return known


def check_expression(where: str, line: SingleEquation, known: Mapping[str, object]) -> None:
    """Refuse names that are not known and units that do not fit.

    Raises
    ------
    ValueError
        With the place, the offending name or unit, and how to mend it.
    """
    for name in sorted(line.identifiers - set(known)):
        if name in DEFAULT_UNITS:
            raise ValueError(
                f"{where}, equation of {line.varname!r}: {name!r} is a unit; name the constant "
                "and give it, with its unit, through 'parameters'."
            )
        reason = unknown_name("name", name, set(known))
        raise ValueError(f"{where}, equation of {line.varname!r}: {reason}")
    dimensions = line.dim
    if line.type == DIFFERENTIAL_EQUATION:
        dimensions = dimensions / second.dim
    try:
        check_dimensions(line.expr.code, dimensions, known)
    except (DimensionMismatchError, SyntaxError, TypeError, ValueError) as error:
        raise ValueError(f"{where}, equation of {line.varname!r}: {error}") from error
