"""Accuracy against the pause: cells, what theory expects of a switch, and the page."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from brian2 import ms
from matplotlib import image

from experiments.lab.continuous_learning import orders
from experiments.lab.storage import read_json, write_json
from experiments.pause import experiment
from experiments.pause.at_rest import Switches, _Run
from experiments.pause.conditions import PAUSE_CONDITIONS, condition
from experiments.pause.experiment import Config
from experiments.pause.learning import QUARTERS, PauseCell
from experiments.pause.plans import PAUSE_PLANS
from rate_bridge.ode_engine.engine import OdeEngine
from rate_bridge.references.microcircuit import Microcircuit

RESULTS = Path(experiment.__file__).parents[1] / "results" / "pause"

RATES = ("eta_W=1e-6", "eta_IP=1e-6", "eta_PI=0.0", "tau_w=None", "bias=1.0", "W_scale=0.5")
SMALL = Config(hidden=(6,), options=RATES, epochs=1, batch=50, seeds=1)


def second_presentation(tau_0_ms, pause_ms):
    """What weights learn from a minibatch behind another: simulated, and as theory says."""
    task = replace(SMALL.task_with(tau_0_ms), dt_ms=0.1)
    run = _Run(Switches(task, (pause_ms,), (0,)))
    net, data = run.net, task.data
    timing = PauseCell(task, ((),), (0,), pause_ms).timing(1.0)
    engine = OdeEngine(net, timing, batch=50, dt=0.1 * ms, dtype=torch.float64)
    (rows,) = orders(data, [0], 1, 50)
    weights = [net.weights]
    for number in range(2):
        shown = rows[50 * number : 50 * (number + 1)]
        signals = {
            "stimulus": torch.as_tensor(data.train.inputs[shown]),
            "target": torch.as_tensor(task.target(data.train.labels[shown])),
        }
        engine.present(signals)
        weights.append(engine.weights[0])
        change = run.change(number)
    names = ("W0", "W1", "IP1")
    simulated = {n: (weights[2][n] - weights[1][n]) / 1e-6 for n in names}
    return simulated, {n: change[n][0].double().numpy() for n in names}


def test_what_a_switch_leaves_is_what_theory_says():
    rest = second_presentation(4.0, 50.0)  # 4e-6 of the switch is left
    for pause_ms in (0.0, 6.0):
        simulated, expected = (
            {name: found[name] - at_rest[name] for name in at_rest}
            for found, at_rest in zip(second_presentation(4.0, pause_ms), rest, strict=True)
        )
        for name, trace in simulated.items():
            # to first order in tau_k/tau_0, which is 0.13
            apart = np.linalg.norm(trace - expected[name]) / np.linalg.norm(trace)
            assert apart < 0.2, (name, pause_ms)


def test_without_end_nothing_but_the_rest_is_left():
    task = replace(SMALL.task_with(3.0), options=(*RATES, "theta_scale=0.1"))
    run = _Run(Switches(task, (None, 6.0), (0,)))
    run.change(0)
    change = run.change(1)
    (rows,) = orders(task.data, [0], 1, 50)
    shown = rows[50:100]
    signals = {
        "stimulus": run.reference.tensor(task.data.train.inputs[shown]),
        "target": run.reference.tensor(task.target(task.data.train.labels[shown])),
    }
    weights = {name: w[0] for name, w in run.weights.items()}
    at_rest = Microcircuit(run.net, torch.float32).change(weights, signals)
    for name in ("W0", "W1", "IP1"):
        size = at_rest[name].norm()
        apart = [float((1e-6 * found - at_rest[name]).norm() / size) for found in change[name]]
        # one sweep instead of the rest: the next is smaller by lambda times these weak weights
        assert apart[0] < 0.02
        assert apart[1] > 2 * apart[0]


def test_the_last_quarter_learns_at_the_lower_rate():
    task = replace(SMALL.task_with(3.0), final_rate=0.1)
    rates = np.array([task.rate_at(number) for number in range(task.count)])
    assert (rates == 0.1).sum() == task.count // QUARTERS
    assert rates[-1] == 0.1
    assert sum(map(task.is_quarter, range(task.count))) == QUARTERS
    cell = PauseCell(task, ((),), (0,), 15.0)
    assert cell.timing(0.1).window_s == pytest.approx(10 * cell.timing(1.0).window_s)


@pytest.mark.parametrize("name", PAUSE_PLANS)
def test_plans_have_the_hashes_of_their_records(name):
    hashes = {
        "yin-yang": "d86bcb3ed1b1cd99",
        "yin-yang-3": "a8c2d7f3ce039789",
        "yin-yang-long": "84bad51c82273d6e",
        "mnist": "297daa9ba7cb692d",
    }
    assert Config(plan=name).plan_hash == hashes[name]


@pytest.mark.parametrize("name", PAUSE_CONDITIONS)
def test_every_condition_describes_networks(name):
    cell = condition(name).cell(SMALL.task_with(3.0), (0, 1), 15.0)
    assert len(cell.networks()) == 2 * len(condition(name).labels())
    assert cell.pause_ms == (15.0 if name.startswith("pause") else 0.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pauses": (60.0,)}, "A pause of 60 ms leaves nothing of a presentation of 60 ms"),
        ({"pauses": (0.7,)}, "A pause of 0.7 ms is no whole number of time steps of 0.5 ms"),
        ({"model": "dll", "options": ()}, "--model dll: Unknown option 'tau_0'"),
        ({"conditions": ("bath",)}, "Unknown condition 'bath'. Did you mean 'both'?"),
        ({"plan": "mnst"}, "Unknown plan 'mnst'. Did you mean 'mnist'?"),
        ({"tau_0s": ()}, "--tau-0s, --pauses and --conditions each need at least one value"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        Config(**options)


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_records_are_those_of_their_plans(path):
    saved = read_json(path)
    assert saved["plan_hash"] == Config(plan=saved["config"]["plan"]).plan_hash
    for row in (*saved["curve"], *saved["conditions"]):
        assert row["test"] == pytest.approx(np.mean(row["tests"]))


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_committed_figures_are_those_of_their_records(tmp_path, path):
    saved = read_json(path)
    write_json(tmp_path / "config.json", saved.pop("config"))
    write_json(tmp_path / "result.json", saved)
    experiment.draw(tmp_path)
    for name in ("pause", "conditions"):
        drawn = image.imread(tmp_path / f"{name}.png")
        committed = image.imread(RESULTS / f"{path.stem}_{name}.png")
        assert drawn.shape == committed.shape
        # another version of a font's renderer may draw edges otherwise
        assert np.abs(drawn - committed).mean() < 1e-3


def test_a_run_goes_on_where_it_was_and_ends_with_a_page(tmp_path):
    config = Config(
        hidden=(4,), batch=1000, epochs=1, seeds=2, tau_0s=(3.0,), pauses=(4.0, 0.0),
        conditions=("both",), presentation_ms=6.0, out=tmp_path,
    )  # fmt: skip
    write_json(tmp_path / "config.json", config)
    result = experiment.measure(config, tmp_path, lambda fraction: None)
    write_json(tmp_path / "result.json", result)
    assert [row["pause"] for row in result["curve"]] == [0, 4]
    assert 4.0 in result["rest"][0]["pauses"]
    kept = {cell: cell.stat().st_mtime_ns for cell in (tmp_path / ".pause-cells").iterdir()}
    assert len(kept) == 4
    again = experiment.measure(config, tmp_path, lambda fraction: None)
    assert {cell: cell.stat().st_mtime_ns for cell in kept} == kept
    assert again["curve"][1]["test"] == result["curve"][1]["test"]
    experiment.draw(tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "With a pause of" in page
    assert "matched prediction, filtered target" in page
