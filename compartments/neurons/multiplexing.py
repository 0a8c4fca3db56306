"""A pyramidal unit whose one axon carries two signals: events say u, the share of bursts the error.

Burst multiplexing (Naud & Sprekeler 2018, PNAS 115:E6329; Payeur et al. 2021, Nat. Neurosci.
24:1010) for Dendritic Localized Learning. With a logistic f, u lies in (0, 1) and f' = u (1 - u). A
unit is ``cells`` cells that share dendrites and weights; each has events with hazard r_max u, and
an event is a burst with probability p = p_0 + kappa error (1 - u). Bursts in excess of chance then
come at the rate r_max kappa u (1 - u) error = r_max kappa delta: Algorithm 1's delta, its
derivative included, which no synapse computes.

Events of the cells add to a Poisson process, and marking each as a burst or not, independently,
makes two independent Poisson processes (thinning): the counts of singles and of bursts in a time
step are drawn as such, and are exact while hazards do not change within it. What synapses of the
axon see is linear in its events and has one time constant, tau_s, so it is computed once, at the
axon: s follows events, d bursts minus p_0 events.
"""

from typing import Annotated

from brian2 import Equations, Hz, Quantity, ms

from compartments import equations as eq
from compartments.activations import Activation, activation
from compartments.domains import Count, Positive, Rate, Time, check_value, shown, such_that
from compartments.neuron import Compartment, Neuron
from compartments.neurons.graded import APICAL_DELAYS, BASAL_DELAYS, FROM_TARGET, basal
from compartments.ports import Port, Ports, Sent

BetweenZeroAndOne = Annotated[
    float, such_that("a probability above 0 and below 1", lambda v: 0 < float(v) < 1)
]

# p = p_0 + kappa error (1 - u), a probability; and whether it had to be clipped to be one
BURSTS = Equations(
    """
    unclipped = p_0 + kappa*error*(1 - u) : 1
    burst_probability = clip(unclipped, 0, 1) : 1
    clipped = int(unclipped < 0) + int(unclipped > 1) : 1
    """
)

# tau_s s' = -s + events/(cells r_max); tau_s d' = -d + (bursts - p_0 events)/(cells r_max kappa)
AXON = Equations("ds/dt = -s/tau_s : 1\ndd/dt = -d/tau_s : 1")
MEAN = "cells*r_max*{rate}*dt"
ADD = "1/(cells*r_max*tau_s)"
THRESHOLDS = {
    "single": f"poisson({MEAN.format(rate='u*(1 - burst_probability)')})",
    "burst": f"poisson({MEAN.format(rate='u*burst_probability')})",
}
RESETS = {
    "single": f"s += {ADD}; d -= p_0/kappa*{ADD}",
    "burst": f"s += {ADD}; d += (1 - p_0)/kappa*{ADD}",
}

_FROM_BELOW = Port("drive", "below", {"delta": "d"})
_FROM_ABOVE = Port("feedback", "above", {"error": "error", "u": "u"}, remote=("u",))
_SENDS = (Sent("s", "up", {"u": "s"}), Sent("d", "down", {"delta": "d"}))
AXON_DELAYS = {("drive", "s"): ("tau_u", "tau_s")}


def multiplexing_neuron(
    name: str,
    f: str | Activation,
    *,
    tau_u: Quantity,
    tau_a: Quantity,
    tau_x: Quantity,
    tau_s: Quantity = 10 * ms,
    r_max: Quantity = 100 * Hz,
    cells: int = 100,
    p_0: float = 0.5,
    kappa: float = 0.5,
) -> Neuron:
    """Basal and apical dendrite, a soma, and an axon that has singles and bursts.

    Parameters
    ----------
    name : str
        For messages.
    f : str or Activation
        Must be ``"logistic"``.
    tau_u, tau_a, tau_x : Quantity
        Time constants of the basal, apical and somatic compartment.
    tau_s : Quantity
        Of what synapses make of events.
    r_max : Quantity
        Rate of a cell's events at u = 1.
    cells : int
        How many cells are one unit.
    p_0 : float
        Probability of a burst without error, above 0 and below 1.
    kappa : float
        How much the error moves it. Nothing is clipped while kappa |error (1 - u)| is at most the
        smaller of p_0 and 1 - p_0.

    Raises
    ------
    ValueError
        For another f, a probability or a number that is none.
    """
    constants = _constants(name, f, tau_s, r_max, cells, p_0, kappa)
    return Neuron(
        name,
        (
            Compartment("basal", basal(f)),
            Compartment("apical", eq.APICAL),
            Compartment("soma", eq.SOMA + eq.ERROR + BURSTS + AXON),
        ),
        {"tau_u": tau_u, "tau_a": tau_a, "tau_x": tau_x, **constants},
        ports=Ports((_FROM_BELOW, _FROM_ABOVE), _SENDS, _delays(("feedback", "a"))),
        threshold=THRESHOLDS,
        reset=RESETS,
    )


