"""The links of DLL: theory, its engines at rest, Algorithm 1, backpropagation."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from brian2 import ms, second

from compartments.activations import ACTIVATIONS
from compartments.plasticity import THETA_RULES
from experiments.compare.points import PURE_ETA, Point, Setting
from experiments.compare.sweeps import Material, measured, slopes
from experiments.lab.random_signals import random_schedule
from experiments.verify.link import Link
from models import DLLNetwork, Schedule, dll_network, simulate
from models.theory import erlang_residual, euler_residual, integrated_errors
from rate_bridge.ode_engine.activations import torch_activation
from rate_bridge.references import algorithm1
from rate_bridge.references.numerical import Numerical
from rate_bridge.references.reference import constant_signals

SIZES = (64, 32, 32, 10)


def _constant(schedule: Schedule) -> tuple[np.ndarray, np.ndarray]:
    return schedule.constant("stimulus"), schedule.constant("target")


def fixed_points(seed: int) -> Iterator[Link]:
    """Where the relaxing network settles, against Algorithm 1, 40 tau after a switch."""
    for beta in (None, 0.5):
        network = dll_network(SIZES, output_activation="tanh", beta=beta, seed=seed)
        schedule = random_schedule(network, 2, seed, presentation=400 * ms)
        end = schedule.duration - 1 * ms
        run = simulate(network, schedule, record=("u", "a", "x"), record_dt=end, plastic=False)
        rest = algorithm1.Algorithm1(network).equilibrium(constant_signals(schedule))
        for variable in ("u", "a", "x"):
            distance = max(
                float(np.abs(run.traces[f"{variable}_{layer}"].values[-1] - goal[1]).max())
                for (name, layer), goal in rest.items()
                if name == variable
            )
            output = "clamped" if beta is None else f"nudged, beta {beta}"
            yield Link(
                f"fixed point, max |{variable} - {variable}*|, {output}",
                distance,
                1e-8,
                "residual e^-40 40^6/6! of 7 stages",
            )


def settled_updates(seed: int) -> Iterator[Link]:
    """What a settled network learns in one presentation, against Algorithm 1's step, by rule."""
    for beta in (None, 0.5):
        for rule in THETA_RULES:
            network = dll_network(SIZES, theta_rule=rule, beta=beta, seed=seed)
            schedule = random_schedule(network, 3, seed)
            bundles = {"initial": network.weights}
            material = Material(
                "dll",
                {"theta_rule": rule, "beta": beta},
                SIZES,
                schedule.constant("stimulus"),
                schedule.constant("target"),
                bundles,
            )
            point = Point("rule", rule, Setting(60.0, lag=40.0))
            error = measured([point], [material]).error.max(skipna=False)
            output = "clamped" if beta is None else f"nudged, beta {beta}"
            yield Link(
                f"settled update against Algorithm 1, theta {rule}, {output}, relative",
                float(error),
                1e-4,
                "rounding: the weights move by 1e-7 of their size or less",
            )


def settling(seed: int) -> Iterator[Link]:
    """Error_1 of a linear net of equal time constants against the stages of theory.md 2."""
    for targets, filtered in (("constant", False), ("switching", True), ("switching", False)):
        trace, ends, by_target, h = _settling_error(seed, targets == "switching", filtered)
        steps, change = np.arange(len(trace)), ends[0] - ends[1]
        residual = (trace - ends[1]) @ change / (change @ change)
        seven = float(np.abs(residual - euler_residual(7, steps, h)).max())
        erlang = float(np.abs(residual - erlang_residual(7, steps * h)).max())
        name = f"settling of error_1 (linear, L = 3), {targets} target"
        if targets == "constant" or filtered:
            name += ", filtered" if filtered else ""
            yield Link(f"{name}, against 7 Euler stages", seven, 1e-8, "as above")
            yield Link(
                "the same against the Erlang residual (theory.md 2)", erlang, 0.01,
                "Euler: dt/tau = 0.01",
            )  # fmt: skip
        else:
            by_prediction = change - by_target
            parts = by_target * euler_residual(4, steps, h)[:, None]
            parts = parts + by_prediction * euler_residual(7, steps, h)[:, None]
            yield Link(
                f"{name}, off the 7 stages by {seven:.2f}: against 4 for the target, 7 for u",
                float(np.abs(trace - ends[1] - parts).max()),
                1e-8,
                "as above",
            )


