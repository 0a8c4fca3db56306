"""Which models there are: one line each.

A model is a family of networks: what of their description is free, and how one is built. Its
reference at rest is the one that the built network names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from compartments.lookup import look_up
from models.dll import dll_network
from models.dll_options import DLLOptions
from models.microcircuit import microcircuit_network
from models.microcircuit_options import MicrocircuitOptions
from models.network import Network
from models.spiking_dll import SpikingDLLOptions, spiking_dll_network


@dataclass(frozen=True)
class Model:
    """A family of networks.

    Parameters
    ----------
    summary : str
        One line about it.
    options : type
        A frozen dataclass whose fields have defaults: what of the description is free, but for
        sizes and weights.
    build : callable
        (sizes, options, seed) to a network; sizes from the input to the output.
    rates : tuple of str
        The options that are learning rates; experiments vary the first and keep the others' ratios
        to it unless told otherwise.
    """

    summary: str
    options: type
    build: Callable[[tuple[int, ...], Any, int], Network]
    rates: tuple[str, ...] = ()


def _dll(sizes: tuple[int, ...], options: DLLOptions, seed: int) -> Network:
    return dll_network(sizes, options, seed=seed)


def _microcircuit(sizes: tuple[int, ...], options: MicrocircuitOptions, seed: int) -> Network:
    return microcircuit_network(sizes, options, seed=seed)


def _spiking_dll(sizes: tuple[int, ...], options: SpikingDLLOptions, seed: int) -> Network:
    return spiking_dll_network(sizes, options, seed=seed)


MODELS: dict[str, Model] = {
    "dll": Model(
        "Dendritic Localized Learning (Lv et al., ICML 2025)",
        DLLOptions,
        _dll,
        ("eta_W", "eta_theta"),
    ),
    "spiking-dll": Model(
        "DLL by events: bursts carry delta, events carry u, over one axon",
        SpikingDLLOptions,
        _spiking_dll,
        ("eta_W", "eta_theta"),
    ),
    "microcircuit": Model(
        "the dendritic cortical microcircuit (Sacramento et al., NeurIPS 2018)",
        MicrocircuitOptions,
        _microcircuit,
        ("eta_W", "eta_IP", "eta_PI", "eta_theta"),
    ),
}


def model(name: str) -> Model:
    """The model of that name.

    Raises
    ------
    ValueError
        For an unknown name; lists the valid ones and the nearest.
    """
    return look_up("model", name, MODELS)
