"""The compartments of the graded pyramidal neuron, each equation once.

Dendritic Localized Learning (Lv et al., ICML 2025) describes the compartments by their equilibrium:
basal u, apical a, soma x = u + a, error x - u. Here they relax towards it, each with its own time
constant; at rest for a constant stimulus they satisfy Algorithm 1's steps 1 to 3 exactly.

Everything is dimensionless but time. Lines without a right-hand side are driven from outside:
``drive`` and ``feedback`` by pathways, ``stimulus``, ``target`` and ``target_on`` by the schedule.
``(constant over dt)`` marks what is computed once a time step, because synapses read it.
"""

from brian2 import Equations

# Basal dendrite: Algorithm 1, step 1: u_{i+1} = f(W_i u_i), relaxed
BASAL = Equations(
    """
    du/dt = (prediction - u)/tau_u : 1
    drive : 1
    """
)

# Apical dendrite: Algorithm 1, step 3 (Eq. 7): a_i = Theta_i^T delta_{i+1}, relaxed
APICAL = Equations(
    """
    da/dt = (feedback - a)/tau_a : 1
    feedback : 1
    """
)

# Soma: relaxes to basal plus apical (C2 of the paper: the error is formed inside one neuron)
SOMA = Equations("dx/dt = (u - x + a)/tau_x : 1")

# Algorithm 1, step 2: error = x - u. The soma lags u by tau_x, so this carries -tau_x du/dt too.
ERROR = Equations("error = x - u : 1")

# The same against the u that the soma would show without feedback: tau_x d(error)/dt = a - error
MATCHED_ERROR = Equations(
    """
    dp/dt = (u - p)/tau_x : 1
    error = x - p : 1
    """
)

# What is sent down: delta = error * f'(basal drive)
SENT_DOWN = Equations("delta = error*gain : 1 (constant over dt)")

# Output soma held at the target while there is one: Algorithm 1, step 2
CLAMPED_SOMA = Equations(
    """
    error = target_on*(target - u) : 1
    x = u + error : 1
    target : 1
    target_on : 1
    """
)

# Output soma pulled to the target with strength beta; at rest error = beta/(1+beta) (target - u)
NUDGED_SOMA = Equations(
    """
    dx/dt = (u - x + beta*target_on*(target - x))/tau_x : 1
    target : 1
    target_on : 1
    """
)

# Input: u_0 is the stimulus
INPUT = Equations(
    """
    u = stimulus : 1 (constant over dt)
    stimulus : 1
    """
)
