"""Local plasticity: rules of which a synapse can compute every term itself.

A rule is Brian2 equations for the weight ``w``. It may name variables of the presynaptic neuron
(``_pre``), of the postsynaptic neuron (``_post``), variables and constants of its own synapse,
``learning``: the rate, in Hz, at which the schedule lets synapses learn, one signal for all
(1/window while plasticity is on, 0 while it is off); and further global signals that it declares,
such as a reward: one number, the same for all synapses, given by the schedule. Any other name is
refused when the rule is described. That is the structural half of the claim that a rule is local.

Beside what it does at all times a synapse may do something when an event arrives along its axon
(``on_pre``) or when its own cell has one (``on_post``; a spike travels back into the dendrites).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from brian2 import DimensionMismatchError, Equations, Quantity, hertz
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Variable
from brian2.equations.equations import DIFFERENTIAL_EQUATION
from brian2.equations.unitcheck import check_dimensions
from brian2.units.fundamentalunits import DIMENSIONLESS

from compartments.checks import check_constant, check_kind, check_sequence
from compartments.domains import Finite, Time, check_value
from compartments.events import AtEvents, statements_by_event
from compartments.lookup import look_up, unknown_name
from compartments.neuron import check_expression, known_variables
from compartments.strings import checked_equations, new_name

LEARNING = "learning"
"""The one signal that all synapses share, in Hz; given by the schedule."""

STILL = Equations("dw/dt = 0*learning : 1")
"""A weight that moves at events alone."""

_GLOBAL_FUNCTIONS = ("rand", "randn", "poisson", "timestep")


@dataclass(frozen=True)
class PlasticityRule:
    """How a weight changes, in terms that its synapse can see.

    Parameters
    ----------
    name : str
        For messages and results.
    equations : brian2.Equations or str
        One differential equation for ``w`` (dimensionless) and any further variables of the
        synapse; each line a differential equation or an expression, with its unit. One that moves
        at events alone needs none for ``w``.
    parameters : mapping of str to Quantity or float
        Constants of the equations.
    signals : tuple of str
        Global signals that the rule reads beside ``learning``, each of the schedule's of that name;
        dimensionless.
    on_pre, on_post : str or mapping of str to str
        What the synapse does to its own variables at events of either neuron, by the event's name;
        a text is for ``spike``: ``"w += eta*trace"``.

    Raises
    ------
    ValueError
        If a name is not local, there is no equation for ``w``, a unit does not fit, or a constant
        is not used.
    """

    name: str
    equations: Equations
    parameters: Mapping[str, Quantity | float] = field(default_factory=dict)
    signals: tuple[str, ...] = ()
    on_pre: str | Mapping[str, str] = ""
    on_post: str | Mapping[str, str] = ""

    def __post_init__(self) -> None:
        check_kind("Plasticity rule", "name", self.name, str, "'mine', for example")
        check_kind(self._where, "parameters", self.parameters, Mapping, "{'eta': 0.1}, for example")
        equations = checked_equations(self._where, self.equations)
        for name in ("on_pre", "on_post"):
            at = statements_by_event(f"{self._where}, {name}", getattr(self, name))
            object.__setattr__(self, f"_{name}", at)
        if (self.on_pre or self.on_post) and "w" not in equations:
            equations = equations + STILL
        object.__setattr__(self, "equations", equations)
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        listed = check_sequence(self._where, "signals", self.signals, "names")
        names = tuple(new_name(self._where, name, "signal") for name in listed)
        object.__setattr__(self, "signals", names)
        self._check_form()
        self._check_local()
        self._check_units()

    def __reduce__(self) -> tuple[type, tuple]:
        told = (self.name, self.equations, dict(self.parameters), self.signals)
        return type(self), (*told, self.on_pre, self.on_post)

    @property
    def at_pre(self) -> AtEvents:
        """What it does at events that arrive, by event."""
        return self._on_pre  # type: ignore[attr-defined]

    @property
    def at_post(self) -> AtEvents:
        """What it does at events of its own cell, by event."""
        return self._on_post  # type: ignore[attr-defined]

    @cached_property
    def identifiers(self) -> frozenset[str]:
        """Every name in it."""
        return frozenset().union(*(names for _, names in self._named()))

    def _named(self) -> Iterator[tuple[str, frozenset[str]]]:
        """Every equation and statement: where it stands, and the names in it."""
        for line in self.equations.values():
            yield f"the equation of {line.varname!r}", frozenset(line.identifiers)
        for at in (self.at_pre, self.at_post):
            for statements in at.values():
                for one in statements:
                    yield f"{str(one)!r}", one.value.names | one.value.called

    @property
    def _where(self) -> str:
        return f"Plasticity rule {self.name!r}"

    @cached_property
    def states(self) -> tuple[str, ...]:
        """The synapse's own state variables; ``w`` is one of them."""
        lines = self.equations.values()
        return tuple(line.varname for line in lines if line.type == DIFFERENTIAL_EQUATION)

    @cached_property
    def reads_pre(self) -> frozenset[str]:
        """Variables of the presynaptic neuron that the rule reads."""
        return self._reads("_pre")

    @cached_property
    def reads_post(self) -> frozenset[str]:
        """Variables of the postsynaptic neuron that the rule reads."""
        return self._reads("_post")

    def _reads(self, suffix: str) -> frozenset[str]:
        found = (n for n in self.identifiers if n.endswith(suffix))
        return frozenset(name.removesuffix(suffix) for name in found)

    def _check_form(self) -> None:
        if "w" not in self.states:
            raise ValueError(f"{self._where}: equations must have one 'dw/dt = ... : 1'.")
        if not self.equations["w"].dim.is_dimensionless:
            raise ValueError(f"{self._where}: the weight 'w' must be dimensionless (': 1').")
        for line in self.equations.values():
            if line.expr is None:
                raise ValueError(
                    f"{self._where}: {line.varname!r} has no right-hand side. Give constants "
                    "through 'parameters'; all else a synapse knows it computes itself."
                )
            if line.flags:
                raise ValueError(
                    f"{self._where}: the flags {line.flags} of {line.varname!r} are not allowed; "
                    "a rule describes one synapse and cannot sum over others."
                )

    def _check_local(self) -> None:
        functions = set(DEFAULT_FUNCTIONS) - set(_GLOBAL_FUNCTIONS)
        own = set(self.equations.names) | set(self.parameters)
        allowed = own | functions | set(DEFAULT_CONSTANTS) | {LEARNING, "dt", *self.signals}
        for place, names in self._named():
            for name in sorted(names - allowed):
                if name.endswith(("_pre", "_post")) or name in DEFAULT_UNITS:
                    continue  # the neurons' variables and units are checked elsewhere
                if name in _GLOBAL_FUNCTIONS or name == "xi" or name.startswith("xi_"):
                    raise ValueError(
                        f"{self._where}: {name!r} in {place} is refused: a rule "
                        "is a function of what its synapse can see, without noise or a clock of "
                        "its own."
                    )
                raise ValueError(
                    f"{self._where}: {name!r} in {place} is not local. "
                    f"A synapse can read its two neurons ('{name}_pre', '{name}_post'), its own "
                    f"variables ({', '.join(sorted(own))}), the shared signal {LEARNING!r} and "
                    "global signals that the rule declares (signals=...); nothing else is known "
                    "at the place where it is."
                )

    def _check_units(self) -> None:
        for name, value in self.parameters.items():
            check_constant(self._where, name, value)
        known = known_variables(self.equations, self.parameters)
        known[LEARNING] = Variable(LEARNING, dimensions=hertz.dim)
        known |= {name: Variable(name) for name in self.signals}
        for name in self.signals:
            if name not in self.identifiers:
                raise ValueError(f"{self._where}: no equation reads the signal {name!r}.")
        for name in self.identifiers:
            if name.endswith(("_pre", "_post")):
                known[name] = Variable(name)
        for name in self.parameters:
            if new_name(self._where, name, "constant") == LEARNING or name in self.equations:
                raise ValueError(f"{self._where}: {name!r} is a variable, not a constant.")
            if name not in self.identifiers:
                raise ValueError(f"{self._where}: no equation uses the constant {name!r}.")
        for line in self.equations.values():
            check_expression(self._where, line, known)
        for statements in (*self.at_pre.values(), *self.at_post.values()):
            for one in statements:
                if one.target not in self.states:
                    reason = unknown_name("variable of the synapse", one.target, self.states)
                    raise ValueError(f"{self._where}: {str(one)!r}: {reason}")
                factor = one.operator in ("*=", "/=")
                dim = DIMENSIONLESS if factor else self.equations[one.target].dim
                try:
                    check_dimensions(one.value.text, dim, known)
                except (DimensionMismatchError, KeyError, TypeError, ValueError) as error:
                    raise ValueError(f"{self._where}: {str(one)!r}: {error}") from error


