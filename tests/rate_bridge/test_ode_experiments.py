"""The commands around the torch engine, at their smallest."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments.bench import ode_engine as bench_ode
from experiments.cli import main
from experiments.equivalence import experiment as equivalence
from experiments.lab.remedies import REMEDIES
from experiments.lab.samples import samples
from experiments.lab.storage import read_json
from experiments.law import experiment as law
from experiments.law import fit as law_fit
from experiments.remedies import experiment as remedies

SMALL = ["--hidden", "8", "--epochs", "1", "--seeds", "2", "--etas", "0.01", "--batch", "16"]


def test_equivalence_reports_what_it_found(tmp_path: Path) -> None:
    few = ["--sizes", "3", "4", "2", "--presentations", "2", "--steps", "20"]
    assert main(["equivalence", "--only", "paper", *few, "--out", str(tmp_path)]) == 0
    rows = read_json(tmp_path / "equivalence" / "result.json")["rows"]
    assert [row["method"] for row in rows] == ["euler", "exponential_euler"]
    assert all(max(row["states"], row["weights"]) < equivalence.SAME_WITHIN for row in rows)


def test_remedies_go_on_where_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = ["--remedies", "none", "lag", "--ratios", "2", "4", "--steps", "5"]
    arguments = ["remedies", *SMALL, *chosen, "--out", str(tmp_path)]
    assert main(arguments) == 0
    first = read_json(tmp_path / "remedies" / "result.json")["rows"]
    assert [(row["remedy"], row["ratio"]) for row in first] == [
        ("algorithm1", None),
        ("none", 2.0),
        ("lag", 2.0),
        ("none", 4.0),
        ("lag", 4.0),
    ]
    assert all(0 <= row["test"] <= 1 for row in first)
    assert [row["tried"] for row in first] == [1, 1, 5, 1, 5]  # a rate, and five shares for the lag
    assert "T = 2 τ" in capsys.readouterr().out
    monkeypatch.setattr(remedies, "learned", None)  # nothing is learned again
    assert main(arguments) == 0
    assert read_json(tmp_path / "remedies-run2" / "result.json")["rows"] == first
    assert (tmp_path / "remedies" / "index.html").exists()


def test_remedies_compare_depths(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ["--remedies", "both", "--ratios", "2", "5", "--steps", "5", "--depths", "1", "3"]
    assert main(["remedies", *SMALL, *chosen, "--out", str(tmp_path)]) == 0
    rows = read_json(tmp_path / "remedies" / "result.json")["rows"]
    assert [(row["depth"], row["remedy"], row["ratio"]) for row in rows] == [
        (depth, name, ratio)
        for depth in (1, 3)
        for name, ratio in (("algorithm1", None), ("both", 2.0), ("both", 5.0))
    ]
    out = capsys.readouterr().out
    assert "1 hidden layer " in out
    assert "3 hidden layers" in out
    assert (tmp_path / "remedies" / "depth.png").exists()


@pytest.mark.parametrize("name", REMEDIES)
def test_every_remedy_can_learn(name: str, tmp_path: Path) -> None:
    config = remedies.Config(
        hidden=(6, 5), remedies=(name,), ratios=(2,), etas=(0.01,), seeds=1,
        epochs=1, batch=359, out=tmp_path,
    )  # fmt: skip
    first, *others = config.tasks()[-1].grid()
    found = remedies.learned(first)
    assert found["validation"].shape == (1, 1, 1)
    json.dumps(found["test"].tolist())
    data = samples("digits")
    assert all(cell.networks(data) for cell in others)  # each candidate is a network


def test_a_copy_that_diverges_leaves_the_others_alone(tmp_path: Path) -> None:
    def learned(*etas: float) -> dict:
        config = remedies.Config(
            hidden=(6,), remedies=("both",), ratios=(5,), etas=etas, seeds=1, epochs=1, batch=8
        )
        return remedies.learned(config.tasks()[1].grid()[0])

    both, alone, lost = learned(0.01, 1e5), learned(0.01), learned(1e5)
    assert both["validation"][0, 0, 0] == pytest.approx(alone["validation"][0, 0, 0], abs=0.02)
    assert both["validation"][0, 1, 0] != both["validation"][0, 1, 0]
    assert lost["test"][0, 0] != lost["test"][0, 0]


def test_bad_options_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["remedies", "--remedies", "matchd"]) == 2
    assert "Did you mean 'matched'" in capsys.readouterr().err
    assert main(["remedies", "--ratios", "-1"]) == 2
    assert "--ratios must be a tuple, each entry a finite number above 0" in capsys.readouterr().err
    assert main(["remedies", "--dt-ms", "0"]) == 2
    assert "--dt-ms must be a finite number above 0" in capsys.readouterr().err
    assert main(["remedies", "--search-epochs", "6"]) == 2
    assert "--search-epochs must not be more than --epochs" in capsys.readouterr().err
    assert main(["remedies", "--plan", "digts"]) == 2
    assert "Did you mean 'digits'" in capsys.readouterr().err
    assert main(["remedies", "--depths", "0"]) == 2
    assert (
        "--depths must be a tuple, each entry a whole number in 1..1000" in capsys.readouterr().err
    )
    assert main(["equivalence", "--only", "papr"]) == 2
    assert "Did you mean 'paper'" in capsys.readouterr().err


def test_benchmarks_compare_equal_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_ode, "_seconds_each", lambda action: action() or 1e-3)
    with torch.inference_mode():
        rows = bench_ode.against_products(batch=4, width=5, depth=2)
    assert [row.engine for row in rows] == ["bare matrix products", "torch", "torch, gathered"]
    assert {row.group for row in rows} == {"784-5-5-10, batch 4"}
    tasks = bench_ode.scaling()
    assert len(set(tasks)) == len(tasks) == 10


def test_the_error_of_an_update_falls_as_one_over_time(tmp_path: Path) -> None:
    few = ["--ratios", "80", "160", "--etas", "1e-4", "--dts-ms", "1", "--switches", "4"]
    arguments = ["law", "--hidden", "8", "--remedies", "none", "--learned", "50", *few]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    (fit,) = read_json(tmp_path / "law" / "result.json")["fits"]
    assert fit["slope_T"]["initial"] == pytest.approx(-1, abs=0.1)
    assert set(fit) >= set(law_fit.FACTORS) == {"c1", "c2", "c3"}


def test_a_filtered_target_leaves_the_change_of_the_error_in_the_law() -> None:
    config = law.Config(hidden=(8,), switches=6)
    data = samples("digits")

    def row(name: str) -> dict:
        return law.measured(config, data, law.SwitchSetting(name, "initial", 40.0, 2.0, 1e-4), None)

    plain, filtered = row("matched"), row("both")
    assert (plain["changes"], filtered["changes"]) == ("du", "dxi")
    for found in (plain, filtered):
        # theory.md 3: A_L = 1 or 2 stages of tau_u times the change, and the hidden layer's sum
        ratio = np.array(found["errors"]) / law_fit.terms(law_fit.labelled_points([found]))[:, 0]
        assert ratio.std() / ratio.mean() < 0.35


def test_a_page_is_written_also_where_algorithm_1_diverges(tmp_path: Path) -> None:
    chosen = ["--remedies", "none", "--ratios", "2", "--etas", "1e6"]
    arguments = ["remedies", "--hidden", "6", "--epochs", "1", "--seeds", "1", *chosen]
    assert main([*arguments, "--batch", "16", "--out", str(tmp_path)]) == 0
    assert "everything diverged" in (tmp_path / "remedies" / "index.html").read_text()


def test_what_cannot_be_learned_is_refused_before_anything_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(remedies, "learned", None)  # nothing is learned
    arguments = ["remedies", "--out", str(tmp_path)]
    assert main([*arguments, "--name", "../x"]) != 0
    assert "plain name of a folder" in capsys.readouterr().err
    assert main([*arguments, "--batch", "100000"]) != 0
    assert "--batch 100000 is more than the" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
