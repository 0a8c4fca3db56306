"""``tuft compare``: its numerics against direct computation, its smallest run end to end."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms

from experiments.cli import main
from experiments.compare import experiment as compare
from experiments.compare import figures as compare_figures
from experiments.compare import measures as compare_measures
from experiments.compare import points as compare_points
from experiments.compare import sweep_figures as compare_sweep_figures
from experiments.compare import sweeps as compare_sweeps
from experiments.compare.points import Point, Setting
from experiments.compare.sweeps import Material
from experiments.lab.models import chosen
from experiments.lab.runner import run
from models import Schedule, WeightBundle, dll_network
from models.checks import check_dynamics, check_schedule
from rate_bridge.references import algorithm1

SMALL = compare.Config(
    hidden=(6,), presentations=12, presentation="60ms", lag="20ms", codegen="numpy", sweep=False
)


@pytest.fixture
def network():
    return dll_network((5, 4, 3), eta_W=0.1, eta_theta=0.05, seed=1)


@pytest.fixture
def schedule(rng):
    signals = {"stimulus": rng.normal(size=(4, 5)), "target": rng.normal(size=(4, 3))}
    return Schedule(signals, presentation=60 * ms)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_discrete_steps_are_those_of_learning_one_presentation_at_a_time(network, schedule):
    kept = []

    def visit(presentation, weights):
        kept.append({name: tensor.numpy().copy() for name, tensor in weights.items()})

    final = algorithm1.Algorithm1(network).learn(schedule, visit=visit)
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


@pytest.fixture
def materials(network, rng):
    """Two seeds, each with weights and samples of its own."""
    found = []
    for seed in (1, 2):
        own = dll_network(network.sizes, network.options, seed=seed)
        other = dll_network(network.sizes, network.options, seed=seed + 10)
        bundles = {"initial": own.weights, "learned": other.weights}
        inputs, targets = rng.normal(size=(3, 5)), rng.normal(size=(3, 3))
        rates = {"eta_W": network.options.eta_W, "eta_theta": network.options.eta_theta}
        found.append(Material("dll", rates, network.sizes, inputs, targets, bundles, seed))
    return found


def measured(settings, materials, engine="torch"):
    points = [Point("any", number, setting) for number, setting in enumerate(settings)]
    return compare_sweeps.measured(points, materials, engine)


def test_settled_updates_agree_and_unsettled_ones_do_not(materials):
    points = measured([Setting(60.0), Setting(60.0, lag=40.0)], materials)
    for kind in ("error", "summed"):
        without, settled = points[kind].values
        assert without.min() > 0.01
        # e^-40 40^3 / 3! of 4 stages is left, weights move by 1e-6 of their size: rounding is 1e-9
        assert settled.max() < 1e-5


SOME = [
    Setting(5.0, remedy="eligibility"),
    Setting(5.0, remedy="eligibility", weights="learned"),
    Setting(10.0, remedy="lag", depth=2),
    Setting(10.0, eta_scale=1.0),
    Setting(10.0, eta_scale=10.0),
]


@pytest.mark.slow
def test_copies_give_what_brian2_gives_one_by_one(materials):
    side_by_side, one_by_one = (measured(SOME, materials, name) for name in ("torch", "brian2"))
    for kind in ("error", "summed"):
        # updates of 1e-7 of the weights, each rounded to 1e-16: 1e-8 of an update
        np.testing.assert_allclose(side_by_side[kind], one_by_one[kind], rtol=1e-6)


def test_settings_of_one_structure_and_timing_run_together(materials):
    points = [Point("any", number, setting) for number, setting in enumerate(SOME)]
    groups = compare_sweeps.grouped([*points, points[0]], materials, "torch")
    assert [len(group.settings) for group in groups] == [2, 1, 2]
    assert len({group.name for group in groups}) == 3
    assert groups[0].name != compare_sweeps.grouped(points, materials[:1], "torch")[0].name


def test_what_is_moved_to_the_next_presentation_cancels_in_the_sum(materials):
    filtered = measured([Setting(20.0, remedy="low-pass")], materials)
    plain = measured([Setting(20.0)], materials)
    # what the filter of 5 T has not forgotten after 5 of its time constants: 0.7 %
    np.testing.assert_allclose(filtered.summed, plain.summed, rtol=0.05)
    assert (filtered.error.min("seed") > 2 * plain.error.max("seed")).all()


def test_a_copy_that_diverges_leaves_the_others_alone(materials):
    fine, lost = Setting(5.0, eta_scale=0.1), Setting(5.0, eta_scale=900.0)
    alone, both = measured([fine], materials), measured([fine, lost], materials)
    assert both.matrix.values.tolist() == alone.matrix.values.tolist()
    np.testing.assert_allclose(both.error[0], alone.error[0], rtol=1e-9)  # rounding
    assert both.error[1].isnull().all()


SET_BY_REMEDIES = ("matched_soma", "filtered_target", "tau_w", "neuron", "eligibility")


def test_what_a_remedy_sets_is_not_given_beside_it(materials):
    given = {"matched_soma": True, "eta_W": 0.2}
    assert compare_points.without(given) == {"eta_W": 0.2}
    described, _, _ = compare_sweeps.described(
        Setting(20.0), replace(materials[0], options=given | materials[0].options)
    )
    assert not described.options.matched_soma


def test_times_of_the_sweeps_are_in_the_longest_time_constant(materials):
    assert materials[0].tau == 10 * ms
    slow = replace(materials[0], options={"tau_a": 30 * ms})
    assert slow.tau == 30 * ms


def test_every_remedy_is_described(materials):
    descriptions = set()
    for name in compare_points.COMPARED:
        described, plan, _ = compare_sweeps.described(Setting(20.0, remedy=name), materials[0])
        changed = [str(getattr(described.options, field)) for field in SET_BY_REMEDIES]
        descriptions.add((*changed, float(plan.lag)))
    assert len(descriptions) == len(compare_points.COMPARED)


@pytest.mark.parametrize("beta", [None, 1.0])
def test_all_points_of_all_sweeps_can_be_described(beta, materials):
    material = replace(materials[0], options={**materials[0].options, "beta": beta})
    names = compare_points.fitting(chosen("dll"), material.options)
    assert ("eligibility" in names) == (beta is None)
    for point in compare_points.sweeps(names=names):
        network, plan, dt = compare_sweeps.described(point.setting, material)
        check_dynamics(network, dt, "euler", plastic=True)
        check_schedule(network, plan, dt)
        depth = point.setting.depth
        assert depth is None or network.sizes == (5, *[4] * depth, 3)


def test_smallest_run_leaves_everything_it_names(tmp_path):
    run(compare, replace(SMALL, out=tmp_path))
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
    run(compare, replace(SMALL, out=tmp_path))
    before = (tmp_path / "compare" / "learning.png").read_bytes()
    (tmp_path / "compare" / "learning.png").unlink()
    compare_figures.draw(tmp_path / "compare")
    assert (tmp_path / "compare" / "learning.png").read_bytes() == before


@pytest.mark.parametrize(
    "tiny", [{"power": 1e-300}, {"options": ("eta_W=5e-324", "eta_theta=5e-324")}]
)
def test_updates_that_vanish_are_named(tiny, tmp_path):
    with pytest.raises(
        ValueError, match=r"All updates of .* are too small to be compared.*--options eta_W"
    ):
        run(compare, replace(SMALL, presentations=2, out=tmp_path, **tiny))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [TypeError, KeyboardInterrupt])
def test_a_result_whose_drawing_ends_badly_is_kept_and_drawn_later(error, tmp_path, monkeypatch):
    def stopped(*arguments):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(compare, "draw", stopped)
        with pytest.raises((ValueError, KeyboardInterrupt), match=r"`tuft draw .*compare` draws"):
            run(compare, replace(SMALL, presentations=2, out=tmp_path))
    assert main(["draw", str(tmp_path / "compare")]) == 0
    assert (tmp_path / "compare" / "index.html").exists()


def test_an_older_result_is_kept(tmp_path):
    for _ in range(2):
        run(compare, replace(SMALL, presentations=2, out=tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["compare", "compare-run2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--presentations", "0"], "presentations must be a whole number of 1 or more"),
        (["--lag", "400ms"], "lag .* must be shorter than presentation"),
        (["--presentation", "400"], "has no unit"),
        (["--options", "theta_rule=minsu"], "Did you mean 'minus'"),
        (["--options", "theta_rle=minus"], "Did you mean 'theta_rule'"),
        (["--dataset", "digit"], "digits"),
        (["--dt", "30ms", "--codegen", "numpy"], "dt < "),
        (["--codegen", "cpp"], "codegen"),
        (["--sweep-engine", "brian"], "Did you mean 'brian2'"),
        (["--sweep-seeds", "0"], "--sweep-seeds must be a whole number of 1 or more"),
    ],
)
def test_bad_input_is_named_and_leaves_nothing(arguments, message, tmp_path, capsys):
    assert main(["compare", "--out", str(tmp_path), "--no-sweep", *arguments]) == 2
    error = capsys.readouterr().err
    assert re.search(message, error), error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


def test_sweeps_end_in_slopes_and_figures(tmp_path):
    few = {"sweep_presentations": 2, "sweep_seeds": 2, "jobs": 1}
    run(compare, replace(SMALL, sweep=True, quick=True, out=tmp_path, **few))
    sweeps = json.loads((tmp_path / "compare" / "result.json").read_text())["sweeps"]
    # T from 5 tau, two presentations counted: the 1/T law with its first correction
    assert all(-1.5 < slope < -0.5 for slope in sweeps["slope_of_error_in_T"]["initial"].values())
    assert sweeps["seeds"] == [0, 1]
    assert (tmp_path / "compare" / "sweep_remedies.pdf").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["compare"]  # nothing else is left


def test_every_sweep_is_drawn_also_where_a_copy_diverged(tmp_path):
    rows = []
    for p in compare_points.sweeps():
        values = {"W0": [0.1, None if p.value == 10.0 else 0.2], "W1": [0.2, 0.3]}
        errors = dict.fromkeys(("error", "summed"), values)
        rows.append({"sweep": p.sweep, "value": p.value, **vars(p.setting), **errors})
    sweeps = {"points": rows, "engine": "torch", "seeds": [0, 1], "presentations": 2}
    pictures = compare_sweep_figures.draw(tmp_path, sweeps, "Algorithm 1")
    names = [picture.name for picture in pictures]
    assert names == [
        "sweep_presentation",
        "sweep_remedies",
        "sweep_heat_map",
        "sweep_lag_dt_eta",
        "sweep_depth",
    ]
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}.{suffix}" for name in names for suffix in ("png", "pdf")
    }


@pytest.mark.slow
def test_a_stopped_run_goes_on_where_it_was(tmp_path, monkeypatch):
    few = {"sweep_presentations": 2, "sweep_seeds": 1, "jobs": 1}
    config = replace(SMALL, sweep=True, quick=True, out=tmp_path, **few)

    def stopped(*arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(compare, "learned", stopped)  # by Ctrl-C, when the sweeps are done
        with pytest.raises(KeyboardInterrupt):
            run(compare, config)
    (kept,) = tmp_path.iterdir()
    assert kept.name == ".compare-cells"
    monkeypatch.setattr(compare, "errors", stopped)  # nothing is measured again
    run(compare, config)
    assert [path.name for path in tmp_path.iterdir()] == ["compare"]
