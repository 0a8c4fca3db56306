"""A graded neuron whose apical tuft has two branches: one for what comes from above, one lateral.

Each branch relaxes by itself, with its own time constant, and the soma takes their sum, as the two
apical inputs add in Sacramento et al. 2018 (Eq. 4: top-down and lateral), where telling them apart
(Eq. 10) needs such a split tuft.
"""

from collections.abc import Sequence

from brian2 import Equations, Quantity, ms

from compartments import equations as eq
from compartments.activations import Activation
from compartments.neuron import Compartment, Neuron
from compartments.neurons.graded import (
    APICAL_DELAYS,
    BASAL_DELAYS,
    FROM_ABOVE,
    FROM_BELOW,
    SENDS,
    basal,
    sent_down,
    soma_error,
)
from compartments.ports import Port, Ports

BRANCH_ABOVE = eq.APICAL.substitute(a="a_above")
BRANCH_LATERAL = eq.APICAL.substitute(a="a_lateral", feedback="lateral", tau_a="tau_lateral")
BRANCHES = Equations("a = a_above + a_lateral : 1")


def two_branch_neuron(
    name: str,
    f: str | Activation,
    *,
    tau_u: Quantity,
    tau_a: Quantity,
    tau_x: Quantity,
    tau_lateral: Quantity = 10 * ms,
    matched_soma: bool = False,
    gain_line: Sequence[str] = (),
) -> Neuron:
    """Basal dendrite, two apical branches and a soma.

    Parameters
    ----------
    name, f, tau_u, tau_a, tau_x, matched_soma, gain_line
        As for :func:`compartments.neurons.graded.hidden_neuron`; tau_a is that of the branch for
        what comes from above.
    tau_lateral : Quantity
        Time constant of the lateral branch.
    """
    lateral = {
        ("lateral", variable): tuple("tau_lateral" if s == "tau_a" else s for s in stages)
        for (_, variable), stages in APICAL_DELAYS.items()
    }
    return Neuron(
        name,
        (
            Compartment("basal", basal(f, gain_line)),
            Compartment("branch above", BRANCH_ABOVE),
            Compartment("branch lateral", BRANCH_LATERAL),
            Compartment(
                "soma", BRANCHES + eq.SOMA + soma_error(name, matched_soma) + sent_down(gain_line)
            ),
        ),
        {"tau_u": tau_u, "tau_a": tau_a, "tau_x": tau_x, "tau_lateral": tau_lateral},
        ports=Ports(
            (FROM_BELOW, FROM_ABOVE, Port("lateral", "lateral", {"error": "error"})),
            SENDS,
            BASAL_DELAYS | APICAL_DELAYS | lateral,
        ),
    )
