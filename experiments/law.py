"""``tuft law``: how the error of a continuous update depends on T, dt and eta, with fitted factors.

Every copy of the network is one switch: it rests at the equilibrium of one sample, then is shown
another for T with plasticity on, and the change of its weights is held against Algorithm 1's step
for that sample. SPEC F3 predicts

    err = c1 (tau/T) |du_L|/|xi_L| + c2 dt/T + c3 eta |u_0|^2,

and for the matched soma with the filtered target a rest c0 tau/T, which is fitted too.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from brian2 import ms
from matplotlib.axes import Axes
from scipy.optimize import nnls

from experiments.page import Picture, Section, Table, write_page
from experiments.progress import bar
from experiments.remedy_list import remedy
from experiments.samples import Samples, samples
from experiments.storage import RunFolder, read_json, versions, write_json
from experiments.style import SERIES, THEORY, new_figure, save_figure, style
from models import DLLNetwork, Schedule, WeightBundle, dll_network
from rate_bridge import algorithm1
from rate_bridge.ode_core import OdeEngine, Timing

TAU_MS = 10.0
SETTLE = 40.0
"""Time in tau for which the first sample is shown."""


@dataclass(frozen=True)
class Config:
    """The error of one presentation's update against T, dt and eta."""

    dataset: str = "digits"
    """Classified data set; digits needs no file."""
    hidden: tuple[int, ...] = (32, 32)
    """Neurons in each hidden layer."""
    power: float = 5.0
    """Mean squared length of the centred inputs."""
    remedies: tuple[str, ...] = ("none", "matched", "filtered", "both")
    """Which remedies."""
    ratios: tuple[float, ...] = (20, 40, 80, 160, 320)
    """Presentation times, in tau (10 ms)."""
    dts_ms: tuple[float, ...] = (0.5, 1.0, 2.0)
    """Time steps in ms (Euler)."""
    etas: tuple[float, ...] = (1e-4, 3e-3, 1e-2, 3e-2)
    """Learning rates of W; a tenth of it for Theta."""
    switches: int = 48
    """How many pairs of samples."""
    learned: int = 1437
    """Presentations by which Algorithm 1 has learned for the second state of the weights."""
    seed: int = 0
    """For initial weights and samples."""
    out: Path = Path("runs")
    """Folder for results."""
    name: str = "law"
    """Name of this result; an older one of that name is kept and this one numbered."""

    def __post_init__(self) -> None:
        for name in self.remedies:
            remedy(name)
        if self.switches < 2:
            raise ValueError(f"--switches must be at least 2, got {self.switches}.")


@dataclass(frozen=True)
class Setting:
    """One point of the sweep."""

    remedy: str
    state: str
    ratio: float
    dt_ms: float
    eta: float


def settings(config: Config) -> list[Setting]:
    """T, dt and eta varied one after another around (80 tau, 1 ms, smallest eta)."""
    middle = Setting("none", "initial", 80.0, 1.0, min(config.etas))
    found = []
    for name in config.remedies:
        for state in ("initial", "learned"):
            base = replace(middle, remedy=name, state=state)
            found += [replace(base, ratio=ratio) for ratio in config.ratios]
            found += [replace(base, dt_ms=dt) for dt in config.dts_ms if dt != base.dt_ms]
            found += [replace(base, eta=eta) for eta in config.etas if eta != base.eta]
    return found


def main(config: Config) -> None:
    """Measure, fit, draw, and say the factors."""
    data = samples(config.dataset, config.power)
    with RunFolder(config.out, config.name) as run:
        write_json(run.path / "config.json", config)
        start = time.perf_counter()
        weights = {"initial": None, "learned": _learned(config, data)}
        rows = []
        points = settings(config)
        with bar(f"{len(points)} settings") as report:
            for setting in points:
                rows.append(measured(config, data, setting, weights[setting.state]))
                report(len(rows) / len(points))
        fits = [fitted(rows, name) for name in config.remedies]
        seconds = time.perf_counter() - start
        result = {"rows": rows, "fits": fits, "seconds": seconds, "versions": versions()}
        write_json(run.path / "result.json", result)
        draw(run.path)
    print("\n".join(_sentences(fits)))
    print(run.path / "index.html")


