"""The graded pyramidal neuron of Dendritic Localized Learning (Lv et al. 2025), relaxing.

Equations: :mod:`compartments.equations`. It sends the basal u up and delta down.
"""

from collections.abc import Sequence
from typing import Annotated

from brian2 import Equations, Quantity

from compartments import equations as eq
from compartments.activations import Activation, activation
from compartments.domains import Positive, Time, check_value, shown, such_that
from compartments.neuron import Compartment, Neuron
from compartments.neurons.late_target import late_target, with_late_target
from compartments.ports import Port, Ports, Sent
from compartments.traces import delay_line

Stages = Annotated[int, such_that("a whole number in 0..100", lambda n: 0 <= n <= 100)]
"""First-order stages; each is an equation of its own."""

FROM_BELOW = Port("drive", "below", {"delta": "delta"})
FROM_ABOVE = Port("feedback", "above", {"error": "error", "u": "u"}, remote=("u",))
FROM_TARGET = Port("target", "signal")
SENDS = (Sent("u", "up", {"u": "u"}), Sent("delta", "down", {"delta": "delta"}))
BASAL_DELAYS = {("drive", "u"): ("tau_u",), ("drive", "gain"): ()}
APICAL_DELAYS = {
    ("feedback", "a"): ("tau_a",),
    ("feedback", "error"): ("tau_a", "tau_x"),
    ("feedback", "delta"): ("tau_a", "tau_x"),
}


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
    return Neuron(
        name,
        (
            Compartment("basal", basal(f, gain_line)),
            Compartment("apical", eq.APICAL),
            Compartment("soma", eq.SOMA + soma_error(name, matched_soma) + sent_down(gain_line)),
        ),
        {"tau_u": tau_u, "tau_a": tau_a, "tau_x": tau_x},
        ports=Ports((FROM_BELOW, FROM_ABOVE), SENDS, BASAL_DELAYS | APICAL_DELAYS),
    )


def basal(f: str | Activation, gain_line: Sequence[str] = ()) -> Equations:
    """A basal dendrite, and f' behind a line of stages."""
    return eq.BASAL + activation(f).equations() + delay_line("gain", "late_gain", gain_line)


def soma_error(name: str, matched_soma: bool) -> Equations:
    """What a soma compares itself with: u, or the u that it would show itself."""
    check_value(f"Neuron {shown(name)}", "matched_soma", matched_soma, bool)
    return eq.MATCHED_ERROR if matched_soma else eq.ERROR


def sent_down(gain_line: Sequence[str] = ()) -> Equations:
    """delta, with f' as it is or behind its line of stages."""
    return eq.SENT_DOWN.substitute(gain="late_gain") if gain_line else eq.SENT_DOWN


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
    check_value(where, "target_stages", target_stages, Stages)
    error = soma_error(name, matched_soma)
    parameters: dict[str, Quantity | float] = {"tau_u": tau_u}
    soma = eq.CLAMPED_SOMA
    pulled: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    if beta is not None:
        soma, pulled = eq.NUDGED_SOMA + error, ("tau_x/(1 + beta)",)
        behind = ("tau_x",) if matched_soma else ()  # that error is measured against p
        parameters |= {"tau_x": tau_x, "beta": beta}
    parts = [
        Compartment("basal", basal(f)),
        Compartment("soma", soma + eq.SENT_DOWN),
    ]
    taus = ("tau_u",) * target_stages + (behind if target_stages else ())
    if taus:
        parts[1] = Compartment("soma", with_late_target(soma + eq.SENT_DOWN))
        parts.append(Compartment("target", late_target(taus)))
    delays = {
        (port, variable): stages + pulled
        for port, stages in (("drive", ("tau_u", *behind)), ("target", taus))
        for variable in ("error", "delta")
    }
    ports = Ports((FROM_BELOW, FROM_TARGET), SENDS, BASAL_DELAYS | delays)
    return Neuron(name, tuple(parts), parameters, ports=ports)
