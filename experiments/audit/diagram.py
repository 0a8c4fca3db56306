"""A circuit as a drawing: cells, arrows between them, and the arrows that should not be there."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.audit.subjects import Audited
from rate_bridge.audit.program import HeldPass, batch, made, roles

DRAWN_SIZES = (3, 5, 4, 2)


def diagram(
    drawn: Mapping[str, Any], places: Mapping[str, str], offenders: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """A circuit and its offenders, as pairs of nodes or arrows."""
    known = {*drawn["nodes"], *(arrow["name"] for arrow in drawn["arrows"])}
    pairs = []
    for a, b in offenders:
        ends = [places.get(end) or places.get(_owner(end), _owner(end)) for end in (a, b)]
        if set(ends) <= known and ends not in pairs:
            pairs.append(ends)
    return {**drawn, "offenders": pairs}


def circuit_of(subject: Audited) -> tuple[dict[str, Any], dict[str, str]]:
    """Nodes from below to above and arrows; and what a learner's parts are called there."""
    drawn = _of_network(subject) if subject.kind == "model" else _of_learner(subject)
    return drawn, drawn.pop("places")


def readable(text: str, places: Mapping[str, str]) -> str:
    """A text in which a learner's paths are what the circuit calls them: W1, Theta1, layer 2."""
    for name in sorted(places, key=len, reverse=True):
        called = places[name]
        if "layer" not in called and called != "output":
            text = re.sub(rf"\b{re.escape(name)}(\.w\b)?", called, text)
    for name, called in places.items():
        text = re.sub(rf"\b{re.escape(name)}\.(held error|error)\b", f"error of {called}", text)
        text = re.sub(rf"\b{re.escape(name)}\.u\b", f"u below {called}", text)
    return text


def _owner(label: str) -> str:
    """``3.weight.w`` and ``hidden1.u`` without the variable."""
    return label.rpartition(".")[0] or label


def _of_network(subject: Audited) -> dict[str, Any]:
    net = subject.network()
    arrows = [
        {
            "name": p.name,
            "from": p.pre,
            "to": p.post,
            "sends": p.sends,
            "learns": p.rule is not None,
            "up": p.upward,
        }
        for p in net.pathways
    ]
    return {"nodes": [p.name for p in net.populations], "arrows": arrows, "places": {}}


def _of_learner(subject: Audited) -> dict[str, Any]:
    """Layers as populations; a layer's weights lead to the cells whose drive it makes."""
    model = made(subject.learner, DRAWN_SIZES, 0)
    inputs, labels = batch(DRAWN_SIZES, 3, 0)
    parts = roles(model, inputs)
    order = HeldPass(model, inputs, labels).layers
    nodes = ["input", *(f"layer {k}" for k in range(1, len(order))), "output"]
    arrows, places = [], {}
    parameters = dict(model.named_parameters())
    for k, path in enumerate(order):
        places[path] = nodes[k + 1]
        for name in (n for n in parameters if n.rpartition(".")[0] == path):
            if parameters[name].dim() < 2:
                continue
            up = name in parts.forward
            label = f"{'W' if up else 'Theta'}{k}"
            places[name] = label
            far = parameters[name].shape[0] != parameters[f"{path}.weight"].shape[0]
            above = nodes[-1] if far and not up else nodes[k + 1]
            ends = (nodes[k], nodes[k + 1]) if up else (above, nodes[k])
            arrows.append(
                {
                    "name": label,
                    "from": ends[0],
                    "to": ends[1],
                    "sends": "u" if up else "error",
                    "learns": bool(parameters[name].requires_grad),
                    "up": up,
                }
            )
    return {"nodes": nodes, "arrows": arrows, "places": places}
