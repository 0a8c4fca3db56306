"""Tables: averaged over seeds, failures named, empty cells left empty."""

import math
from dataclasses import replace

import pytest

from experiments.table.records import Machine, Record, RunDescription
from experiments.table.tabulate import cell, table


def record(rule="bp", seed=0, column="data net", status="ok", kind="classes", **test):
    return Record(
        run=RunDescription(column, "data", "net", rule, seed, {}, {}, {}),
        kind=kind,
        status=status,
        message=None,
        test=test,
        validation={},
        best_epoch=0,
        epochs=0,
        stopped_early=False,
        seconds=1.5,
        seconds_per_epoch=1.5,
        loading_share=0.0,
        history=[],
        parameters=0,
        data={},
        samples={},
        unofficial_data=False,
        versions={},
        machine=Machine("cpu", 1, 1),
        verdict={},
    )


def test_a_cell_is_mean_and_deviation_over_seeds():
    found = cell([record(seed=s, accuracy=a) for s, a in enumerate((0.9, 0.92, 0.94))], "accuracy")
    assert found.mean == pytest.approx(92)
    assert found.deviation == pytest.approx(2)
    assert found.text(2) == "92.00 ± 2.00 (3)"


def test_one_seed_has_no_deviation():
    assert cell([record(accuracy=0.5)], "accuracy").text(1) == "50.0 (1)"


def test_failed_runs_are_counted_and_not_averaged():
    records = [
        record(seed=0, accuracy=0.9),
        record(seed=1, status="collapsed"),
        record(seed=2, status="diverged"),
    ]
    found = cell(records, "accuracy")
    assert found.mean == pytest.approx(90)
    assert found.text(2) == "90.00 (1), 1 collapsed, 1 diverged"
    nothing = cell(records[1:], "accuracy")
    assert math.isnan(nothing.mean)
    assert nothing.text(2) == "1 collapsed, 1 diverged"


def test_a_record_without_a_verdict_is_judged_by_its_history():
    def older(last, constant):
        scores = [(0.93, 0.0), (last, constant)]
        history = [
            {"loss": 1.0, "validation": {"accuracy": a, "constant": c, "most_common": 0.2}}
            for a, c in scores
        ]
        made = record(seed=round(100 * last), accuracy=0.9359)
        return replace(made, verdict=None, history=history)

    records = [older(0.93, 0.0), older(0.099, 1.0), older(0.3, 0.0)]
    assert cell(records, "accuracy").text(2) == "93.59 (1), 2 collapsed"
    legend = table("T", records, [], []).markdown()
    assert "3 of the records are older than the judgement of a run's end" in legend
    assert "older" not in table("T", [record(accuracy=0.9)], [], []).markdown()


def test_the_table_has_empty_cells_and_published_values():
    records = [
        record("bp", accuracy=0.98),
        record("kp", column="series rnn", kind="series", mse=0.25, mae=0.4),
    ]
    made = table(
        "T", records, ["data net"], ["bp", "dll"], {("data net", "dll", "accuracy"): 97.57}
    )
    lines = made.markdown().split("\n")
    assert lines[2] == (
        "| rule | data net, accuracy % | series rnn, MSE | series rnn, MAE | time/epoch |"
    )
    assert lines[4] == "| bp | 98.00 (1) |  |  | 1.5 s |"
    assert lines[5] == "| dll | [97.57] |  |  |  |"
    assert lines[6] == "| kp |  | 0.2500 (1) | 0.4000 (1) | 1.5 s |"


def test_data_that_are_not_official_are_marked():
    made = table("T", [replace(record(accuracy=0.5), unofficial_data=True)], [], [])
    assert "50.00 (1)\\*" in made.markdown()
    assert "not the official files" in made.markdown()


def test_a_seed_that_stands_twice_is_refused():
    with pytest.raises(ValueError, match="Two records of bp on data net with seed 0"):
        table("T", [record(accuracy=0.5)] * 2, [], [])


def test_a_missing_metric_is_named():
    with pytest.raises(ValueError, match=r"bp on data net, seed 0, has no 'mse'.* accuracy"):
        cell([record(accuracy=0.5)], "mse")


def test_a_network_that_loses_to_a_baseline_says_so_in_its_cell():
    records = [
        record("bp", 0, "words", accuracy=0.78),
        record("bp", 1, "words", accuracy=0.79),
        record("kp", 0, "words", accuracy=0.81),
        record("naive-bayes", 0, "words", accuracy=0.80),
        record("logistic", 0, "words", accuracy=0.70),
        record("bp", 0, "steps", kind="series", mse=0.5, mae=0.2),
        record("mean", 0, "steps", kind="series", mse=0.4, mae=0.3),
        record("persistence", 0, "steps", kind="series", mse=0.1, mae=0.1),
    ]
    made = table("T", records, [], [])
    assert made.beaten_by("words", "bp", "accuracy") == "naive-bayes"
    assert made.beaten_by("words", "kp", "accuracy") is None
    assert made.beaten_by("words", "logistic", "accuracy") is None
    assert made.beaten_by("steps", "bp", "mse") == "mean"
    assert made.beaten_by("steps", "bp", "mae") is None
    text = made.markdown()
    assert "| bp | 78.50 ± 0.71 (2) ▼ naive-bayes | 0.5000 (1) ▼ mean | 0.2000 (1) |" in text
    assert "| persistence |  | 0.1000 (1) † | 0.1000 (1) † |" in text
    assert "† `persistence` is given the target's past, which the networks are not" in text
    assert "▼: worse than the baseline that is named" in text


def test_a_table_without_baselines_does_not_speak_of_them():
    text = table("T", [record(accuracy=0.5)], [], []).markdown()
    assert "▼" not in text
    assert "†" not in text


def test_a_network_that_failed_has_nothing_to_lose():
    records = [
        record("bp", status="diverged", column="words"),
        record("logistic", column="words", accuracy=0.7),
    ]
    assert table("T", records, [], []).beaten_by("words", "bp", "accuracy") is None
