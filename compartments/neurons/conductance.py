"""Compartments that are coupled by conductances (Sacramento et al. 2018, Eqs. 1, 3 and 4).

The soma is pulled to its dendrites' potentials, each through a conductance, and leaks to rest; its
rate phi(u) is the one thing that goes up, down and to the side. Capacitance is 1 and rest 0, so
conductances are rates. Values: the re-implementations of that paper (g_lk 0.1, g_B 1, g_A 0.8,
g_som 0.8 per ms).

Where the paper's teaching current has an excitatory and an inhibitory conductance, their sum is
g_som (target - u) exactly.

A soma lags what its dendrite predicts by one over all its conductances, so after every switch of
stimuli it surprises its synapses although there is nothing to learn. ``matched_soma`` compares it
with the potential ``p`` that the dendrite alone would make of the same soma, which lags alike; a
target that is to meet that prediction passes the stages that the prediction has passed
(``target_line``). Neither is in the paper.
"""

from collections.abc import Sequence

from brian2 import Equations, Quantity, ms

from compartments.activations import Activation, activation
from compartments.domains import NoiseAmplitude, Rate, Time, check_value, shown
from compartments.neuron import Compartment, Neuron
from compartments.neurons.late_target import late_target, with_late_target
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

# The same with a tuft that tells what comes from above from the rest, Eq. 10
FORESEEN = Equations("missed = r - foreseen : 1 (constant over dt)")

# Eq. 1: du/dt = -g_lk u + g_B (v_B - u) + g_A (v_A - u) + sigma xi
SOMA_CURRENTS = "-g_lk*u + g_B*(v_B - u) + g_A*(v_A - u)"

# Eq. 1 of the output: no apical dendrite; a current while there is a target
OUTPUT_CURRENTS = "-g_lk*u + g_B*(v_B - u) + g_som*target_on*(target - u)"
TARGET = Equations("target : 1\ntarget_on : 1")

# Eq. 7: what the soma does beyond its dendrite's prediction
SURPRISE = Equations("surprise = r - predicted : 1 (constant over dt)")

SENDS_RATE = (
    Sent("r", "up", {"u": "r"}),
    Sent("r", "down", {"u": "r"}),
    Sent("r", "lateral", {"u": "r"}),
)
SENDS_POTENTIAL = Sent("u", "down")  # to the interneuron of the area below that stands for this one
TO_BASAL = Port("drive", "below", {"delta": "surprise"})


def membrane(currents: str, sigma: Quantity) -> Equations:
    """The soma's potential: its currents, and white noise if there is any."""
    noise = " + sigma*xi" if sigma > 0 else ""
    return Equations(f"du/dt = {currents}{noise} : 1")


def rates(
    f: str | Activation, conductance: str, dendrite: str, all_but_teaching: str, matched: bool
) -> Equations:
    """``r = phi(u)`` of a soma, and what of it its dendrite predicts.

    Parameters
    ----------
    f : str or Activation
        phi.
    conductance, dendrite, all_but_teaching : str
        The dendrite's conductance and potential, and the sum of the soma's own conductances.
    matched : bool
        Whether the prediction lags as the soma does.
    """
    phi = activation(f)
    lag = Equations(f"dp/dt = (v_hat - p)*({all_but_teaching}) : 1") if matched else Equations("")
    return (
        Equations(f"r = {phi.function} : 1 (constant over dt)", z="u")
        + Equations(f"predicted = {phi.function} : 1", z="p" if matched else "v_hat")
        + Equations(f"v_hat = {conductance}/({all_but_teaching})*{dendrite} : 1")
        + lag
        + SURPRISE
    )


def check_conductances(name: str, sigma: Quantity, matched: bool, **given: Quantity) -> None:
    """Refuse conductances that are none, noise without its unit, a flag that is none.

    Raises
    ------
    ValueError
        With the neuron and the constant.
    """
    where = f"Neuron {shown(name)}"
    for constant, value in given.items():
        check_value(where, constant, value, Rate)
    check_value(where, "sigma", sigma, NoiseAmplitude)
    check_value(where, "matched_soma", matched, bool)


def with_noise(constants: dict[str, Quantity], sigma: Quantity) -> dict[str, Quantity]:
    """The constants, with the amplitude of the noise if there is any."""
    return constants | ({"sigma": sigma} if sigma > 0 else {})


