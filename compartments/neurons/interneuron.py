"""The lateral interneuron of a cortical microcircuit (Sacramento et al. 2018, Eq. 2).

It is driven by the pyramidal neurons of its area, taught by one of the area above, and learns to
say what that one says; laterally sent back, that cancels what comes down.
"""

from brian2 import Equations, Quantity, ms

from compartments.activations import Activation
from compartments.neuron import Compartment, Neuron
from compartments.neurons.conductance import (
    NO_NOISE,
    check_conductances,
    membrane,
    rates,
    with_noise,
)
from compartments.ports import Port, Ports, Sent

INTERNEURON_DENDRITE = Equations(
    """
    v = drive : 1
    drive : 1
    """
)

# Eq. 2, with i = g_som (u_above - u)
INTERNEURON_CURRENTS = "-g_lk*u + g_D*(v - u) + g_som*(taught - u)"


def interneuron(
    name: str,
    f: str | Activation = "logistic",
    *,
    g_lk: Quantity = 0.1 / ms,
    g_D: Quantity = 1.0 / ms,
    g_som: Quantity = 0.8 / ms,
    sigma: Quantity = NO_NOISE,
    matched_soma: bool = False,
) -> Neuron:
    """A dendrite and a soma.

    Parameters
    ----------
    name, f, g_lk, sigma, matched_soma
        As for :func:`compartments.neurons.conductance.conductance_neuron`.
    g_D, g_som : Quantity
        Dendritic conductance, and that of the teaching current from above (1/time).

    Raises
    ------
    ValueError
        For a value outside its domain.
    """
    check_conductances(name, sigma, matched_soma, g_lk=g_lk, g_D=g_D, g_som=g_som)
    whole = ("1/(g_lk + g_D + g_som)",)
    soma = membrane(INTERNEURON_CURRENTS, sigma) + rates(f, "g_D", "v", "g_lk + g_D", matched_soma)
    return Neuron(
        name,
        (
            Compartment("dendrite", INTERNEURON_DENDRITE),
            Compartment("soma", soma + Equations("taught : 1")),
        ),
        with_noise({"g_lk": g_lk, "g_D": g_D, "g_som": g_som}, sigma),
        ports=Ports(
            (Port("drive", "lateral", {"delta": "surprise"}), Port("taught", "above")),
            (Sent("r", "lateral", {"u": "r"}),),
            {(port, variable): whole for port in ("drive", "taught") for variable in ("u", "r")},
        ),
    )
