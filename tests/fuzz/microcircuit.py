"""The dendritic microcircuit's functions, and the kind of each argument."""

from brian2 import Quantity, ms

import models as m
from compartments import potentials_of
from fuzz import kinds as k
from fuzz.call import Call
from models import MicrocircuitOptions

SIZES = (3, 4, 2)


def _is_rate(value: object) -> bool:
    return isinstance(value, Quantity) and value.ndim == 0 and value.dim is (1 / ms).dim


CONDUCTANCE = k.Kind({"0.5/ms": lambda: 0.5 / ms}, lambda v: _is_rate(v) and float(v) > 0)
AMPLITUDE = k.Kind(
    {"0.1/ms**0.5": lambda: 0.1 / ms**0.5},
    lambda v: isinstance(v, Quantity) and v.ndim == 0 and v.dim is (ms**-0.5).dim and v >= 0,
)
AREA_RATES = k.NON_NEGATIVE
OPTIONS = {
    "activation": k.choice(["logistic", "tanh"]),
    **dict.fromkeys(("g_lk", "g_B", "g_A", "g_som"), CONDUCTANCE),
    "g_D": CONDUCTANCE | k.NONE,
    "tau_0": k.TIME | k.NONE,
    "tau_w": k.TIME | k.NONE,
    "sigma": AMPLITUDE,
    **dict.fromkeys(("eta_W", "eta_IP", "eta_PI", "eta_theta"), AREA_RATES),
    "bias": k.NON_NEGATIVE,
    "start": k.choice(["self-predicting", "random"]),
    "W_scale": k.POSITIVE,
    "theta_scale": k.POSITIVE,
    "matched_soma": k.FLAG,
    "filtered_target": k.FLAG,
}
MADE = k.made(MicrocircuitOptions, default=MicrocircuitOptions)
WEIGHTS = k.made(m.WeightBundle, own=lambda: m.microcircuit_weights(SIZES, MicrocircuitOptions()))
INCREASING = k.choice(["logistic", "tanh"]) | k.Kind({}, k.ACTIVATION.contains)
RATES = k.kind([0.5, [0.2, 0.8]], lambda v: k.is_number(v) and 0 < v < 1)

MICROCIRCUIT: dict[str, Call] = {
    "MicrocircuitOptions": Call(MicrocircuitOptions, {}, OPTIONS),
    "microcircuit_network": Call(
        m.microcircuit_network,
        {"sizes": k.kind([SIZES], lambda v: v == SIZES)},
        {"options": MADE | k.NONE, "weights": WEIGHTS | k.NONE, "seed": k.SEED, **OPTIONS},
    ),
    "microcircuit_weights": Call(
        m.microcircuit_weights, {"sizes": k.SIZES, "options": MADE}, {"seed": k.SEED}
    ),
    "self_predicting": Call(m.self_predicting, {"weights": WEIGHTS, "options": MADE}),
    "potentials_of": Call(potentials_of, {"f": INCREASING, "rates": RATES}),
}
