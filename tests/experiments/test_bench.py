"""``tuft bench``: rows, ratios and the page; no test asserts a time."""

import re

import pytest

from experiments.bench import brian_targets as bench_brian
from experiments.bench import experiment as bench
from experiments.bench import ode_engine as bench_ode
from experiments.bench import one_neuron as bench_neuron
from experiments.bench import step_cost as bench_cost
from experiments.bench import training_step as bench_step
from experiments.bench.rows import EngineRate, LeftOut, labelled_rates, records
from experiments.cli import main
from experiments.lab.storage import read_json

ROWS = [
    EngineRate("small", "numpy", 0.1, 2.0, 100, "synapse-steps"),
    EngineRate("small", "cpp_standalone", 5.0, 1.0, 1000, "synapse-steps"),
    EngineRate("large", "numpy", 0.1, 1.0, 10, "samples"),
]


@pytest.fixture
def smallest(monkeypatch):
    monkeypatch.setattr(bench_brian, "STEPS", {(4, 3, 2): {"numpy": 80}, (5, 3, 2): {"numpy": 40}})


def test_ratios_are_within_a_group():
    found = records(ROWS)
    assert [row["rate"] for row in found] == [50, 1000, 10]
    assert [row["ratio"] for row in found] == [1, 20, 1]
    rates = labelled_rates({"rows": found})
    assert rates.group.values.tolist() == ["small", "small", "large"]
    assert rates.ratio.values.tolist() == [1, 20, 1]


def test_the_command_measures_draws_and_prints(tmp_path, capsys, smallest):
    assert main(["bench", "--only", "brian", "--out", str(tmp_path)]) == 0
    folder, out = tmp_path / "bench", capsys.readouterr().out
    assert out.splitlines()[-1] == str(folder / "index.html")
    result = read_json(folder / "result.json")
    first, second = result["rows"]
    assert (first["group"], second["group"]) == ("4-3-2", "5-3-2")
    assert first["amount"] == 80 * (12 + 6 + 6)  # steps x synapses of W0, W1 and theta1
    assert first["rate"] == pytest.approx(first["amount"] / first["run_seconds"])
    assert first["ratio"] == 1
    assert "numpy" in out
    text = (folder / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert "rates.png" in links
    assert [link for link in links if not (folder / link).exists()] == []


def test_without_a_compiler_the_rest_is_measured(tmp_path, capsys, monkeypatch):
    steps = {"numpy": 40, "cython": 40, "cpp_standalone": 40}
    monkeypatch.setattr(bench_brian, "STEPS", {(4, 3, 2): steps})
    monkeypatch.setattr(bench_ode, "WIDTH", 3)
    monkeypatch.setattr(bench_ode, "VARIED", {"batch": (4,), "depth": (), "width": ()})
    monkeypatch.setattr(bench_ode, "_seconds_each", lambda action: action() or 1e-3)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    options = ["--only", "brian", "torch", "--full", "--out", str(tmp_path)]
    assert main(["bench", *options]) == 0
    result = read_json(tmp_path / "bench" / "result.json")
    engines = {row["engine"].partition(",")[0] for row in result["rows"]}
    assert engines == {"numpy", "torch", "bare matrix products"}
    assert [(row["group"], row["engine"]) for row in result["left_out"]] == [
        ("4-3-2", "cython"),
        ("4-3-2", "cpp_standalone"),
        ("digits, one epoch, 64-32-32-10", "cpp_standalone"),
        ("784-3-3-10, batch 128: samples in parallel", "cpp_standalone"),
    ]
    out = capsys.readouterr().out
    assert re.search(r"by cython\. g\+\+( and Python.h \(python3-dev\))? cannot be found", out)
    page = (tmp_path / "bench" / "index.html").read_text(encoding="utf-8")
    assert "g++ and make cannot be found" in page
    assert 'src="cost.png"' in page


def test_cost_is_drawn_against_what_varies_alone():
    def row(batch, width):
        at = {"batch": batch, "width": width, "depth": 2}
        return EngineRate(f"{width}, {batch}", "torch", 0.0, 1.0, 1, "steps", at)

    def tasks(rows, name):
        found = bench_cost.varied(labelled_rates({"rows": records(rows)}), name)
        return found.group.values.tolist()

    placed = [ROWS[0], row(128, 500), row(8, 500), row(128, 64), row(8, 64)]
    assert tasks(placed, "batch") == ["500, 128", "500, 8"]
    assert tasks(placed, "width") == ["500, 128", "64, 128"]
    assert tasks(placed, "depth") == []
    assert tasks(ROWS, "batch") == []


def test_neurons_alone_become_rows(monkeypatch):
    monkeypatch.setattr(bench_neuron, "COUNTS", (2,))
    monkeypatch.setattr(bench_neuron, "STEPS", 20)
    monkeypatch.setattr(bench_neuron, "find_spec", lambda name: None)
    found = bench.BENCHMARKS["neuron"](False, lambda fraction: None)
    assert [row.engine for row in found] == [
        "plain Brian2, numpy",
        "responses, numpy",
        "responses, c",
        "Jaxley",
    ]
    assert {row.group for row in found[:-1]} == {"three compartments, 2 neurons"}
    assert found[0].amount == 40
    assert isinstance(found[-1], LeftOut)


def test_training_steps_become_rows(monkeypatch):
    def measured(config, progress):
        assert not config.memory
        return [
            bench_step.RuleCost("mlp", rule, seconds, 1, 0, None, None, None)
            for rule, seconds in (("bp", 0.5), ("fa", 0.25))
        ]

    monkeypatch.setattr(bench_step, "rows", measured)
    found = records(bench.BENCHMARKS["training"](False, lambda fraction: None))
    assert [row["ratio"] for row in found] == [1, 2]
    assert found[0]["build_seconds"] is None
    (line,) = bench.sentences({"rows": found})
    assert line == "training, mlp: fa does 4.00 training steps a second, 2.00 times bp."


def test_a_promise_that_is_not_kept_is_said():
    result = {"rows": records(ROWS), "machine": {"processor": "any", "cores": 1}}
    (line,) = bench.too_slow(result)
    assert line.startswith("small: cpp_standalone does 1,000 synapse-steps a second; at least")


def test_an_unknown_benchmark_is_named():
    with pytest.raises(ValueError, match=r"Unknown benchmark 'brain'\. Did you mean 'brian'"):
        bench.Config(only=("brain",))


def test_the_machine_has_a_name():
    assert bench.processor()