def _settling_error(
    seed: int, switching: bool, filtered: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Error_1 (time, n) after a switch, before and after it at rest, what of that change the target
    makes, and dt/tau."""
    tau, dt = 10 * ms, 0.1 * ms
    options: dict[str, Any] = {"matched_soma": True, "filtered_target": filtered, "seed": seed}
    options |= {"tau_u": tau, "tau_a": tau, "tau_x": tau}
    network = dll_network((6, 5, 4, 3), activation="linear", **options)
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(2, 6))
    targets = generator.normal(size=(2, 3)) if switching else np.ones((2, 3))
    schedule = Schedule({"stimulus": inputs, "target": targets}, presentation=400 * ms)
    run = simulate(network, schedule, dt=dt, record=("error",), plastic=False)
    trace = run.traces["error_hidden1"].values[schedule.steps("presentation", dt) :]
    rest, untargeted = (
        algorithm1.Algorithm1(network).equilibrium({"stimulus": inputs, "target": held})[
            "error", "hidden1"
        ]
        for held in (targets, np.zeros_like(targets))
    )
    of_target = rest - untargeted
    return trace, rest, of_target[0] - of_target[1], float(dt / tau)


def backprop(seed: int) -> Iterator[Link]:
    """Theta := W turns Algorithm 1 into backpropagation, checked against autograd."""
    for name in ACTIVATIONS:
        for loss in algorithm1.LOSSES:
            yield Link(
                f"Theta := W against autograd, {name}, {loss}",
                _distance_to_autograd(name, loss, seed),
                1e-12,
                "float64, sums of at most 64 terms",
            )


def _distance_to_autograd(activation: str, loss: str, seed: int) -> float:
    network = dll_network(
        SIZES, activation=activation, output_activation=activation, eta_W=1.0, bias=True, seed=seed
    )
    network = _tied(network)
    generator = np.random.default_rng(seed)
    discrete = algorithm1.Algorithm1(network, loss)
    inputs = discrete.tensor(generator.normal(size=(16, SIZES[0])))
    targets = torch.softmax(discrete.tensor(generator.normal(size=(16, SIZES[-1]))), 1)
    weights = {n: discrete.tensor(w).requires_grad_() for n, w in network.weights.items()}
    p = discrete.parameters(weights)
    activity = algorithm1.forward(p, inputs, [torch_activation(a) for a in network.activations])
    if loss == "mse":
        value = 0.5 * ((targets - activity.u[-1]) ** 2).sum(1).mean()
    else:
        value = -(targets * torch.log_softmax(activity.drive[-1], 1)).sum(1).mean()
    value.backward()
    with torch.no_grad():
        steps = discrete.change(weights, {"stimulus": inputs, "target": targets})
    gradients = {n: w.grad for n, w in weights.items() if w.grad is not None}
    return max(float((steps[n] + g).abs().max()) for n, g in gradients.items())


def numerical(seed: int) -> Iterator[Link]:
    """The numerical reference against Algorithm 1: its rest, its step, and the gradient."""
    for beta in (None, 0.5):
        network = dll_network(SIZES, beta=beta, eta_W=1.0, eta_theta=1.0, seed=seed)
        signals = constant_signals(random_schedule(network, 4, seed))
        closed, found = algorithm1.Algorithm1(network), Numerical(network)
        output = "clamped" if beta is None else f"nudged, beta {beta}"
        rest = found.equilibrium(signals)
        yield Link(
            f"numerical fixed point against Algorithm 1, {output}",
            max(float(np.abs(rest[k] - v).max()) for k, v in closed.equilibrium(signals).items()),
            1e-10,
            "Newton's last step is below 1e-12; errors grow through three layers",
        )
        steps = found.step(signals)
        yield Link(
            f"its step against Algorithm 1's, {output}",
            max(float(np.abs(steps[k] - v).max()) for k, v in closed.step(signals).items()),
            1e-10,
            "as above",
        )
    network = _tied(dll_network(SIZES, eta_W=1.0, seed=seed))
    schedule = random_schedule(network, 4, seed)
    goal = torch.tensor(schedule.constant("target"))
    gradients = Numerical(network).gradient(
        lambda at: 0.5 * (goal - at("output", "u")).square().sum(-1),
        {"stimulus": schedule.constant("stimulus")},
    )
    steps = algorithm1.Algorithm1(network).step(constant_signals(schedule))
    yield Link(
        "gradient by implicit differentiation against Algorithm 1 at Theta := W",
        max(float(np.abs(gradients[f"W{i}"] + 4 * steps[f"W{i}"]).max()) for i in range(3)),
        1e-8,
        "one linear system of 202 states; Algorithm 1 is autograd's to 1e-12 (above)",
    )


def _tied(network: DLLNetwork) -> DLLNetwork:
    """The network with Theta := W."""
    depth = len(network.sizes) - 1
    tied = {f"theta{i}": network.weights[f"W{i}"] for i in range(1, depth)}
    return network.with_weights(network.weights.with_arrays(**tied))


def bias_of_transients(seed: int) -> Iterator[Link]:
    """The integrated errors of theory.md 3, and the slope of the update's error against T."""
    for beta in (None, 0.5):
        network = dll_network((6, 5, 4, 3), activation="linear", beta=beta, seed=seed)
        schedule = random_schedule(network, 2, seed, presentation=800 * ms)
        output = "clamped" if beta is None else f"nudged, beta {beta}"
        yield Link(
            f"integrated errors A_i against theory.md 3, linear, {output}",
            integrated_error_distance(network, schedule),
            1e-10,
            "exact under Euler; residual e^-80",
        )
    network = dll_network((6, 5, 4, 3), activation="linear", seed=seed)
    schedule = random_schedule(network, 8, seed)
    bundles = {"initial": network.weights}
    material = Material(
        "dll",
        {"activation": "linear"},
        network.sizes,
        schedule.constant("stimulus"),
        schedule.constant("target"),
        bundles,
    )
    points = [Point("presentation", T, Setting(T)) for T in (20.0, 40.0, 80.0, 160.0, 320.0)]
    for name, slope in slopes(measured(points, [material]))["initial"].items():
        yield Link(
            f"slope of log error against log T, {name}: {slope:.4f}; distance from -1",
            abs(slope + 1),
            0.15,
            "terms of order (tau/T)^2",
        )


def integrated_error_distance(network: DLLNetwork, schedule: Schedule) -> float:
    """Largest distance between the summed transients of the errors and theory.md 3 (s)."""
    o, dt = network.options, 1 * ms
    run = simulate(network, schedule, dt=dt, record=("u", "x", "error"), plastic=False)
    steps = schedule.steps("presentation", dt)
    rest = algorithm1.Algorithm1(network).equilibrium(constant_signals(schedule))
    areas = integrated_errors(
        network.layers[1:],
        {key: value[1] - value[0] for key, value in rest.items()},
        [network.weights[f"theta{i}"] for i in range(1, len(network.sizes) - 1)],
        (float(o.tau_u / second), float(o.tau_a / second), float(o.tau_x / second)),
        beta=o.beta,
    )
    worst = 0.0
    for layer, area in areas.items():
        trace = run.traces[f"error_{layer}"].values[steps:]
        summed = (trace - rest["error", layer][1]).sum(0) * float(dt / second)
        worst = max(worst, float(np.abs(summed - area).max()))
    return worst


def low_pass(seed: int) -> Iterator[Link]:
    """The integrated update with and without a low-pass filter on it."""
    base = dll_network((6, 5, 4, 3), eta_W=0.01 * PURE_ETA, eta_theta=0.01 * PURE_ETA, seed=seed)
    filtered = dll_network(base.sizes, replace(base.options, tau_w=50 * ms), weights=base.weights)
    schedule = random_schedule(base, 3, seed, presentation=200 * ms, blank=1500 * ms)
    plain, smooth = (simulate(network, schedule).weights for network in (base, filtered))
    for name, start in base.weights.items():
        moved = np.linalg.norm(plain[name] - start)
        yield Link(
            f"update with tau_w against without, {name}, relative",
            float(np.linalg.norm(smooth[name] - plain[name]) / moved),
            1e-6,
            "rounding of 5000 additions of 1e-10; e^-30 is left in the filter",
        )


DLL_CHECKS: dict[str, Callable[[int], Iterator[Link]]] = {
    "fixed point": fixed_points,
    "settled updates": settled_updates,
    "settling": settling,
    "backpropagation": backprop,
    "numerical reference": numerical,
    "transients": bias_of_transients,
    "low-pass": low_pass,
}
"""What is checked of DLL, from a seed."""
