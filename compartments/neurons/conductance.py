"""Compartments that are coupled by conductances (Sacramento et al. 2018, Eqs. 1, 3 and 4).

The soma is pulled to its dendrites' potentials, each through a conductance, and leaks to rest; its
rate phi(u) is the one thing that goes up, down and to the side. Capacitance is 1 and rest 0, so
conductances are rates. Values: the re-implementations of that paper (g_lk 0.1, g_B 1, g_A 0.8,
g_som 0.8 per ms).

Where the paper's teaching current has an excitatory and an inhibitory conductance, their sum is
g_som (target - u) exactly.
"""

from brian2 import Equations, Quantity, ms

from compartments.activations import Activation, activation
from compartments.neuron import Compartment, Neuron
from compartments.ports import Port, Ports, Sent

# Basal dendrite: v_B = W r of the area below
BASAL_POTENTIAL = Equations(
    """
    v_B = drive : 1
    drive : 1
    """
)

# Apical dendrite, Eq. 4: from above, and from the interneurons of the same area
APICAL_POTENTIAL = Equations(
    """
    v_A = feedback + lateral : 1
    unexplained = -v_A : 1 (constant over dt)
    feedback : 1
    lateral : 1
    """
)

# Eq. 1: du/dt = -g_lk u + g_B (v_B - u) + g_A (v_A - u)
COUPLED_SOMA = Equations("du/dt = -g_lk*u + g_B*(v_B - u) + g_A*(v_A - u) : 1")

# Eq. 1 of the output: no apical dendrite; a current while there is a target
TAUGHT_SOMA = Equations(
    """
    du/dt = -g_lk*u + g_B*(v_B - u) + g_som*target_on*(target - u) : 1
    target : 1
    target_on : 1
    """
)

# Eq. 7: what the soma does beyond its dendrite's prediction
SURPRISE = Equations("surprise = r - predicted : 1 (constant over dt)")

SENDS_RATE = (
    Sent("r", "up", {"u": "r"}),
    Sent("r", "down", {"u": "r"}),
    Sent("r", "lateral", {"u": "r"}),
)
SENDS_POTENTIAL = Sent("u", "down")  # to the interneuron of the area below that stands for this one
TO_BASAL = Port("drive", "below", {"delta": "surprise"})


def rates(f: str | Activation, predicted: str) -> Equations:
    """``r = phi(u)`` of a soma, and ``phi`` of what its dendrite predicts."""
    phi = activation(f)
    return (
        Equations(f"r = {phi.function} : 1 (constant over dt)", z="u")
        + Equations(f"predicted = {phi.function} : 1", z="v_hat")
        + Equations(f"v_hat = {predicted} : 1")
        + SURPRISE
    )


def conductance_neuron(
    name: str,
    f: str | Activation = "logistic",
    *,
    g_lk: Quantity = 0.1 / ms,
    g_B: Quantity = 1.0 / ms,
    g_A: Quantity = 0.8 / ms,
) -> Neuron:
    """A pyramidal neuron below the output.

    Parameters
    ----------
    name : str
        For messages.
    f : str or Activation
        phi, from potential to rate.
    g_lk, g_B, g_A : Quantity
        Leak, basal and apical conductance, over the capacitance (1/time).
    """
    whole = ("1/(g_lk + g_B + g_A)",)
    delays = {(port, v): whole for port in ("drive", "feedback", "lateral") for v in ("u", "r")}
    ports = (
        TO_BASAL,
        Port("feedback", "above"),
        Port("lateral", "lateral", {"delta": "unexplained"}),
    )
    return Neuron(
        name,
        (
            Compartment("basal", BASAL_POTENTIAL),
            Compartment("apical", APICAL_POTENTIAL),
            Compartment("soma", COUPLED_SOMA + rates(f, "g_B/(g_lk + g_B + g_A)*v_B")),
        ),
        {"g_lk": g_lk, "g_B": g_B, "g_A": g_A},
        ports=Ports(ports, (*SENDS_RATE, SENDS_POTENTIAL), delays),
    )


def conductance_output_neuron(
    name: str,
    f: str | Activation = "logistic",
    *,
    g_lk: Quantity = 0.1 / ms,
    g_B: Quantity = 1.0 / ms,
    g_som: Quantity = 0.8 / ms,
) -> Neuron:
    """A pyramidal neuron of the output area, nudged towards a target potential.

    Its delays are those while there is a target; without, the soma is slower.

    Parameters
    ----------
    name, f, g_lk, g_B
        As for :func:`conductance_neuron`.
    g_som : Quantity
        Conductance of the teaching current.
    """
    whole = ("1/(g_lk + g_B + g_som)",)
    return Neuron(
        name,
        (
            Compartment("basal", BASAL_POTENTIAL),
            Compartment("soma", TAUGHT_SOMA + rates(f, "g_B/(g_lk + g_B)*v_B")),
        ),
        {"g_lk": g_lk, "g_B": g_B, "g_som": g_som},
        ports=Ports(
            (TO_BASAL, Port("target", "signal")),
            (*SENDS_RATE, SENDS_POTENTIAL),
            {(port, v): whole for port in ("drive", "target") for v in ("u", "r")},
        ),
    )
