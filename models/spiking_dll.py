"""Dendritic Localized Learning by events: bursts carry delta, events carry u, over one axon.

A DLL network (:mod:`models.dll`) of multiplexing units (:mod:`compartments.neurons.multiplexing`),
input units that fire, and the rules of DLL on what synapses see of events: dW = eta d_post s_pre,
the burst-dependent rule of Payeur et al. 2021 with a fixed p_0 in place of a running mean. The mean
over chance is the graded network with a logistic f, and its rest Algorithm 1's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from brian2 import Hz, Quantity, ms

from compartments.domains import Count, NonNegative, Positive, Rate, Time, check_fields
from compartments.neurons.multiplexing import BetweenZeroAndOne
from models.dll import DLLNetwork, dll_network
from models.dll_options import DLLOptions

OWN = ("tau_s", "r_max", "cells", "p_0", "kappa")
"""Options of the units that a graded network does not have."""


@dataclass(frozen=True)
class SpikingDLLOptions:
    """What a spiking DLL network is, but for its sizes and weights.

    Parameters
    ----------
    cells : int
        Cells of a unit; the standard deviation of what synapses see falls with its root.
    r_max, tau_s, p_0, kappa, tau_u, tau_a, tau_x
        As for :func:`compartments.neurons.multiplexing.multiplexing_neuron`.
    theta_rule : {"fixed", "kp", "minus", "plus"}
        How feedback weights learn. The chance of events is in both factors of ``minus`` (which
        then decays by it alone) and of ``plus`` (which grows).
    eta_W, eta_theta, decay, bias
        As for :class:`~models.dll_options.DLLOptions`.

    Raises
    ------
    ValueError
        For a value outside of its domain.
    """

    theta_rule: str = "fixed"
    eta_W: NonNegative = 0.1
    eta_theta: NonNegative = 0.01
    decay: NonNegative = 0.1
    bias: bool = True
    cells: Count = 100
    r_max: Rate = field(default_factory=lambda: 100 * Hz)
    tau_s: Time = field(default_factory=lambda: 10 * ms)
    p_0: BetweenZeroAndOne = 0.5
    kappa: Positive = 0.5
    tau_u: Time = field(default_factory=lambda: 5 * ms)
    tau_a: Time = field(default_factory=lambda: 5 * ms)
    tau_x: Time = field(default_factory=lambda: 5 * ms)

    def __post_init__(self) -> None:
        check_fields(self, "Spiking DLL")
        _ = self.graded  # checks what both have

    @property
    def graded(self) -> DLLOptions:
        """The options of the DLL network that it is: logistic, of multiplexing units."""
        shared = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in OWN}
        own: dict[str, Quantity | float] = {name: getattr(self, name) for name in OWN}
        return DLLOptions(
            activation="logistic",
            output_activation="logistic",
            neuron="multiplexing",
            constants=own,
            **shared,
        )


def spiking_dll_network(
    sizes: Sequence[int], options: SpikingDLLOptions | None = None, *, seed: int = 0
) -> DLLNetwork:
    """A layered network that learns by DLL, all of whose units fire.

    Parameters
    ----------
    sizes : sequence of int
        Units in the input, the hidden layers and the output.
    options : SpikingDLLOptions, optional
        The description.
    seed : int
        For initial weights.
    """
    return dll_network(sizes, (options or SpikingDLLOptions()).graded, seed=seed)
