"""A network's description in continuous time as batched tensors: compiled once, run in place.

README.md, beside this file, is a map: from the description to the calls of a time step.
"""

from rate_bridge.ode_engine.simulation import CopiesRun, simulate, simulate_copies

__all__ = ["CopiesRun", "simulate", "simulate_copies"]
