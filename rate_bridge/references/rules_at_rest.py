"""What a plasticity rule changes in an instant, and while all that it reads stands still."""

from collections.abc import Mapping

import numpy as np
import sympy
import torch
from torch import Tensor

from models.pathway import Pathway
from rate_bridge.ode_engine.expressions import Value, evaluated, parsed
from rate_bridge.ode_engine.integrators import linear_parts
from rate_bridge.references.vector_field import CLOCK, Instant, Signals, Weights


def change_at_rest(
    pathway: Pathway, instant: Instant, weights: Weights, signals: Signals
) -> Tensor:
    """(batch, n_above, n_below): a rule's change of its weights in a presentation at rest.

    Raises
    ------
    ValueError
        For a rule with a state that does not come to rest, or one that learns while ``learning`` is
        0: how much it changes depends on how long a presentation lasts.
    """
    rule = pathway.rule
    assert rule is not None
    if bool(_rate(pathway, instant, weights, signals, learning=0.0).any()):
        raise ValueError(
            f"Plasticity rule {rule.name!r}: weights also change while learning is 0, so its step "
            "depends on how long a presentation lasts and it has no discrete one; multiply every "
            "term of dw/dt by 'learning'."
        )
    return _rate(pathway, instant, weights, signals, learning=1.0)


def synaptic_derivatives(
    pathway: Pathway,
    instant: Instant,
    states: Mapping[str, Tensor],
    signals: Signals,
    learning: Tensor | float,
) -> dict[str, Tensor]:
    """The change of every state of a pathway's synapses, (batch, n_above, n_below), per second.

    Parameters
    ----------
    pathway : Pathway
        With a rule.
    instant : Instant
        What its neurons are at.
    states : mapping of str to Tensor, (n_above, n_below)
        Those of its synapses, ``w`` among them.
    signals, learning
        Global signals by name, and the one that lets synapses learn, in Hz.
    """
    rule = pathway.rule
    assert rule is not None
    known, trees = _at_synapses(pathway, instant, signals, learning)
    known |= states
    for line in rule.equations.ordered:
        if line.varname not in rule.states:
            known[line.varname] = evaluated(trees[line.varname], known)
    return {name: _full(pathway, instant, evaluated(trees[name], known)) for name in rule.states}


def _at_synapses(
    pathway: Pathway, instant: Instant, signals: Signals, learning: Tensor | float
) -> tuple[dict[str, Value], dict[str, sympy.Expr]]:
    """What a pathway's synapses know beside their own states, and their equations, by name."""
    rule = pathway.rule
    assert rule is not None
    known: dict[str, Value] = {"learning": learning}
    known |= {name: signals[name] for name in CLOCK if name in signals}
    known |= {name: signals[name][..., None] for name in rule.signals if name in signals}
    known |= {name: 0.0 for name in rule.signals if name not in signals}
    known |= {name: float(np.asarray(value)) for name, value in rule.parameters.items()}
    for side, population in (("pre", pathway.pre), ("post", pathway.post)):
        below = (side == "pre") == pathway.upward
        for name in rule.reads_pre if side == "pre" else rule.reads_post:
            known[f"{name}_{side}"] = instant(population, name).unsqueeze(-2 if below else -1)
    where = f"Plasticity rule {rule.name!r}"
    return known, {
        name: parsed(line.expr.code, f"{where}, equation of {name!r}")
        for name, line in rule.equations.items()
    }


def _rate(
    pathway: Pathway, instant: Instant, weights: Weights, signals: Signals, *, learning: float
) -> Tensor:
    """dw/dt, all else at rest."""
    rule = pathway.rule
    assert rule is not None
    known, trees = _at_synapses(pathway, instant, signals, learning)
    known["w"] = weights[pathway.name]
    for line in rule.equations.ordered:
        if line.varname not in rule.states:
            known[line.varname] = evaluated(trees[line.varname], known)
    for state in rule.states:
        if state == "w":
            continue
        parts = linear_parts(trees[state], state)
        if parts is None or parts[0] == 0:
            raise ValueError(
                f"Plasticity rule {rule.name!r}: {state!r} has no rest of its own; give it a "
                "linear decay."
            )
        slope, offset = (evaluated(part, known) for part in parts)
        known[state] = -offset / slope
    return _full(pathway, instant, evaluated(trees["w"], known))


def _full(pathway: Pathway, instant: Instant, value: Value) -> Tensor:
    """A value for every synapse, (batch, n_above, n_below)."""
    post = instant(pathway.post, pathway.target)
    pre = instant(pathway.pre, pathway.sends)
    shape = (post, pre) if pathway.upward else (pre, post)
    whole = (*post.shape[:-1], *(side.shape[-1] for side in shape))
    return torch.as_tensor(value, dtype=torch.float64).expand(whole)


def projected(pathway: Pathway, weights: Tensor, change: Tensor) -> Tensor:
    """The part of a change of weights that bounds and absent synapses leave."""
    if pathway.is_bounded:
        change = (weights + change).clamp(*pathway.bounds) - weights
    return where_synapses_are(pathway, change)


def where_synapses_are(pathway: Pathway, values: Tensor) -> Tensor:
    """The values, and 0 where a pathway has no synapse."""
    return values if pathway.mask is None else values * torch.tensor(pathway.mask)
