"""Rates in torch: the equilibrium form and the batched ODE."""
