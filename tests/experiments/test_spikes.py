"""``tuft spikes``: its page, its plans, and the committed record."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from experiments.cli import main
from experiments.lab.kept_results import KeptResults
from experiments.lab.storage import read_json
from experiments.spikes import experiment as spikes
from experiments.spikes import scenes
from experiments.spikes.figures import fell_short
from experiments.spikes.learning import GRADED, FiringCell, learned
from experiments.spikes.moments import theta_decay
from experiments.spikes.plans import FIRING_PLANS, FiringPlan
from experiments.spikes.tuning import selected, tuned

RESULTS = Path(spikes.__file__).parents[1] / "results" / "spikes"
RECORDS = [RESULTS / name for name in FIRING_PLANS if (RESULTS / name).is_dir()]
TINY = FiringCell(
    3, (0.5, 1.0), (0,), 1, presentation_ms=8.0, lag_ms=4.0, hidden=(3,), batch=400, dt_ms=2.0
)


@pytest.mark.slow
def test_the_page(tmp_path):
    few = ["--steps", "50", "--units", "200", "--plan", "small"]
    assert main(["spikes", *few, "--out", str(tmp_path)]) == 0
    page = (tmp_path / "spikes" / "index.html").read_text()
    for words in ("Both engines, spike for spike", "Digits by events", "pairs of spikes, delayed"):
        assert words in page
    result = read_json(tmp_path / "spikes" / "result.json")
    assert result["plan_hash"] == FIRING_PLANS["small"].hash
    assert all(row["same"] for row in result["equality"])


def test_engines_that_differ_are_a_failure():
    row = {"case": "delayed", "same": False}
    assert spikes.failure({"equality": [row]}) == "delayed: the engines' events differ."
    assert spikes.failure({"equality": [{**row, "same": True}]}) is None


def test_a_plan_is_tuned_then_tested_and_goes_on(tmp_path):
    plan = FiringPlan({"graded": replace(TINY, cells=GRADED), "3 cells": TINY}, (5, 6))
    kept = KeptResults(tmp_path)
    done = []
    rows = tuned(plan, kept, done.append)
    assert done == sorted(done)
    assert done[-1] == 1.0
    for name, row in rows.items():
        assert "test" not in row["search"]
        assert np.shape(row["tested"]["test"]) == (1, 2)
        assert row["eta"] in plan.rows[name].etas
        assert row["at_edge"]
    assert len(rows["3 cells"]["tested"]["spikes"]) == 2
    files = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert tuned(plan, kept, done.append) == rows
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == files


def test_a_copy_learns_what_it_would_alone():
    both = learned(TINY)["at_rest"]
    alone = learned(replace(TINY, etas=(1.0,)))["at_rest"]
    np.testing.assert_array_equal(both[:, 1], alone[:, 0])


def test_the_rate_is_selected_on_the_last_epochs():
    curve = np.zeros((5, 2, 1))
    curve[:2, 0], curve[-3:, 1] = 1.0, 0.4
    assert selected(TINY, curve) == 1.0
    curve[-1, 1] = np.nan  # diverged
    assert selected(TINY, curve) == 0.5


def test_a_hash_is_of_all_that_is_run():
    plan = FIRING_PLANS["digits"]
    others = [
        replace(plan, seeds=(0,)),
        replace(plan, epochs=3),
        replace(plan, rows={**plan.rows, "1 cell": TINY}),
    ]
    assert len({plan.hash, *(other.hash for other in others)}) == 4
    assert plan.hash == "11ee209f4b6aec57"  # of its record


def test_what_falls_short_is_said():
    def row(accuracy, at_edge=False):
        return {"tested": {"test": [[accuracy]]}, "eta": 1.0, "at_edge": at_edge}

    rows = {"graded": row(0.95), "100 cells": row(0.92, at_edge=True), "10 cells": row(0.9)}
    short = fell_short({"learning": rows})
    assert short == [
        "100 cells: 3.0 points below the graded network; 2 are wanted.",
        "100 cells: its rate, 1, is at the edge of its grid.",
    ]


def test_an_unknown_plan_is_named():
    with pytest.raises(ValueError, match=r"Unknown --plan 'digit'. Did you mean 'digits'"):
        spikes.Config(plan="digit")


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_a_committed_record_is_of_a_plan_and_is_rebuilt(record):
    result = read_json(record / "result.json")
    assert result["plan_hash"] in {plan.hash for plan in FIRING_PLANS.values()}
    assert spikes.failure(result) is None
    rates = scenes.rates_against_theory()
    for row, again in zip(result["rates"], rates, strict=True):
        assert again["rate_hz"] == pytest.approx(row["rate_hz"], rel=1e-6)  # no chance in it


@pytest.mark.slow
@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_a_committed_record_s_chance_is_measured_again(record):
    # float32 sums differ between processors; the numbers that are drawn do not
    result = read_json(record / "result.json")
    again = theta_decay(seed=0)
    assert again.measured == pytest.approx(result["theta_decay"]["measured"], rel=0.01)
    bursts = scenes.bursts_against_apical_input()
    for row, one in zip(result["bursts"], bursts, strict=True):
        assert one["burst_share"] == pytest.approx(row["burst_share"], abs=0.01)
