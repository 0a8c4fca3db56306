"""The public functions and classes, and the kind of each argument: descriptions and engines."""

from pathlib import Path
from typing import Any

import numpy as np

import compartments as c
import models as m
from compartments.brian import code_generation
from compartments.plasticity import FEEDBACK
from fuzz import kinds as k
from fuzz.call import Call
from fuzz.layers import LAYERS
from fuzz.microcircuit import MICROCIRCUIT
from rate_bridge import data, ode_engine
from rate_bridge.data import DATASETS
from rate_bridge.devices import available_device
from rate_bridge.networks.dense import mlp
from rate_bridge.networks.registry import build
from rate_bridge.references.algorithm1 import Algorithm1
from rate_bridge.rules import RULE_NAMES, make_rule
from rate_bridge.training.options import Options

THETA_RULE = k.choice(FEEDBACK)
METHOD = k.choice(["euler", "exponential_euler"])
TIMES_OF_NEURON = {"tau_u": k.TIME, "tau_a": k.TIME, "tau_x": k.TIME}
TIMES_OF_EACH = {name: kind | k.MORE_TIMES for name, kind in TIMES_OF_NEURON.items()}
OPTIONS = {
    "activation": k.ACTIVATION,
    "output_activation": k.ACTIVATION,
    "theta_rule": THETA_RULE,
    "eta_W": k.NON_NEGATIVE,
    "eta_theta": k.NON_NEGATIVE,
    "decay": k.NON_NEGATIVE,
    "beta": k.POSITIVE | k.NONE,
    "bias": k.FLAG,
    **TIMES_OF_NEURON,
    "matched_soma": k.FLAG,
    "filtered_target": k.FLAG,
    "tau_w": k.TIME | k.NONE,
    "eligibility": k.ELIGIBILITY | k.NONE,
    "neuron": k.choice(["graded", "plateau", "two-branch"]),
}
RUN = {
    "dt": k.STEP | k.NONE,
    "record": k.RECORD,
    "record_dt": k.STEP | k.NONE,
    "record_units": k.UNITS | k.NONE,
    "weights_at": k.TIMES,
    "plastic": k.FLAG,
    "method": METHOD,
    "progress": k.FUNCTION | k.NONE,
}
ON_TORCH = {
    "batch": k.COUNT,
    **RUN,
    "dtype": k.DTYPE,
    "device": k.DEVICE,
    "deferred": k.FLAG,
}
SOURCE = k.made(data.Source, nowhere=lambda: data.Source(Path("nowhere"), download=False))
PATH = k.made(Path, out=lambda: Path("weights.npz")) | k.kind(
    ["weights.npz"], lambda v: isinstance(v, str)
)


def _responses(neuron: Any, duration: Any, **options: Any) -> Any:
    return c.responses(neuron, duration, **options)


def _to_brian2(network: Any, **options: Any) -> Any:
    with code_generation("numpy"):  # the others compile for a minute
        return m.to_brian2(network, **options)


def _pathway(**given: Any) -> Any:
    return m.Pathway(**given)


def _is_size(value: Any) -> bool:
    return k.is_whole(value) and value >= 1


