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
"""

from brian2 import Equations, Quantity

from compartments import equations as eq
from compartments.activations import Activation, activation
from compartments.neuron import Compartment, Neuron
from compartments.strings import new_name


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


SOMA_AHEAD = Equations(
    """
    dx/dt = (u_ahead - x + a_ahead)/tau_x : 1
    error = x_ahead - u_ahead : 1
    """
)

CLAMPED_AHEAD = Equations(
    """
    error = target_on*(target - u_ahead) : 1
    x = u_ahead + error : 1
    target : 1
    target_on : 1
    """
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
        As for :func:`compartments.pyramidal.hidden_neuron`.
    tau_d : Quantity
        Time constant of the derivative; the time step gives the backward difference.
    """
    return Neuron(
        name,
        (
            Compartment("basal", eq.BASAL + activation(f).equations() + look_ahead("u", "tau_u")),
            Compartment("apical", eq.APICAL + look_ahead("a", "tau_a")),
            Compartment("soma", SOMA_AHEAD + look_ahead("x", "tau_x") + eq.SENT_DOWN),
        ),
        {"tau_u": tau_u, "tau_a": tau_a, "tau_x": tau_x, "tau_d": tau_d},
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
    basal = eq.BASAL + activation(f).equations() + look_ahead("u", "tau_u")
    return Neuron(
        name,
        (Compartment("basal", basal), Compartment("soma", CLAMPED_AHEAD + eq.SENT_DOWN)),
        {"tau_u": tau_u, "tau_d": tau_d},
    )
