"""A network's description in continuous time as batched tensors: compiled once, run in place."""

from rate_bridge.ode_engine.simulation import CopiesRun, simulate, simulate_copies

__all__ = ["CopiesRun", "simulate", "simulate_copies"]