NO_NOISE = 0 / ms**0.5


def conductance_neuron(
    name: str,
    f: str | Activation = "logistic",
    *,
    g_lk: Quantity = 0.1 / ms,
    g_B: Quantity = 1.0 / ms,
    g_A: Quantity = 0.8 / ms,
    sigma: Quantity = NO_NOISE,
    matched_soma: bool = False,
    split_tuft: bool = False,
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
    sigma : Quantity
        Amplitude of white noise on the soma (1/sqrt(time)).
    matched_soma : bool
        The dendrite's prediction lags as the soma does.
    split_tuft : bool
        Synapses from above know what they say together, so that they can learn to predict the soma
        (Eq. 10).

    Raises
    ------
    ValueError
        For a value outside its domain.
    """
    check_conductances(name, sigma, matched_soma, g_lk=g_lk, g_B=g_B, g_A=g_A)
    check_value(f"Neuron {shown(name)}", "split_tuft", split_tuft, bool)
    own = "g_lk + g_B + g_A"
    whole = (f"1/({own})",)
    delays = {(port, v): whole for port in ("drive", "feedback", "lateral") for v in ("u", "r")}
    apical, read = APICAL_POTENTIAL, {}
    if split_tuft:
        foreseen = Equations(f"foreseen = {activation(f).function} : 1", z="feedback")
        apical, read = apical + foreseen + FORESEEN, {"delta": "missed"}
    ports = (
        TO_BASAL,
        Port("feedback", "above", read),
        Port("lateral", "lateral", {"delta": "unexplained"}),
    )
    soma = membrane(SOMA_CURRENTS, sigma) + rates(f, "g_B", "v_B", own, matched_soma)
    return Neuron(
        name,
        (
            Compartment("basal", BASAL_POTENTIAL),
            Compartment("apical", apical),
            Compartment("soma", soma),
        ),
        with_noise({"g_lk": g_lk, "g_B": g_B, "g_A": g_A}, sigma),
        ports=Ports(ports, (*SENDS_RATE, SENDS_POTENTIAL), delays),
    )


def conductance_output_neuron(
    name: str,
    f: str | Activation = "logistic",
    *,
    g_lk: Quantity = 0.1 / ms,
    g_B: Quantity = 1.0 / ms,
    g_som: Quantity = 0.8 / ms,
    sigma: Quantity = NO_NOISE,
    matched_soma: bool = False,
    target_line: Sequence[Quantity] = (),
) -> Neuron:
    """A pyramidal neuron of the output area, nudged towards a target potential.

    Its delays are those while there is a target; without, the soma is slower.

    Parameters
    ----------
    name, f, g_lk, g_B, sigma, matched_soma
        As for :func:`conductance_neuron`.
    g_som : Quantity
        Conductance of the teaching current.
    target_line : sequence of Quantity
        Time constants of the first-order stages that the target passes before it is used.

    Raises
    ------
    ValueError
        For a value outside its domain.
    """
    check_conductances(name, sigma, matched_soma, g_lk=g_lk, g_B=g_B, g_som=g_som)
    for stage in target_line:
        check_value(f"Neuron {shown(name)}", "each stage of target_line", stage, Time)
    own = "g_lk + g_B"
    taus = {f"tau_target{k}": stage for k, stage in enumerate(target_line, 1)}
    soma = membrane(OUTPUT_CURRENTS, sigma) + rates(f, "g_B", "v_B", own, matched_soma) + TARGET
    parts = [Compartment("basal", BASAL_POTENTIAL), Compartment("soma", soma)]
    if taus:
        parts[1] = Compartment("soma", with_late_target(soma))
        parts.append(Compartment("target", late_target(tuple(taus))))
    whole = (f"1/({own} + g_som)",)
    delays: dict[tuple[str, str], tuple[str, ...]] = {("drive", v): whole for v in ("u", "r")}
    delays |= {("target", v): (*taus, *whole) for v in ("u", "r")}
    return Neuron(
        name,
        tuple(parts),
        with_noise({"g_lk": g_lk, "g_B": g_B, "g_som": g_som}, sigma) | taus,
        ports=Ports((TO_BASAL, Port("target", "signal")), (*SENDS_RATE, SENDS_POTENTIAL), delays),
    )
