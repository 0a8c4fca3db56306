"""The search before a table: alike for every rule, inside its grids, blind to the test part."""

import json
import math
from dataclasses import replace

import pytest

from experiments.table import experiment, plans, running, runs
from experiments.table.plan import Column, Plan, Search
from experiments.table.search import best_rates, flat_after
from rate_bridge.training.options import Options

SEARCH = Search((1e-4, 3e-4, 1e-3), (0.01, 0.1, 1.0))


def peak(lr, ratio=None):
    """An accuracy that is highest at these rates, with the pairs that were asked for."""
    asked = []

    def accuracy(rates):
        asked.append(rates)
        far = abs(math.log(rates[0] / lr))
        if ratio is not None and rates[1] is not None:
            far += abs(math.log(rates[1] / ratio))
        return 1 - far / 100

    return accuracy, asked


def test_every_pair_is_tried_once_and_the_best_one_taken():
    accuracy, asked = peak(3e-4, 0.1)
    found = best_rates(SEARCH, True, accuracy)
    assert (found.best, found.at_edge, found.tried) == ((3e-4, 0.1), (), 9)
    assert len(set(asked)) == len(asked) == 9


def test_a_rule_whose_theta_rests_has_one_grid():
    found = best_rates(SEARCH, False, peak(3e-4)[0])
    assert (found.best, found.tried) == ((3e-4, None), 3)


@pytest.mark.parametrize(
    ("lr", "added"), [(3.3e-3, {3.33333e-3, 1.11111e-2}), (3.3e-5, {3.33333e-5, 1.11111e-5})]
)
def test_a_grid_grows_by_its_own_factor_until_the_best_is_inside(lr, added):
    accuracy, asked = peak(lr)
    found = best_rates(SEARCH, False, accuracy)
    assert {rates[0] for rates in asked} - set(SEARCH.lr) == added
    assert found.best[0] == pytest.approx(lr, rel=0.02)
    assert found.at_edge == ()


def test_what_stays_at_the_end_is_said():
    found = best_rates(SEARCH, True, peak(3e-4, 1e-9)[0])
    assert found.best == (3e-4, 1e-4)  # the grid's end after two more steps down
    assert found.at_edge == ("theta",)


def test_a_search_in_which_everything_fails_ends():
    found = best_rates(SEARCH, True, lambda rates: -math.inf)
    assert (found.accuracy, found.tried) == (-math.inf, 9)


def test_a_curve_is_flat_when_a_window_gains_less_than_asked():
    rising = [0.01 * k for k in range(20)]
    assert flat_after(rising, 5, 0.001) is None
    # ten epochs up, then level: windows 10..14 and 15..19 are the first with equal means
    assert flat_after([*rising[:10], *[0.1] * 20], 5, 0.001) == 20
    assert flat_after([0.5] * 9, 5, 0.001) is None  # two windows do not fit yet


@pytest.fixture
def plan(monkeypatch):
    """A plan of two rules and two seeds on the digits, each try one epoch."""
    column = Column(
        "small",
        "digits",
        "mlp-digits",
        Options(epochs=5, batch_size=128),
        ("bp", "dll-minus", "most-common"),
        (3, 4),
        network_options={"hidden": (8,)},
        search=Search((1e-3, 1e-2), (0.1, 1.0), 0, ("bp",), 2, 2.0),
    )
    made = Plan("Small", "", (column,))
    monkeypatch.setitem(plans.PLANS, "small", made)
    return made


def test_a_search_does_not_see_the_test_part_and_is_not_done_twice(tmp_path, plan, monkeypatch):
    def refused(*_):
        raise AssertionError("the test part was looked at")

    monkeypatch.setattr(runs, "evaluate", refused)
    config = experiment.Config(plan="small", out=tmp_path, search_only=True)
    experiment.main(config)
    kept = {path.name: path.read_bytes() for path in (tmp_path / "small" / "search").iterdir()}
    assert sorted(kept) == [
        "small__bp__flat.json",
        "small__bp__lr0.001.json",
        "small__bp__lr0.01.json",
        *(f"small__dll-minus__lr{lr}-theta{r}.json" for lr in (0.001, 0.01) for r in (0.1, 1)),
    ]
    experiment.main(config)
    for path in (tmp_path / "small" / "search").iterdir():
        assert path.read_bytes() == kept[path.name]
        assert json.loads(path.read_text())["plan_hash"] == plan.hash


def test_runs_take_what_was_found_and_first_seeds_come_first(tmp_path, plan, monkeypatch, capsys):
    order = []
    finished = running.finished

    def noted(run, *rest):
        order.append((run.rule, run.options.seed))
        return finished(run, *rest)

    monkeypatch.setattr(running, "finished", noted)
    experiment.main(experiment.Config(plan="small", out=tmp_path))
    first = [("bp", 3), ("dll-minus", 3), ("most-common", 3)]
    assert order == [*first, ("bp", 4), ("dll-minus", 4)]
    records = {
        path.name: json.loads(path.read_text())
        for path in (tmp_path / "small").glob("small__*__seed*.json")
    }
    for name, record in records.items():
        assert record["plan_hash"] == plan.hash
        if "most-common" in name:
            continue
        options, search = record["run"]["options"], record["search"]
        assert options["lr"] == search["best"][0]
        assert options["epochs"] == search["epochs"] == 4  # two windows of two, any gain is flat
        ratio = search["best"][1]
        expected = None if ratio is None else pytest.approx(ratio * options["lr"])
        assert options["theta_lr"] == expected
    assert "Small" in capsys.readouterr().out
    experiment.main(experiment.Config(plan="small", out=tmp_path))  # nothing is left to do
    assert len(order) == 5


def test_records_and_tries_of_another_plan_are_refused(tmp_path, plan, monkeypatch):
    config = experiment.Config(plan="small", rules=("bp",), seeds=(3,), out=tmp_path)
    experiment.main(config)
    (column,) = plan.columns
    other = replace(plan, columns=(replace(column, seeds=(3, 4, 5)),))
    monkeypatch.setitem(plans.PLANS, "small", other)
    with pytest.raises(ValueError, match=f"its plan is {plan.hash}, here {other.hash}"):
        experiment.main(config)
    for path in (tmp_path / "small").glob("*__seed*.json"):
        path.unlink()
    with pytest.raises(ValueError, match="is of another plan"):
        experiment.main(config)
