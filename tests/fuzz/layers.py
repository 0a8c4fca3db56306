"""The layers of rate_bridge, models made of them, and the kind of each argument."""

import torch
from torch import nn

from fuzz import kinds as k
from fuzz.call import Call
from rate_bridge.layers import convert
from rate_bridge.layers.feedback_layers import Conv1d, Conv2d, Linear
from rate_bridge.layers.recurrent import Elman, Recurrent
from rate_bridge.rules import RULE_NAMES, Rule

RULE = k.choice(RULE_NAMES) | k.made(Rule)
OF_STEPS = k.choice(sorted(set(RULE_NAMES) - {"bp", "dfa"})) | k.made(Rule)
GENERATOR = k.made(torch.Generator, seeded=torch.Generator) | k.NONE
MODEL = k.made(nn.Module, two=lambda: nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)))
CONVERTED = k.made(nn.Module, one=lambda: nn.Sequential(Linear(3, 2)))
EXAMPLE = k.Kind(
    {"ones": lambda: torch.ones(2, 3)}, lambda v: isinstance(v, torch.Tensor) and v.shape[-1] == 3
)
PATHS = k.kind(
    [("0",), []], lambda v: k.is_sequence_of(v, lambda path: path == "0") and len(v) <= 1
)
OF_A_LAYER = {"bias": k.FLAG, "rule": RULE, "feedback": k.FLAG, "generator": GENERATOR}


def _kernel(axes: int) -> k.Kind:
    sizes = k.kind([(1,) * axes], lambda v: isinstance(v, tuple) and len(v) == axes)
    return k.COUNT | sizes


def _convolution(kind: type, axes: int) -> Call:
    widths = {"in_channels": k.COUNT, "out_channels": k.COUNT}
    return Call(kind, {**widths, "kernel_size": _kernel(axes)}, OF_A_LAYER)


LAYERS: dict[str, Call] = {
    "Linear": Call(Linear, {"in_features": k.COUNT, "out_features": k.COUNT}, OF_A_LAYER),
    "Conv1d": _convolution(Conv1d, axes=1),
    "Conv2d": _convolution(Conv2d, axes=2),
    "Elman": Call(
        Elman, {"n_in": k.COUNT, "n_hidden": k.COUNT, "n_out": k.COUNT}, {"bias": k.FLAG}
    ),
    "Recurrent": Call(
        Recurrent,
        {"n_in": k.COUNT, "n_hidden": k.COUNT, "n_out": k.COUNT},
        {"bias": k.FLAG, "rule": OF_STEPS, "generator": GENERATOR, "shift_input": k.FLAG},
    ),
    "convert": Call(
        convert.convert,
        {"model": MODEL, "rule": RULE},
        {"seed": k.SEED, "example": EXAMPLE | k.NONE, "inputs": PATHS | k.NONE},
    ),
    "parameter_groups": Call(
        convert.parameter_groups,
        {"model": CONVERTED, "lr": k.POSITIVE},
        {"theta_lr": k.NON_NEGATIVE | k.NONE},
    ),
    "set_error_scale": Call(
        convert.set_error_scale, {"model": CONVERTED, "scale": k.POSITIVE | k.NONE}
    ),
    "tie_feedback": Call(convert.tie_feedback, {"model": CONVERTED}),
}
