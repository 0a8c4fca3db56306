"""Look-ahead (prospective) coding: every compartment sends where it is going, not where it is.

PATENT NOTICE. Look-ahead coding in networks of leaky neurons is the method of Latent Equilibrium
(Haider et al., NeurIPS 2021) and of Generalized Latent Equilibrium (Ellenberger et al. 2024). The
authors announce in their repositories that the method is protected by patents. It is here for
comparison in research, is off unless asked for, and must not be used in a product before that has
been cleared with the holders.

A compartment that relaxes by ``tau dv/dt = drive - v`` satisfies ``v + tau dv/dt = drive``: with an
ideal derivative the look-ahead value has no delay at all, so Algorithm 1 holds at every instant.
The derivative is that of a further first-order state, ``tau_d dv_past/dt = v - v_past``:
``dv/dt ~ (v - v_past)/tau_d``. With ``tau_d = dt`` and Euler steps that is the backward difference,
and each stage costs one time step. White noise in v is amplified by tau/tau_d.

The neurons are the graded ones with look-ahead values in the place of what compartments tell each
other.
"""

from brian2 import Equations, Quantity

from compartments import equations as eq
from compartments.activations import Activation
from compartments.neuron import Compartment, Neuron
from compartments.neurons.graded import FROM_BELOW, FROM_TARGET, basal
from compartments.ports import Port, Ports, Sent
from compartments.strings import new_name

SENDS_AHEAD = (Sent("u_ahead", "up", {"u": "u_ahead"}), Sent("delta", "down", {"delta": "delta"}))
AHEAD_FROM_ABOVE = Port("feedback", "above", {"error": "error", "u": "u_ahead"}, remote=("u",))
AHEAD_DELAYS = {("drive", "u"): ("tau_u",), ("drive", "gain"): (), ("drive", "u_ahead"): ()}


def look_ahead(variable: str, tau: str) -> Equations:
    """``<variable>_ahead = variable + tau d(variable)/dt``, with the derivative estimated."""
    return Equations(
        """
        dpast/dt = (now - past)/tau_d : 1
        ahead = now + tau*(now - past)/tau_d : 1 (constant over dt)
        """,
        now=new_name("Look-ahead", variable),
        past=f"{variable}_past",
        ahead=f"{variable}_ahead",
        tau=new_name("Look-ahead", tau, "constant"),
    )


def prospective_hidden_neuron(
    name: str,
    f: str | Activation,
    *,
    tau_u: Quantity,
    tau_a: Quantity,
    tau_x: Quantity,
    tau_d: Quantity,
) -> Neuron:
    """A hidden neuron that sends look-ahead values; see the module for the patent notice.

    Parameters
    ----------
    name, f, tau_u, tau_a, tau_x
        As for :func:`compartments.neurons.graded.hidden_neuron`.
    tau_d : Quantity
        Time constant of the derivative; the time step gives the backward difference.
    """
    soma = eq.SOMA.substitute(u="u_ahead", a="a_ahead")
    error = eq.ERROR.substitute(x="x_ahead", u="u_ahead")
    at_once = {("feedback", name_): () for name_ in ("a_ahead", "error", "delta")}
    from_above = {("feedback", "a"): ("tau_a",), **at_once}
    return Neuron(
        name,
        (
            Compartment("basal", basal(f) + look_ahead("u", "tau_u")),
            Compartment("apical", eq.APICAL + look_ahead("a", "tau_a")),
            Compartment("soma", soma + error + look_ahead("x", "tau_x") + eq.SENT_DOWN),
        ),
        {"tau_u": tau_u, "tau_a": tau_a, "tau_x": tau_x, "tau_d": tau_d},
        ports=Ports((FROM_BELOW, AHEAD_FROM_ABOVE), SENDS_AHEAD, AHEAD_DELAYS | from_above),
    )


def prospective_output_neuron(
    name: str, f: str | Activation, *, tau_u: Quantity, tau_d: Quantity
) -> Neuron:
    """A clamped output neuron that compares look-ahead values with the target.

    Parameters
    ----------
    name, f, tau_u, tau_d
        As for :func:`prospective_hidden_neuron`.
    """
    soma = eq.CLAMPED_SOMA.substitute(u="u_ahead")
    delays = {(port, name_): () for port in ("drive", "target") for name_ in ("error", "delta")}
    return Neuron(
        name,
        (
            Compartment("basal", basal(f) + look_ahead("u", "tau_u")),
            Compartment("soma", soma + eq.SENT_DOWN),
        ),
        {"tau_u": tau_u, "tau_d": tau_d},
        ports=Ports((FROM_BELOW, FROM_TARGET), SENDS_AHEAD, AHEAD_DELAYS | delays),
    )
