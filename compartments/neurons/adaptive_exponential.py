"""An adaptive exponential integrate-and-fire soma with a basal and an apical dendrite.

Brette & Gerstner 2005 (J. Neurophysiol. 94:3637), with the numbers of that paper. The dendrites
pass on currents. For a < g_L tau_m/tau_w a slowly rising current makes it fire above
(g_L + a) (V_T - E_L - Delta_T + Delta_T ln(1 + a/g_L)) (Touboul & Brette 2008).
"""

from brian2 import Equations, Quantity, ms, mV, nS, pA, pF

from compartments.activations import Activation, activation
from compartments.domains import shown
from compartments.neuron import Compartment, Neuron
from compartments.neurons.integrate_and_fire import SPIKE_TRACE
from compartments.ports import Port, Ports, Sent

BASAL_CURRENT = Equations("du/dt = (drive - u)/tau_u : amp\ndrive : amp")
APICAL_CURRENT = Equations("da/dt = (feedback - a)/tau_a : amp\nfeedback : amp")
ADAPTIVE_MEMBRANE = Equations(
    """
    dv/dt = (g_L*(E_L - v) + g_L*Delta_T*exp((v - V_T)/Delta_T) + u + a - k)/C : volt
    dk/dt = (g_k*(v - E_L) - k)/tau_k : amp
    """
)


def adaptive_exponential_neuron(
    name: str,
    f: str | Activation = "linear",
    *,
    tau_u: Quantity,
    tau_a: Quantity,
    tau_s: Quantity = 5 * ms,
    C: Quantity = 281 * pF,
    g_L: Quantity = 30 * nS,
    E_L: Quantity = -70.6 * mV,
    V_T: Quantity = -50.4 * mV,
    Delta_T: Quantity = 2 * mV,
    V_cut: Quantity = -30 * mV,
    tau_k: Quantity = 144 * ms,
    g_k: Quantity = 4 * nS,
    jump: Quantity = 80.5 * pA,
) -> Neuron:
    """It fires where v passes ``V_cut``, and what adapts it grows by ``jump``.

    Parameters
    ----------
    name : str
        For messages.
    f : str or Activation
        Must be ``"linear"``: the dendrites pass on currents.
    tau_u, tau_a, tau_s : Quantity
        Time constants of the basal and the apical dendrite, and of what synapses make of a spike.
    C, g_L, E_L, V_T, Delta_T : Quantity
        Capacitance, leak, rest, threshold, and over which range of v spikes begin.
    V_cut : Quantity
        Where a spike is said to be one; v is then put to ``E_L``.
    tau_k, g_k, jump : Quantity
        Of adaptation: time constant, a and b of the paper.

    Raises
    ------
    ValueError
        For another f.
    """
    if activation(f).name != "linear":
        raise ValueError(
            f"Neuron {shown(name)}: dendrites pass on currents, f must be 'linear', got {f!r}."
        )
    ports = (Port("drive", "below", {"u": "u"}), Port("feedback", "above", {"a": "a"}))
    constants = {"C": C, "g_L": g_L, "E_L": E_L, "V_T": V_T, "Delta_T": Delta_T, "V_cut": V_cut}
    return Neuron(
        name,
        (
            Compartment("basal", BASAL_CURRENT),
            Compartment("apical", APICAL_CURRENT),
            Compartment("soma", ADAPTIVE_MEMBRANE + SPIKE_TRACE),
        ),
        {"tau_u": tau_u, "tau_a": tau_a, "tau_s": tau_s, **constants}
        | {"tau_k": tau_k, "g_k": g_k, "jump": jump},
        initial={"v": E_L},
        ports=Ports(
            ports,
            (Sent("s", "up", {"u": "s"}),),
            {("drive", "u"): ("tau_u",), ("feedback", "a"): ("tau_a",)},
        ),
        threshold="v > V_cut",
        reset="v = E_L; k += jump; s += 1",
    )
