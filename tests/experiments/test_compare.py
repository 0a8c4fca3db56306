"""``tuft compare``: its numerics against direct computation, its smallest run end to end."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms

from experiments import compare, compare_figures, compare_measures, compare_sweeps
from experiments.cli import main
from models import Schedule, WeightBundle, dll_network
from rate_bridge import algorithm1

SMALL = compare.Config(
    hidden=(6,), presentations=12, presentation="60ms", lag="20ms", codegen="numpy", sweep=False
)


@pytest.fixture
def network():
    return dll_network((5, 4, 3), eta_W=0.1, eta_theta=0.05, seed=1)


@pytest.fixture
def schedule(rng):
    return Schedule(rng.normal(size=(4, 5)), rng.normal(size=(4, 3)), presentation=60 * ms)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_discrete_steps_are_those_of_learning_one_presentation_at_a_time(network, schedule):
    kept = []

    def visit(presentation, weights):
        kept.append({name: tensor.numpy().copy() for name, tensor in weights.items()})

    final = algorithm1.learn(network, schedule, visit=visit)
    history = {name: np.stack([moment[name] for moment in kept]) for name in network.weights}
    steps = compare_measures.discrete_steps(network, history, schedule)
    changes = compare_measures.differences(history, final)
    for name, step in steps.items():
        # the same arithmetic, once batched and once not: rounding of values of order 1
        np.testing.assert_allclose(changes[name], step, atol=1e-14)


def test_agreement_of_scaled_and_turned_updates():
    goal = {"W0": np.array([[[1.0, 0.0]], [[0.0, 2.0]], [[0.0, 0.0]]])}
    ours = {"W0": np.array([[[0.5, 0.0]], [[2.0, 0.0]], [[1.0, 0.0]]])}
    found = compare_measures.agreement(ours, goal)["W0"]
    np.testing.assert_allclose(found["cosine"], [1, 0, np.nan])
    np.testing.assert_allclose(found["relative_error"], [0.5, np.sqrt(2), np.nan])


def test_weight_distance_leaves_out_what_did_not_move():
    start = {"W0": np.zeros((1, 2)), "theta1": np.ones((1, 2))}
    discrete = {"W0": np.array([[2.0, 0.0]]), "theta1": np.ones((1, 2))}
    ours = {"W0": np.array([[2.0, 1.0]]), "theta1": np.ones((1, 2))}
    assert compare_measures.weight_distance(ours, discrete, start) == {"W0": 0.5}


def test_slope_of_a_power_law():
    x = np.array([1.0, 2.0, 4.0])
    assert compare_measures.log_slope(x, 3 * x**-1.5) == pytest.approx(-1.5)


def test_settled_updates_agree_and_unsettled_ones_do_not(network, schedule):
    bundles = {"initial": network.weights}
    material = compare_sweeps.Material(
        network.sizes, network.options, schedule.inputs, schedule.targets, bundles
    )
    points = [compare_sweeps.Setting("lag", lag, presentation=60.0, lag=lag) for lag in (0.0, 40.0)]
    without, settled = compare_sweeps.measured(points, material)
    assert min(without["error"].values()) > 0.01
    # e^-40 40^3 / 3! of 4 stages is left, weights move by 1e-6 of their size: rounding is 1e-9
    assert max(settled["error"].values()) < 1e-5


def test_every_remedy_is_described(network, schedule):
    bundles = {"initial": network.weights, "learned": network.weights}
    material = compare_sweeps.Material(
        network.sizes, network.options, schedule.inputs, schedule.targets, bundles
    )
    descriptions = set()
    for name in compare_sweeps.COMPARED:
        point = compare_sweeps.Setting("remedy", name, presentation=20.0, remedy=name)
        described, plan, _ = compare_sweeps.described(point, material)
        changed = [str(getattr(described.options, field)) for field in compare_sweeps.WITHOUT]
        descriptions.add((*changed, float(plan.lag)))
    assert len(descriptions) == len(compare_sweeps.COMPARED)


def test_smallest_run_leaves_everything_it_names(tmp_path):
    compare.main(replace(SMALL, out=tmp_path))
    folder = tmp_path / "compare"
    sizes = (64, 6, 10)
    for name in ("initial", "continuous", "discrete"):
        bundle = WeightBundle.load(folder / f"weights_{name}.npz")
        bundle.check_fits(dll_network(sizes).weight_shapes, name)
    with np.load(folder / "presented.npz") as shown:
        assert shown["inputs"].shape == (12, 64)
        assert shown["targets"].shape == (12, 10)
    result = json.loads((folder / "result.json").read_text())
    assert set(result["update"]) == {"W0", "W1", "theta1"}
    assert set(result["accuracy"]["continuous"]) == {"validation", "test"}
    page = (folder / "index.html").read_text()
    assert "learning.png" in page
    assert (folder / "learning.png").exists()


def test_figures_are_drawn_again_from_the_files(tmp_path):
    compare.main(replace(SMALL, out=tmp_path))
    before = (tmp_path / "compare" / "learning.png").read_bytes()
    (tmp_path / "compare" / "learning.png").unlink()
    compare_figures.draw(tmp_path / "compare")
    assert (tmp_path / "compare" / "learning.png").read_bytes() == before


def test_an_older_result_is_kept(tmp_path):
    for _ in range(2):
        compare.main(replace(SMALL, presentations=2, out=tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["compare", "compare-2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--presentations", "0"], "presentations must be at least 1"),
        (["--lag", "400ms"], "lag .* must be shorter than presentation"),
        (["--presentation", "400"], "has no unit"),
        (["--theta-rule", "minsu"], "Did you mean 'minus'"),
        (["--dataset", "digit"], "digits"),
        (["--dt", "30ms", "--codegen", "numpy"], "dt < "),
        (["--codegen", "cpp"], "codegen"),
    ],
)
def test_bad_input_is_named_and_leaves_nothing(arguments, message, tmp_path, capsys):
    assert main(["compare", "--out", str(tmp_path), "--no-sweep", *arguments]) == 2
    error = capsys.readouterr().err
    assert re.search(message, error), error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


def test_sweeps_end_in_slopes_and_figures(tmp_path):
    config = replace(SMALL, sweep=True, quick=True, sweep_presentations=2, jobs=1, out=tmp_path)
    compare.main(config)
    result = json.loads((tmp_path / "compare" / "result.json").read_text())
    slopes = result["sweeps"]["slope_of_error_in_T"]["initial"]
    # T from 5 tau, one presentation counted: the 1/T law with its first correction
    assert all(-1.5 < slope < -0.5 for slope in slopes.values())
    assert (tmp_path / "compare" / "sweep_remedies.pdf").exists()