# Algorithm 1, step 4: Delta W = eta_W delta_{i+1} u_i^T
FORWARD = "learning*eta*delta_post*u_pre"

# Delta Theta: the four rules (Lv et al. 2025, Eq. 9; Akrout et al. 2019)
FEEDBACK = {
    "minus": "-learning*eta*delta_pre*error_post",  # Algorithm 1, step 4
    "plus": "learning*eta*delta_pre*error_post",  # what the released code of the CNNs does
    "fixed": None,  # DLL-FA: Theta stays
    "kp": "learning*eta*delta_pre*u_post",  # Kolen-Pollack; W and Theta then decay alike
}

# What decay takes away from both (Kolen-Pollack): a share of w that goes with the learning rate
DECAY = "- learning*eta*decay*w"

THETA_RULES = tuple(FEEDBACK)


def _check_numbers(name: str, eta: float, decay: float, tau_w: Quantity | None) -> None:
    where = f"Plasticity rule {name!r}"
    check_value(where, "eta", eta, Finite)
    check_value(where, "decay", decay, Finite)
    check_value(where, "tau_w", tau_w, Time | None)


def _rule(
    name: str,
    term: str,
    eta: float,
    decay: float,
    tau_w: Quantity | None,
    factors: Mapping[str, str] | None,
) -> PlasticityRule:
    parameters: dict[str, Quantity | float] = {"eta": eta}
    if decay:
        term, parameters["decay"] = f"{term} {DECAY}", decay
    if tau_w is None:
        equations = Equations(f"dw/dt = {term} : 1")
    else:
        equations = Equations(f"dw/dt = low : 1\ndlow/dt = ({term} - low)/tau_w : Hz")
        parameters["tau_w"] = tau_w
    renamed = {
        k: new_name(f"Plasticity rule {name!r}", v)
        for k, v in (factors or {}).items()
        if k in equations.identifiers
    }
    return PlasticityRule(name, equations.substitute(**renamed), parameters)


