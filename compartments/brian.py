"""From a neuron's description to what Brian2 runs; used for one population and for networks."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from brian2 import Equations, NeuronGroup, Quantity, get_dimensions, prefs
from brian2.equations.codestrings import Expression
from brian2.equations.equations import PARAMETER, SUBEXPRESSION, SingleEquation
from brian2.units.fundamentalunits import DIMENSIONLESS

from compartments.events import SPIKE
from compartments.neuron import Neuron
from compartments.noise import with_numbers
from compartments.per_neuron import is_array

PHASE = "groups"
"""Everything happens in this slot of Brian2's schedule; ``order`` says what comes first."""

RECORD_ORDER, LEARN_ORDER, SEND_ORDER, MOVE_ORDER, PROJECT_ORDER = -3, -2, -1, 0, 1
"""Recording, weights, delay lines, states: all of them see the state at the step's beginning.

Then weights are put back within their bounds.
"""


def driven_equations(
    neuron: Neuron, sources: Mapping[str, str], noise: Mapping[str, str] | None = None
) -> Equations:
    """The neuron's equations, its inputs computed by the given expressions.

    Parameters
    ----------
    neuron : Neuron
        Stored expressions become plain variables: :func:`neuron_group` computes them.
    sources : mapping of str to str
        For some of the neuron's inputs, an expression; other inputs stay variables.
    noise : mapping of str to str
        For some of its random numbers, an expression that gives them.
    """
    lines = []
    for line in neuron.equations.values():
        if line.varname in sources:
            code = Expression(sources[line.varname])
            lines.append(
                SingleEquation(SUBEXPRESSION, line.varname, line.dim, line.var_type, expr=code)
            )
        elif line.varname in neuron.stored:
            lines.append(SingleEquation(PARAMETER, line.varname, line.dim, var_type=line.var_type))
        elif noise and line.expr is not None:
            code = Expression(with_numbers(line, noise))
            lines.append(
                SingleEquation(line.type, line.varname, line.dim, expr=code, flags=line.flags)
            )
        else:
            lines.append(line)
    counted = [event.count for event in neuron.events if event.is_counted]
    lines += [SingleEquation(PARAMETER, name, DIMENSIONLESS) for name in counted]
    return Equations(lines)


def neuron_group(
    name: str,
    size: int,
    neuron: Neuron,
    equations: Equations,
    store_orders: Mapping[str, int],
    *,
    dt: Quantity,
    method: str,
    namespace: Mapping[str, object],
    noise: Mapping[str, str] | None = None,
) -> NeuronGroup:
    """A Brian2 group whose stored expressions are computed once a step, in the given order.

    Parameters
    ----------
    name, size, neuron
        What to build.
    equations : Equations
        From :func:`driven_equations`, perhaps with further variables.
    store_orders : mapping of str to int
        For every stored expression, its place within the time step.
    dt : Quantity
        Time step.
    method : str
        ``"euler"`` or ``"exponential_euler"``.
    namespace : mapping
        What the expressions name beside the neuron's own constants.
    noise : mapping of str to str
        As for :func:`driven_equations`.
    """
    differing = {name: v for name, v in neuron.parameters.items() if is_array(v)}
    own = [
        SingleEquation(PARAMETER, n, get_dimensions(v), flags=["constant"])
        for n, v in differing.items()
    ]
    shared = {name: v for name, v in neuron.parameters.items() if name not in differing}
    group = NeuronGroup(
        size,
        equations + Equations(own),
        method=method,
        name=name,
        dt=dt,
        order=MOVE_ORDER,
        namespace={**shared, **namespace},
        **_thresholds(neuron, noise or {}),
    )
    if group.state_updater is not None:
        group.state_updater.when, group.state_updater.order = PHASE, MOVE_ORDER
    for name, value in {**differing, **neuron.initial}.items():
        setattr(group, name, value)
    for variable in neuron.stored:
        expression = with_numbers(neuron.equations[variable], noise or {})
        group.run_regularly(
            f"{variable} = {expression}",
            when=PHASE,
            order=store_orders[variable],
            dt=dt,
            name=f"{name}_{variable}_store",
        )
    _add_resets(group, neuron, dt, noise or {})
    return group


def _thresholds(neuron: Neuron, noise: Mapping[str, str]) -> dict[str, Any]:
    """What Brian2's group is told of the neuron's events."""
    conditions = {e.name: e.condition(noise.get(e.name)) for e in neuron.events}
    found: dict[str, Any] = {}
    if SPIKE in conditions:
        spike = neuron.event(SPIKE)
        found |= {"threshold": conditions.pop(SPIKE), "reset": spike.code if spike else ""}
        if neuron.refractory is not None:
            found["refractory"] = neuron.refractory
    return found | ({"events": conditions} if conditions else {})


def _add_resets(group: NeuronGroup, neuron: Neuron, dt: Quantity, noise: Mapping[str, str]) -> None:
    """Counts before thresholds are looked at; resets, in the order of the events."""
    for rank, event in enumerate(neuron.events):
        if event.is_counted:
            group.run_regularly(
                f"{event.count} = {event.drawn_count(noise.get(event.name))}",
                when="thresholds",
                order=MOVE_ORDER - 1,
                dt=dt,
                name=f"{group.name}_{event.count}",
            )
        if event.name == SPIKE:
            group.resetter[SPIKE].order = rank
        elif event.reset:
            group.run_on_event(event.name, event.code, when="resets", order=rank)


@contextmanager
def code_generation(target: str) -> Iterator[None]:
    """Brian2's code generation for the block; the preference is put back afterwards."""
    before = prefs.codegen.target
    prefs.codegen.target = target
    try:
        yield
    finally:
        prefs.codegen.target = before