def _network(config: Config, data: Samples, setting: Setting | None = None) -> DLLNetwork:
    sizes = (data.train.inputs.shape[1], *config.hidden, data.n_classes)
    if setting is None:
        return dll_network(sizes, seed=config.seed)
    options = remedy(setting.remedy).options(setting.ratio * TAU_MS * ms, setting.dt_ms * ms)
    rates: dict[str, Any] = {"eta_W": setting.eta, "eta_theta": 0.1 * setting.eta}
    return dll_network(sizes, seed=config.seed, **rates, **options)


def _learned(config: Config, data: Samples) -> WeightBundle:
    rows = data.presented(config.learned, config.seed)
    schedule = Schedule(data.train.inputs[rows], data.targets(data.train.labels[rows]))
    return algorithm1.learn(_network(config, data), schedule)


def measured(
    config: Config, data: Samples, setting: Setting, weights: WeightBundle | None
) -> dict[str, Any]:
    """Relative error of every switch's update of all W, and the terms of the law."""
    net = _network(config, data, setting)
    net = net if weights is None else net.with_weights(weights)
    rows = data.presented(2 * config.switches, config.seed + 1).reshape(2, -1, 1)
    inputs = torch.as_tensor(data.train.inputs[rows])
    targets = torch.as_tensor(data.targets(data.train.labels[rows]))
    change = _changes(net, setting, inputs, targets)
    discrete = algorithm1.Discrete(net)
    tensors = {name: discrete.tensor(array) for name, array in net.weights.items()}
    errors, contrasts, powers = [], [], []
    p = discrete.parameters(tensors)
    for copy in range(config.switches):
        step = discrete.step(tensors, inputs[1, copy], targets[1, copy])
        names = [name for name in step if name.startswith("W")]
        wrong = sum(float(((change[n][copy] - step[n]) ** 2).sum()) for n in names)
        errors.append(np.sqrt(wrong / sum(float((step[n] ** 2).sum()) for n in names)))
        u = [algorithm1.forward(p, inputs[k, copy], discrete.activations).u[-1] for k in (0, 1)]
        contrasts.append(float((u[1] - u[0]).norm() / (targets[1, copy] - u[1]).norm()))
        powers.append(float((inputs[1, copy] ** 2).sum()))
    return {**vars(setting), "errors": errors, "contrasts": contrasts, "powers": powers}


def _changes(
    net: DLLNetwork, setting: Setting, inputs: torch.Tensor, targets: torch.Tensor
) -> dict[str, torch.Tensor]:
    """The change of every weight by the second sample, (switch, n_above, n_below)."""
    dt_s = setting.dt_ms * 1e-3
    steps = round(setting.ratio * TAU_MS / setting.dt_ms)
    nets = [net] * inputs.shape[1]
    engine = OdeEngine(
        nets, Timing(steps, 0, 0, steps * dt_s), dt=setting.dt_ms * ms, dtype=torch.float64
    )
    for _ in range(int(np.ceil(SETTLE / setting.ratio))):
        engine.present(inputs[0], targets[0])
        engine.load([net.weights] * len(nets))  # what the first sample taught is forgotten
    engine.present(inputs[1], targets[1])
    return {
        name: engine.buffers.synapses[name, "w"] - torch.as_tensor(np.array(net.weights[name]))
        for name in net.weights
    }


FACTORS = ("c0", "c1", "c2", "c3")


def terms(row: dict[str, Any]) -> np.ndarray:
    """The law's four terms for every switch of a row, (switch, 4)."""
    contrasts = np.array(row["contrasts"]) / row["ratio"]
    time_ = np.full_like(contrasts, 1 / row["ratio"])
    dt = time_ * row["dt_ms"] / TAU_MS
    return np.stack([time_, contrasts, dt, row["eta"] * np.array(row["powers"])], axis=1)