def forward_rule(
    eta: float,
    decay: float = 0.0,
    tau_w: Quantity | None = None,
    factors: Mapping[str, str] | None = None,
) -> PlasticityRule:
    """W's rule, Algorithm 1 step 4: ``eta * delta_post * u_pre`` for each presentation.

    Parameters
    ----------
    eta : float
        Learning rate for one presentation.
    decay : float
        Each presentation takes ``eta * decay * w`` (Kolen-Pollack; else 0).
    tau_w : Quantity, optional
        Time constant of a low-pass filter on the change of the weight.
    factors : mapping of str to str, optional
        Variables to read instead, such as ``{"u_pre": "u_trace_pre"}``.
    """
    _check_numbers("W", eta, decay, tau_w)
    return _rule("W", FORWARD, eta, decay, tau_w, factors)


def feedback_rule(
    theta_rule: str,
    eta: float,
    decay: float = 0.0,
    tau_w: Quantity | None = None,
    factors: Mapping[str, str] | None = None,
) -> PlasticityRule | None:
    """Theta's rule by name; None for ``"fixed"``.

    Parameters
    ----------
    theta_rule : {"minus", "plus", "fixed", "kp"}
        Algorithm 1; the sign of the released code; Theta stays; Kolen-Pollack.
    eta, decay, tau_w, factors
        As for :func:`forward_rule`.

    Raises
    ------
    ValueError
        For an unknown name, a number that is not finite, a time that is none.
    """
    term = look_up("theta_rule", theta_rule, FEEDBACK)
    name = f"theta {theta_rule}"
    _check_numbers(name, eta, decay, tau_w)
    return None if term is None else _rule(name, term, eta, decay, tau_w, factors)
