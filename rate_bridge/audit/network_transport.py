"""Whether a described network's weights are known anywhere but at their own synapses."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from models.network import Network
from models.pathway import Pathway
from rate_bridge.audit.reads import FAR, Reads
from rate_bridge.audit.transport import CHANCE

SAME = 0.999
"""Of few weights chance alone makes any cosine; these have to be the same but for a factor."""


@dataclass(frozen=True)
class Tie:
    """Two pathways whose weights are one another's at the start."""

    first: str
    second: str
    cosine: float


@dataclass(frozen=True)
class NetworkTransport:
    """What was found.

    Attributes
    ----------
    read_elsewhere : tuple of (str, str)
        Arrows from weights to what reads them although it is not their synapse's.
    ties : tuple of Tie
        Pathways that start with each other's weights.
    cosine : float
        The largest between pathways of one shape.
    """

    read_elsewhere: tuple[tuple[str, str], ...]
    ties: tuple[Tie, ...]
    cosine: float


def network_transport(network: Network, found: Reads) -> NetworkTransport:
    """From what a network reads, and from its weights at the start."""
    elsewhere = [r.arrow for r in found.found() if r.column.kind == "synapse" and r.place == FAR]
    cosines = [_cosine(network, *pair) for pair in combinations(network.pathways, 2)]
    pairs = [tie for tie in cosines if tie is not None]
    tied = tuple(
        tie
        for tie in pairs
        if abs(tie.cosine) > min(CHANCE / network.weights[tie.first].size ** 0.5, SAME)
    )
    largest = max((abs(tie.cosine) for tie in pairs), default=0.0)
    return NetworkTransport(tuple(elsewhere), tied, largest)


def _cosine(network: Network, first: Pathway, second: Pathway) -> Tie | None:
    """Between the weights of two pathways of one shape; None where there is no angle."""
    names = first.name, second.name
    a, b = (network.weights[name].ravel() for name in names)
    if network.weight_shapes[names[0]] != network.weight_shapes[names[1]] or a.size < 2:
        return None
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return None if size == 0 else Tie(*names, float(a @ b) / size)