def fitted(rows: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    """The factors (not negative) by least squares of relative residuals; slopes of the medians."""
    members = [row for row in rows if row["remedy"] == name]
    design = np.concatenate([terms(row) for row in members])
    errors = np.concatenate([row["errors"] for row in members])
    factors, _ = nnls(design / errors[:, None], np.ones_like(errors))
    explained = design @ factors
    residual = np.log(errors) - np.log(np.maximum(explained, 1e-300))
    return {
        "remedy": name,
        **dict(zip(FACTORS, factors, strict=True)),
        "median_factor_off": float(np.exp(np.median(np.abs(residual)))),
        "slope_T": {state: _slope(members, state) for state in ("initial", "learned")},
    }


def _slope(members: Sequence[dict[str, Any]], state: str) -> float:
    """Slope of log median error over log T, at the smallest eta and the middle dt."""
    eta = min(row["eta"] for row in members)
    chosen = [r for r in members if (r["state"], r["eta"], r["dt_ms"]) == (state, eta, 1.0)]
    ratios = {row["ratio"]: np.median(row["errors"]) for row in chosen}
    return float(np.polyfit(np.log(list(ratios)), np.log(list(ratios.values())), 1)[0])


def _sentences(fits: Sequence[dict[str, Any]]) -> list[str]:
    return [
        f"{remedy(fit['remedy']).label}: err = {fit['c0']:.2f} tau/T + {fit['c1']:.2f} "
        f"(tau/T)|du|/|xi| + {fit['c2']:.2f} dt/T + {fit['c3']:.2f} eta |u|^2, off by a factor "
        f"{fit['median_factor_off']:.2f} in the median; slope in T "
        f"{fit['slope_T']['initial']:.2f} (initial weights), {fit['slope_T']['learned']:.2f} "
        "(learned)."
        for fit in fits
    ]


def draw(folder: Path) -> Path:
    """Figure and page from the saved numbers; returns the page."""
    result = read_json(folder / "result.json")
    with style():
        figure = new_figure(7.2, 3.2)
        against_time, against_law = figure.subplots(1, 2)
        time_axes(against_time, result["rows"])
        law_axes(against_law, result["rows"], result["fits"])
        save_figure(figure, folder, "law")
    header = ("remedy", *FACTORS, "off by", "slope, initial", "slope, learned")
    cells = [
        [
            remedy(fit["remedy"]).label,
            *(fit[name] for name in (*FACTORS, "median_factor_off")),
            *fit["slope_T"].values(),
        ]
        for fit in result["fits"]
    ]
    picture = Picture(
        "law",
        "Left: median error against T (solid: initial, dashed: learned weights; dotted: slope −1). "
        "Right: every switch against the fitted law.",
    )
    section = Section("Fitted factors", (), (picture,), (Table(header, cells),))
    return write_page(folder, "The error of one update", _sentences(result["fits"]), [section])


def time_axes(axes: Axes, rows: Sequence[dict[str, Any]]) -> Axes:
    """Median error against T for every remedy and both states of the weights."""
    eta = min(row["eta"] for row in rows)
    for colour, name in zip(SERIES, dict.fromkeys(row["remedy"] for row in rows), strict=False):
        for state, line in (("initial", "-"), ("learned", "--")):
            chosen = [
                row
                for row in rows
                if (row["remedy"], row["state"], row["eta"], row["dt_ms"]) == (name, state, eta, 1)
            ]
            ratios = [row["ratio"] for row in chosen]
            medians = [np.median(row["errors"]) for row in chosen]
            label = remedy(name).label if state == "initial" else None
            axes.loglog(ratios, medians, line, marker="o", color=colour, label=label)
    ends = np.array([min(r["ratio"] for r in rows), max(r["ratio"] for r in rows)])
    axes.loglog(ends, 20 / ends, **THEORY)
    axes.set_xlabel("presentation T/τ")
    axes.set_ylabel("relative error of the update")
    axes.legend()
    return axes


def law_axes(axes: Axes, rows: Sequence[dict[str, Any]], fits: Sequence[dict[str, Any]]) -> Axes:
    """Every switch: measured error against the fitted law."""
    for colour, fit in zip(SERIES, fits, strict=False):
        members = [row for row in rows if row["remedy"] == fit["remedy"]]
        law = np.concatenate([terms(row) for row in members]) @ [fit[name] for name in FACTORS]
        errors = np.concatenate([row["errors"] for row in members])
        axes.loglog(law, errors, ".", color=colour, markersize=1.5)
    ends = np.array(axes.get_xlim())
    axes.loglog(ends, ends, **THEORY)
    axes.set_xlabel("fitted law")
    axes.set_ylabel("measured error")
    return axes
