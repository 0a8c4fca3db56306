"""``tuft verify``: every link between theory and engines, measured, beside its tolerance."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from brian2 import ms, second
from rich.console import Console
from rich.table import Table

from compartments.activations import ACTIVATIONS
from compartments.plasticity import THETA_RULES
from experiments.compare.points import PURE_ETA, Point, Setting
from experiments.compare.sweeps import Material, measured, slopes, values
from experiments.lab.progress import Report
from experiments.lab.runner import FolderName, Result, SeededConfig
from models import DLLNetwork, Schedule, dll_network, simulate
from models.theory import erlang_residual, euler_residual, integrated_errors
from rate_bridge.ode_engine.activations import torch_activation
from rate_bridge.references import algorithm1
from rate_bridge.references.reference import held

SIZES = (64, 32, 32, 10)


@dataclass(frozen=True)
class Config(SeededConfig):
    """The chain of evidence: Brian2, its fixed point, Algorithm 1, backpropagation."""

    name: FolderName = "verify"

    def __post_init__(self) -> None:
        super().__post_init__()


class Link(NamedTuple):
    """One measured number and what it must not exceed, with the reason."""

    claim: str
    value: float
    tolerance: float
    reason: str

    @property
    def holds(self) -> bool:
        """Whether the number is within its tolerance."""
        return bool(self.value <= self.tolerance)


def random_schedule(network: DLLNetwork, count: int, seed: int, **times: Any) -> Schedule:
    """Independent normal stimuli and targets."""
    generator = np.random.default_rng(seed)
    inputs = generator.normal(0, 0.3, (count, network.sizes[0]))
    targets = generator.normal(0, 0.5, (count, network.sizes[-1]))
    return Schedule({"stimulus": inputs, "target": targets}, **times)


def _constant(schedule: Schedule) -> tuple[np.ndarray, np.ndarray]:
    return schedule.constant("stimulus"), schedule.constant("target")


def fixed_points(seed: int) -> Iterator[Link]:
    """Where the relaxing network settles, against Algorithm 1, 40 tau after a switch."""
    for beta in (None, 0.5):
        network = dll_network(SIZES, output_activation="tanh", beta=beta, seed=seed)
        schedule = random_schedule(network, 2, seed, presentation=400 * ms)
        end = schedule.duration - 1 * ms
        run = simulate(network, schedule, record=("u", "a", "x"), record_dt=end, plastic=False)
        rest = algorithm1.Algorithm1(network).equilibrium(held(schedule))
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
                SIZES,
                network.options,
                schedule.constant("stimulus"),
                schedule.constant("target"),
                bundles,
            )
            point = Point("rule", rule, Setting(60.0, lag=40.0))
            (row,) = measured([point], [material])
            output = "clamped" if beta is None else f"nudged, beta {beta}"
            yield Link(
                f"settled update against Algorithm 1, theta {rule}, {output}, relative",
                max(error.max() for error in values(row, "error").values()),
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
    tied = {f"theta{i}": network.weights[f"W{i}"] for i in (1, 2)}
    network = network.with_weights(network.weights.with_arrays(**tied))
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
        network.sizes,
        network.options,
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
    rest = algorithm1.Algorithm1(network).equilibrium(held(schedule))
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


CHECKS: dict[str, Callable[[int], Iterator[Link]]] = {
    "fixed point": fixed_points,
    "settled updates": settled_updates,
    "settling": settling,
    "backpropagation": backprop,
    "transients": bias_of_transients,
    "low-pass": low_pass,
}


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """All links, by check."""
    found = {}
    for done, (name, check) in enumerate(CHECKS.items()):
        progress(done / len(CHECKS))
        found[name] = [{**x._asdict(), "holds": x.holds} for x in check(config.seed)]
    return {"links": found}


def listed(result: Result) -> list[dict[str, Any]]:
    """The links of a result, whatever check they belong to."""
    return [link for links in result["links"].values() for link in links]


def show(result: Result) -> None:
    """The table on the terminal."""
    table = Table("claim", "measured", "tolerance", "why this tolerance")
    for link in listed(result):
        value = "nan" if link["value"] is None else f"{link['value']:.2e}"
        mark = "" if link["holds"] else "  FAILS"
        table.add_row(link["claim"], f"{value}{mark}", f"{link['tolerance']:g}", link["reason"])
    Console(width=150).print(table)


def failure(result: Result) -> str | None:
    """The links that do not hold, or None."""
    broken = [link["claim"] for link in listed(result) if not link["holds"]]
    return f"{len(broken)} links do not hold: {'; '.join(broken)}." if broken else None


def sentences(result: Result) -> list[str]:
    """How many links there are."""
    return [f"All {len(listed(result))} links hold."]
