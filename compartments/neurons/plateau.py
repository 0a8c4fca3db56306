"""A graded neuron whose apical dendrite makes plateaus: an NMDA conductance, sigmoidal in voltage.

The magnesium block of NMDA receptors lifts with depolarisation (Jahr & Stevens 1990), so feedback
that passes a threshold is held up by a current of its own (Schiller et al. 2000). Feedback well
below threshold passes as in the graded neuron; above it the dendrite jumps. No chain of first-order
stages describes that, and no delay from above is declared.
"""

from collections.abc import Sequence

from brian2 import Equations, Quantity

from compartments import equations as eq
from compartments.activations import Activation
from compartments.neuron import Compartment, Neuron
from compartments.neurons.graded import (
    BASAL_DELAYS,
    FROM_ABOVE,
    FROM_BELOW,
    SENDS,
    basal,
    sent_down,
    soma_error,
)
from compartments.ports import Ports

# open = 1/(1 + exp(-(a - half)/slope)), written so that it does not overflow
NMDA = Equations(
    """
    arriving = feedback + g_nmda*opening*(reversal - a) : 1
    opening = 0.5*(1 + tanh(0.5*(a - half)/slope)) : 1
    """
)


def plateau_neuron(
    name: str,
    f: str | Activation,
    *,
    tau_u: Quantity,
    tau_a: Quantity,
    tau_x: Quantity,
    g_nmda: float = 1.0,
    half: float = 1.0,
    slope: float = 0.1,
    reversal: float = 2.0,
    matched_soma: bool = False,
    gain_line: Sequence[str] = (),
) -> Neuron:
    """Basal dendrite, an apical dendrite with plateaus, and a soma.

    Parameters
    ----------
    name, f, tau_u, tau_a, tau_x, matched_soma, gain_line
        As for :func:`compartments.neurons.graded.hidden_neuron`.
    g_nmda : float
        Largest NMDA conductance, in leak conductances of the dendrite.
    half, slope : float
        The a at which half of it is open, and over which range it opens.
    reversal : float
        The a to which its current pulls.
    """
    apical = [line for line in eq.APICAL.values() if line.varname != "feedback"]
    return Neuron(
        name,
        (
            Compartment("basal", basal(f, gain_line)),
            Compartment(
                "apical",
                Equations(apical).substitute(feedback="arriving")
                + NMDA
                + Equations("feedback : 1"),
            ),
            Compartment("soma", eq.SOMA + soma_error(name, matched_soma) + sent_down(gain_line)),
        ),
        {"tau_u": tau_u, "tau_a": tau_a, "tau_x": tau_x}
        | {"g_nmda": g_nmda, "half": half, "slope": slope, "reversal": reversal},
        ports=Ports((FROM_BELOW, FROM_ABOVE), SENDS, BASAL_DELAYS),
    )
