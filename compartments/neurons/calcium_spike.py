"""A pyramidal cell that bursts where basal and apical input coincide: BAC firing.

A spike that travels back into the apical tuft meets apical input there, and only both together pass
the threshold of a calcium plateau, which then drives the soma to fire several times (Larkum, Zhu &
Sakmann 1999, Nature 398:338; Larkum 2013, Trends Neurosci. 36:141). So basal input sets how often
the cell has events, and apical input which share of them are bursts (Naud & Sprekeler 2018).
"""

from brian2 import Equations, Hz, Quantity, ms

from compartments import equations as eq
from compartments.activations import Activation
from compartments.neuron import Compartment, Neuron
from compartments.neurons.graded import basal
from compartments.neurons.integrate_and_fire import (
    BY_HAZARD,
    FROM_DENDRITES,
    HAZARDS,
    SPIKE_TRACE,
    dendritic_delays,
)
from compartments.ports import Ports, Sent

# the plateau's current, from its onset on; the tuft itself does not reach the soma
PLATEAU = Equations("dc/dt = -c/tau_c : 1")
DRIVEN = Equations("dv/dt = (u + g_c*c - v)/tau_m : 1 (unless refractory)")


def calcium_spike_neuron(
    name: str,
    f: str | Activation = "linear",
    *,
    tau_u: Quantity,
    tau_a: Quantity,
    tau_m: Quantity = 10 * ms,
    tau_s: Quantity = 5 * ms,
    tau_c: Quantity = 10 * ms,
    v_t: float = 1.0,
    v_r: float = 0.0,
    refractory: Quantity = 3 * ms,
    r_t: Quantity = 100 * Hz,
    slope: float = 0.1,
    back: float = 0.6,
    a_t: float = 1.0,
    g_c: float = 8.0,
) -> Neuron:
    """Events ``spike`` and ``plateau``.

    Parameters
    ----------
    name, f, tau_u, tau_a, tau_m, tau_s, v_t, v_r, refractory, r_t, slope
        As for :func:`compartments.neurons.integrate_and_fire.integrate_and_fire_neuron`, with
        exponential escape noise.
    tau_c, g_c : Quantity, float
        How long a plateau drives the soma, and how much.
    back, a_t : float
        What a spike adds to the tuft; where the tuft has a plateau. Neither a spike (``back <
        a_t``) nor input below ``a_t`` makes one alone.
    """
    constants = {"tau_u": tau_u, "tau_a": tau_a, "tau_m": tau_m, "tau_s": tau_s, "tau_c": tau_c}
    return Neuron(
        name,
        (
            Compartment("basal", basal(f)),
            Compartment("apical", eq.APICAL + PLATEAU),
            Compartment("soma", DRIVEN + SPIKE_TRACE + HAZARDS["exponential"]),
        ),
        {**constants, "v_t": v_t, "v_r": v_r, "r_t": r_t, "slope": slope}
        | {"back": back, "a_t": a_t, "g_c": g_c},
        ports=Ports(FROM_DENDRITES, (Sent("s", "up", {"u": "s"}),), dendritic_delays()),
        threshold={"spike": BY_HAZARD, "plateau": "a > a_t and c < 0.05"},
        reset={"spike": "v = v_r; s += 1; a += back", "plateau": "c = 1; a = 0"},
        refractory=refractory,
    )