CALLS: dict[str, Call] = {
    **LAYERS,
    **MICROCIRCUIT,
    "Compartment": Call(
        c.Compartment,
        {"name": k.TEXT, "equations": k.EQUATIONS},
        {"initial": k.STARTS},
    ),
    "Neuron": Call(
        c.Neuron,
        {"name": k.PLAIN_NAME, "compartments": k.COMPARTMENTS, "parameters": k.CONSTANTS},
        {"initial": k.STARTS},
    ),
    "PlasticityRule": Call(
        c.PlasticityRule,
        {"name": k.TEXT, "equations": k.RULE_EQUATIONS, "parameters": k.RATES},
        {"signals": k.NO_NAMES},
    ),
    "Activation": Call(c.Activation, {"name": k.TEXT, "function": k.IN_Z, "derivative": k.IN_Z}),
    "hidden_neuron": Call(
        c.hidden_neuron,
        {"name": k.PLAIN_NAME, "f": k.ACTIVATION, **TIMES_OF_EACH},
        {"matched_soma": k.FLAG},
    ),
    "output_neuron": Call(
        c.output_neuron,
        {
            "name": k.PLAIN_NAME,
            "f": k.ACTIVATION,
            "tau_u": k.TIME | k.MORE_TIMES,
            "tau_x": k.TIME,
        },
        {"beta": k.POSITIVE | k.NONE, "matched_soma": k.FLAG, "target_stages": k.FEW},
    ),
    "input_neuron": Call(c.input_neuron, {}, {"name": k.PLAIN_NAME}),
    "constant_neuron": Call(c.constant_neuron, {}, {"name": k.PLAIN_NAME}),
    "forward_rule": Call(
        c.forward_rule, {"eta": k.NUMBER}, {"decay": k.NUMBER, "tau_w": k.TIME | k.NONE}
    ),
    "feedback_rule": Call(
        c.feedback_rule,
        {"theta_rule": THETA_RULE, "eta": k.NUMBER},
        {"decay": k.NUMBER, "tau_w": k.TIME | k.NONE},
    ),
    "pulse": Call(
        c.pulse,
        {
            "amplitude": k.Kind(
                {"1.5": lambda: 1.5},
                lambda v: k.is_numbers(np.asarray(v) if isinstance(v, k.Quantity) else v),
            ),
            "start": k.ANY_TIME,
            "stop": k.Kind({"30 ms": lambda: 30 * k.ms}, k.is_time),
        },
    ),
    "responses": Call(
        _responses,
        {"neuron": k.NEURON, "duration": k.TIME},
        {
            "n": k.COUNT,
            "dt": k.STEP | k.NONE,
            "record": k.RECORD | k.NONE,
            "method": METHOD,
            "codegen": k.choice(["c", "numpy"]) | k.NONE,
            "seed": k.SEED,
            "drive": k.WAVEFORM,
            "feedback": k.WAVEFORM,
        },
        simulates=True,
    ),
    "Eligibility": Call(
        m.Eligibility,
        {},
        {
            "presentation": k.TIME | k.NONE,
            "mean_corrected": k.FLAG,
            "tau_mean": k.TIME,
            "late_gain": k.FLAG,
            "scale": k.POSITIVE,
            "extra_stages": k.STAGES,
        },
    ),
    "DLLOptions": Call(m.DLLOptions, {}, OPTIONS),
    "dll_network": Call(
        m.dll_network,
        {"sizes": k.SIZES},
        {"options": k.OPTIONS | k.NONE, "weights": k.BUNDLE | k.NONE, "seed": k.SEED, **OPTIONS},
    ),
    "dll_weights": Call(
        m.dll_weights,
        {"sizes": k.SIZES},
        {
            "seed": k.SEED,
            "W_scale": k.NON_NEGATIVE | k.NONE,
            "theta_scale": k.NON_NEGATIVE | k.NONE,
            "bias": k.FLAG,
        },
    ),
    "WeightBundle": Call(m.WeightBundle, {"arrays": k.ARRAYS}),
    "WeightBundle.load": Call(m.WeightBundle.load, {"path": PATH}),
    "Population": Call(
        m.Population,
        {
            "name": k.PLAIN_NAME,
            "size": k.COUNT,
            "neuron": k.NEURON,
        },
    ),
    "Pathway": Call(
        _pathway,
        {
            "name": k.PLAIN_NAME,
            "pre": k.kind(["input"], lambda v: isinstance(v, str)),
            "post": k.kind(["output"], lambda v: isinstance(v, str)),
            "target": k.kind(["drive"], lambda v: isinstance(v, str)),
            "sends": k.kind(["u"], lambda v: isinstance(v, str)),
        },
        {
            "rule": k.RULE | k.NONE,
            "upward": k.FLAG,
            "mask": k.MASK | k.NONE,
            "delay": k.TIME_OR_ZERO,
        },
    ),
    "one_to_one": Call(m.one_to_one, {"n": k.COUNT}),
    "no_autapses": Call(m.no_autapses, {"n": k.COUNT}),
    "random_mask": Call(
        m.random_mask,
        {
            "shape": k.Kind({"(2, 3)": lambda: (2, 3)}, lambda v: k.is_sequence_of(v, _is_size)),
            "probability": k.kind([0.1, 1], lambda v: k.is_number(v) and 0 < v <= 1),
            "seed": k.SEED,
        },
    ),
    "Network": Call(
        m.Network,
        {
            "populations": k.POPULATIONS,
            "pathways": k.Kind(
                {"own": lambda: k.network().pathways},
                lambda v: k.is_sequence_of(v, lambda item: isinstance(item, m.Pathway)),
            ),
            "weights": k.BUNDLE,
        },
    ),
    "Schedule": Call(
        m.Schedule,
        {"signals": k.SIGNALS},
        {
            "presentation": k.TIME | k.MORE_TIMES,
            "lag": k.TIME_OR_ZERO | k.MORE_TIMES,
            "blank": k.TIME_OR_ZERO | k.MORE_TIMES,
            "shown": k.SHOWN,
        },
    ),
    "models.simulate": Call(
        m.simulate,
        {"network": k.NETWORK, "schedule": k.SCHEDULE},
        {**RUN, "codegen": k.choice(["numpy"]), "seed": k.SEED},
        simulates=True,
    ),
    "model": Call(m.model, {"name": k.choice(m.MODELS)}),
    "to_brian2": Call(
        _to_brian2,
        {"network": k.NETWORK},
        {
            "schedule": k.SCHEDULE | k.NONE,
            "dt": k.STEP | k.NONE,
            "method": METHOD,
            "plastic": k.FLAG,
        },
        simulates=True,
    ),
    "ode_engine.simulate": Call(
        ode_engine.simulate, {"network": k.NETWORK, "schedule": k.SCHEDULE}, ON_TORCH, True
    ),
    "ode_engine.simulate_copies": Call(
        ode_engine.simulate_copies,
        {
            "networks": k.Kind(
                {"two": lambda: [k.network(), k.network()]},
                lambda v: k.is_sequence_of(v, lambda item: isinstance(item, m.Network)),
            ),
            "schedules": k.SCHEDULE,
        },
        ON_TORCH,
        True,
    ),
    "Algorithm1": Call(
        Algorithm1,
        {"network": k.DLL_NETWORK},
        {"loss": k.choice(["mse", "cross_entropy"]), "dtype": k.DTYPE, "device": k.DEVICE},
    ),
    "Algorithm1.learn": Call(
        lambda network, schedule, **more: Algorithm1(network).learn(schedule, **more),
        {"network": k.DLL_NETWORK, "schedule": k.SCHEDULE},
        {"batch": k.COUNT, "progress": k.FUNCTION | k.NONE, "visit": k.FUNCTION | k.NONE},
    ),
    "Algorithm1.equilibrium": Call(
        lambda network, weights=None, **given: Algorithm1(network).equilibrium(given, weights),
        {"network": k.DLL_NETWORK, "stimulus": k.INPUTS},
        {"target": k.TARGETS | k.NONE, "weights": k.BUNDLE | k.NONE},
    ),
    "available_device": Call(available_device, {"device": k.DEVICE}),
    "Options": Call(
        Options,
        {},
        {
            "epochs": k.COUNT,
            "batch_size": k.COUNT,
            "lr": k.POSITIVE,
            "theta_lr": k.NON_NEGATIVE | k.NONE,
            "schedule": k.choice(["linear", "cosine", "constant"]),
            "optimizer": k.choice(["adam", "sgd"]),
            "weight_decay": k.NON_NEGATIVE,
            "loss": k.choice(["cross-entropy", "mse"]),
            "label_smoothing": k.SHARE,
            "clip": k.POSITIVE | k.NONE,
            "patience": k.COUNT | k.NONE,
            "precision": k.choice(["float32", "float64", "bfloat16"]),
            "device": k.DEVICE,
            "seed": k.SEED,
        },
    ),
    "make_rule": Call(make_rule, {"rule": k.choice(RULE_NAMES)}),
    "build": Call(
        build,
        {"name": k.choice(["mlp-digits"]), "rule": k.choice(RULE_NAMES), "seed": k.SEED},
    ),
    "mlp": Call(mlp, {"sizes": k.SIZES}, {"activation": k.choice(["tanh"])}),
    "data.load": Call(data.load, {"name": k.choice(DATASETS), "source": SOURCE}),
}
