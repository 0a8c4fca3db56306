"""What a plasticity rule changes while all that it reads stands still."""

import numpy as np
import torch
from torch import Tensor

from models.pathway import Pathway
from rate_bridge.ode_engine.expressions import evaluated, parsed
from rate_bridge.ode_engine.integrators import linear_parts
from rate_bridge.references.vector_field import Instant, Signals, Weights


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


def _rate(
    pathway: Pathway, instant: Instant, weights: Weights, signals: Signals, *, learning: float
) -> Tensor:
    """dw/dt, all else at rest."""
    rule = pathway.rule
    assert rule is not None
    where = f"Plasticity rule {rule.name!r}"
    known: dict[str, Tensor | float] = {"learning": learning, "w": weights[pathway.name]}
    known |= {name: signals[name][..., None] for name in rule.signals if name in signals}
    known |= {name: 0.0 for name in rule.signals if name not in signals}
    known |= {name: float(np.asarray(value)) for name, value in rule.parameters.items()}
    for side, population in (("pre", pathway.pre), ("post", pathway.post)):
        below = (side == "pre") == pathway.upward
        for name in rule.reads_pre if side == "pre" else rule.reads_post:
            known[f"{name}_{side}"] = instant(population, name).unsqueeze(-2 if below else -1)
    trees = {
        name: parsed(line.expr.code, f"{where}, equation of {name!r}")
        for name, line in rule.equations.items()
    }
    for name in rule.equations.ordered:
        if name.varname not in rule.states:
            known[name.varname] = evaluated(trees[name.varname], known)
    for state in rule.states:
        if state == "w":
            continue
        parts = linear_parts(trees[state], state)
        if parts is None or parts[0] == 0:
            raise ValueError(f"{where}: {state!r} has no rest of its own; give it a linear decay.")
        slope, offset = (evaluated(part, known) for part in parts)
        known[state] = -offset / slope
    change = evaluated(trees["w"], known)
    return torch.as_tensor(change, dtype=torch.float64).expand(
        *_batch(instant, pathway), *weights[pathway.name].shape
    )


def _batch(instant: Instant, pathway: Pathway) -> tuple[int, ...]:
    return tuple(instant(pathway.post, pathway.target).shape[:-1])


def projected(pathway: Pathway, weights: Tensor, change: Tensor) -> Tensor:
    """The part of a change of weights that bounds and absent synapses leave."""
    if pathway.is_bounded:
        change = (weights + change).clamp(*pathway.bounds) - weights
    return where_synapses_are(pathway, change)


def where_synapses_are(pathway: Pathway, values: Tensor) -> Tensor:
    """The values, and 0 where a pathway has no synapse."""
    return values if pathway.mask is None else values * torch.tensor(pathway.mask)
