"""Which references there are: one line each; a network names its own."""

from collections.abc import Callable
from typing import Any

from compartments.checks import check_kind
from compartments.lookup import look_up
from models.network import Network
from rate_bridge.references.algorithm1 import Algorithm1
from rate_bridge.references.microcircuit import Microcircuit
from rate_bridge.references.numerical import Numerical
from rate_bridge.references.reference import Reference

REFERENCES: dict[str, Callable[[Any], Reference]] = {
    "algorithm1": Algorithm1,
    "microcircuit": Microcircuit,
    "numerical": Numerical,
}
"""From the name of a reference to what makes it for a network."""


def reference(network: Network) -> Reference:
    """The reference that a network names; the numerical one unless it has another.

    Raises
    ------
    ValueError
        For a network without rest.
    """
    check_kind("Reference", "network", network, Network, "Network(...) or dll_network(sizes)")
    return look_up("reference", network.reference, REFERENCES)(network)