def multiplexing_output_neuron(
    name: str,
    f: str | Activation,
    *,
    tau_u: Quantity,
    tau_s: Quantity = 10 * ms,
    r_max: Quantity = 100 * Hz,
    cells: int = 100,
    p_0: float = 0.5,
    kappa: float = 0.5,
) -> Neuron:
    """The same without apical dendrite; its soma is held at the target while there is one.

    Parameters
    ----------
    name, f, tau_u, tau_s, r_max, cells, p_0, kappa
        As for :func:`multiplexing_neuron`.
    """
    constants = _constants(name, f, tau_s, r_max, cells, p_0, kappa)
    return Neuron(
        name,
        (
            Compartment("basal", basal(f)),
            Compartment("soma", eq.CLAMPED_SOMA + BURSTS + AXON),
        ),
        {"tau_u": tau_u, **constants},
        ports=Ports((_FROM_BELOW, FROM_TARGET), _SENDS, _delays()),
        threshold=THRESHOLDS,
        reset=RESETS,
    )


def firing_input(
    name: str = "input",
    *,
    tau_s: Quantity = 10 * ms,
    r_max: Quantity = 100 * Hz,
    cells: int = 100,
) -> Neuron:
    """A unit that fires at r_max times the stimulus, which counts as 0 below 0.

    Parameters
    ----------
    name, tau_s, r_max, cells
        As for :func:`multiplexing_neuron`.
    """
    constants = _checked(name, tau_s, r_max, cells)
    follows = Equations("ds/dt = -s/tau_s : 1\nrate = clip(u, 0, inf) : 1")
    return Neuron(
        name,
        (Compartment("stimulus", eq.INPUT + follows),),
        constants,
        ports=Ports((Port("stimulus", "signal"),), _SENDS[:1], {("stimulus", "s"): ("tau_s",)}),
        threshold={"spike": f"poisson({MEAN.format(rate='rate')})"},
        reset={"spike": f"s += {ADD}"},
    )


def _delays(*apical: tuple[str, str]) -> dict[tuple[str, str], tuple[str, ...]]:
    return BASAL_DELAYS | AXON_DELAYS | {key: APICAL_DELAYS[key] for key in apical}


def _constants(
    name: str,
    f: str | Activation,
    tau_s: Quantity,
    r_max: Quantity,
    cells: int,
    p_0: float,
    kappa: float,
) -> dict[str, Quantity | float]:
    where = f"Neuron {shown(name)}"
    if activation(f).name != "logistic":
        raise ValueError(
            f"{where}: bursts carry delta for the logistic f alone, of which f' = u (1 - u); got "
            f"{activation(f).name!r}."
        )
    check_value(where, "p_0", p_0, BetweenZeroAndOne)
    check_value(where, "kappa", kappa, Positive)
    return {**_checked(name, tau_s, r_max, cells), "p_0": p_0, "kappa": kappa}


def _checked(
    name: str, tau_s: Quantity, r_max: Quantity, cells: int
) -> dict[str, Quantity | float]:
    where = f"Neuron {shown(name)}"
    check_value(where, "tau_s", tau_s, Time)
    check_value(where, "r_max", r_max, Rate)
    check_value(where, "cells", cells, Count)
    return {"tau_s": tau_s, "r_max": r_max, "cells": cells}
