"""A leaky integrate-and-fire soma with a basal and an apical dendrite, perhaps with escape noise.

Lapicque 1907; escape noise: Plesser & Gerstner 2000 (Neural Comput. 12:367), Gerstner et al.,
Neuronal Dynamics, ch. 9. Without noise a constant drive I above threshold gives the rate
1/(t_ref + tau_m ln((I - v_r)/(I - v_t))).
"""

from typing import Literal

from brian2 import Equations, Hz, Quantity, ms

from compartments import equations as eq
from compartments.activations import Activation
from compartments.checks import check_name
from compartments.domains import shown
from compartments.neuron import Compartment, Neuron
from compartments.neurons.graded import BASAL_DELAYS, basal
from compartments.ports import Port, Ports, Sent

Escape = Literal["none", "exponential", "linear"]

MEMBRANE = Equations("dv/dt = (u + a - v)/tau_m : 1 (unless refractory)")

# What a synapse makes of its events: a jump of 1 that decays; its integral is tau_s
SPIKE_TRACE = Equations("ds/dt = -s/tau_s : 1")

HAZARDS = {
    "none": Equations([]),
    "exponential": Equations("hazard = r_t*exp((v - v_t)/slope) : Hz"),
    "linear": Equations("hazard = r_t*clip((v - v_t)/slope, 0, inf) : Hz"),
}
BY_HAZARD = "rand() < 1 - exp(-hazard*dt)"

FROM_DENDRITES = (Port("drive", "below", {"u": "u"}), Port("feedback", "above", {"a": "a"}))


def integrate_and_fire_neuron(
    name: str,
    f: str | Activation = "linear",
    *,
    tau_u: Quantity,
    tau_a: Quantity,
    tau_m: Quantity = 10 * ms,
    tau_s: Quantity = 5 * ms,
    v_t: float = 1.0,
    v_r: float = 0.0,
    refractory: Quantity = 2 * ms,
    escape: Escape = "none",
    r_t: Quantity = 100 * Hz,
    slope: float = 0.1,
) -> Neuron:
    """Both dendrites drive the soma, which fires at its threshold, or by chance around it.

    Parameters
    ----------
    name : str
        For messages.
    f : str or Activation
        Of the basal dendrite.
    tau_u, tau_a, tau_m, tau_s : Quantity
        Time constants of the basal and the apical dendrite, of the membrane, and of what synapses
        make of a spike.
    v_t, v_r : float
        Threshold, and where the membrane is put after a spike.
    refractory : Quantity
        For how long it then stays there.
    escape : {"none", "exponential", "linear"}
        A spike at the threshold; or with a hazard that grows with v exponentially, or above the
        threshold linearly.
    r_t, slope : Quantity, float
        The hazard at the threshold, or ``slope`` above it where it is linear; over which range of v
        it grows.

    Raises
    ------
    ValueError
        For an unknown escape.
    """
    check_name(f"Neuron {shown(name)}", "escape", escape, HAZARDS)
    noisy = {} if escape == "none" else {"r_t": r_t, "slope": slope}
    return Neuron(
        name,
        (
            Compartment("basal", basal(f)),
            Compartment("apical", eq.APICAL),
            Compartment("soma", MEMBRANE + SPIKE_TRACE + HAZARDS[escape]),
        ),
        {"tau_u": tau_u, "tau_a": tau_a, "tau_m": tau_m, "tau_s": tau_s, "v_t": v_t, "v_r": v_r}
        | noisy,
        ports=Ports(FROM_DENDRITES, (Sent("s", "up", {"u": "s"}),), dendritic_delays()),
        threshold="v > v_t" if escape == "none" else BY_HAZARD,
        reset="v = v_r; s += 1",
        refractory=refractory,
    )


def dendritic_delays() -> dict[tuple[str, str], tuple[str, ...]]:
    """How late the dendrites are."""
    return BASAL_DELAYS | {("feedback", "a"): ("tau_a",)}
