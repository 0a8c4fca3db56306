"""The neurons that layered networks are made of, composed from :mod:`compartments.equations`."""

from collections.abc import Sequence
from typing import Annotated

from brian2 import Equations, Quantity

from compartments import equations as eq
from compartments.activations import Activation, activation
from compartments.domains import Positive, Time, check_value, shown, such_that
from compartments.neuron import Compartment, Neuron
from compartments.traces import delay_line

Stages = Annotated[int, such_that("a whole number in 0..100", lambda n: 0 <= n <= 100)]
"""First-order stages; each is an equation of its own."""


def hidden_neuron(
    name: str,
    f: str | Activation,
    *,
    tau_u: Quantity,
    tau_a: Quantity,
    tau_x: Quantity,
    matched_soma: bool = False,
    gain_line: Sequence[str] = (),
) -> Neuron:
    """Basal, apical and somatic compartment; the error is local to the soma.

    Parameters
    ----------
    name : str
        For messages.
    f : str or Activation
        Basal activation.
    tau_u, tau_a, tau_x : Quantity
        Time constants of the basal, apical and somatic compartment (time).
    matched_soma : bool
        Measure the error against the u that the soma itself would show, ``p``, instead of u:
        the soma's lag behind u then leaves no trace in the error.
    gain_line : sequence of str
        Stages (names of time constants) that f' passes through before it meets the error.
    """
    check_value(f"Neuron {shown(name)}", "matched_soma", matched_soma, bool)
    error = eq.MATCHED_ERROR if matched_soma else eq.ERROR
    sent, late = eq.SENT_DOWN, delay_line("gain", "late_gain", gain_line)
    if gain_line:
        sent = sent.substitute(gain="late_gain")
    return Neuron(
        name,
        (
            Compartment("basal", eq.BASAL + activation(f).equations() + late),
            Compartment("apical", eq.APICAL),
            Compartment("soma", eq.SOMA + error + sent),
        ),
        {"tau_u": tau_u, "tau_a": tau_a, "tau_x": tau_x},
    )


def output_neuron(
    name: str,
    f: str | Activation,
    *,
    tau_u: Quantity,
    tau_x: Quantity,
    beta: float | None = None,
    matched_soma: bool = False,
    target_stages: int = 0,
) -> Neuron:
    """Basal and somatic compartment; the soma is held at the target, or pulled to it.

    Parameters
    ----------
    name, f, tau_u, tau_x, matched_soma
        As for :func:`hidden_neuron`. A clamped soma does not lag, so there
        ``matched_soma`` and ``tau_x`` change nothing.
    beta : float, optional
        Strength of the pull. None clamps the soma to the target.
    target_stages : int
        First-order stages of tau_u that the target passes through before it is used. A nudged
        soma with ``matched_soma`` adds one of tau_x, because its error is target - p, not
        target - u: without it the integrated error keeps a share of the change of u.

    Raises
    ------
    ValueError
        For a value outside its domain.
    """
    where = f"Neuron {shown(name)}"
    check_value(where, "tau_x", tau_x, Time)
    check_value(where, "beta", beta, Positive | None)
    check_value(where, "matched_soma", matched_soma, bool)
    check_value(where, "target_stages", target_stages, Stages)
    parameters: dict[str, Quantity | float] = {"tau_u": tau_u}
    if beta is None:
        soma = eq.CLAMPED_SOMA
    else:
        soma = eq.NUDGED_SOMA + (eq.MATCHED_ERROR if matched_soma else eq.ERROR)
        parameters |= {"tau_x": tau_x, "beta": beta}
    parts = [
        Compartment("basal", eq.BASAL + activation(f).equations()),
        Compartment("soma", soma + eq.SENT_DOWN),
    ]
    if target_stages:
        taus = ["tau_u"] * target_stages
        if beta is not None and matched_soma:  # this error is measured against p, tau_x behind u
            taus.append("tau_x")
        parts[1] = Compartment("soma", _with_late_target(soma + eq.SENT_DOWN))
        parts.append(Compartment("target", _late_target(taus)))
    return Neuron(name, tuple(parts), parameters)


def _with_late_target(equations: Equations) -> Equations:
    """The same equations, reading the target, and whether it is there, behind its stages."""
    late = {name: f"late_{name}" for name in ("target", "target_on")}
    kept = [line for line in equations.values() if line.varname not in late]
    return Equations(kept).substitute(**late)


def _late_target(taus: Sequence[str]) -> Equations:
    return (
        Equations("target : 1\ntarget_on : 1")
        + delay_line("target", "late_target", taus)
        + delay_line("target_on", "late_target_on", taus)
    )


def input_neuron(name: str = "input") -> Neuron:
    """A unit whose u is the stimulus."""
    return Neuron(name, (Compartment("stimulus", eq.INPUT),))


def constant_neuron(name: str = "bias") -> Neuron:
    """A unit whose u is always 1; the weights from it are biases."""
    return Neuron(name, (Compartment("constant", eq.CONSTANT_UNIT),))
