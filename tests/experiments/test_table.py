"""`tuft table`: runs what is missing, rebuilds from the records alone."""

from pathlib import Path

import pytest

import experiments
from experiments.lab.storage import read_json, write_json
from experiments.report.figure_style import close, looks, new_figure
from experiments.table import experiment as table
from experiments.table.learning_figure import draw_angles, draw_curves
from experiments.table.plans import PLANS
from experiments.table.published import PUBLISHED
from experiments.table.records import read_record
from rate_bridge.baselines import BASELINES
from rate_bridge.data import DATASETS
from rate_bridge.networks.registry import NETWORKS
from rate_bridge.rules import make_rule
from rate_bridge.training.options import Options

SHORT = Options(epochs=1, batch_size=128)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("tables")
    table.main(table.Config(rules=("bp", "dll-minus"), seeds=(0, 1), training=SHORT, out=out))
    return out / "digits-mlp-digits"


def test_each_run_has_a_record_and_the_table_shows_them(made):
    records = sorted(path.name for path in made.glob("*__seed*.json"))
    assert len(records) == 4
    assert records[0] == "digits-mlp-digits__bp__seed0.json"
    text = (made / "table.md").read_text()
    assert "| bp |" in text
    assert "(2)" in text
    for name in ("table.png", "learning.png"):
        assert (made / name).read_bytes().startswith(b"\x89PNG")


def test_a_table_is_rebuilt_from_the_records(made):
    before = (made / "table.md").read_text()
    (made / "table.md").unlink()
    (made / "table.png").unlink()
    table.main(table.Config(rebuild=True, out=made.parent))
    rows = [line for line in before.split("\n") if line.startswith("| bp")]
    assert rows[0] in (made / "table.md").read_text()
    assert (made / "table.png").is_file()


def test_learning_curves_and_angles_are_those_of_the_records(made):
    records = [read_record(path) for path in sorted(made.glob("*__seed*.json"))]
    look = looks(["bp", "dll-minus"])
    figure = new_figure(3, 3)
    curves = draw_curves(figure.add_subplot(), records, look)
    drawn = [line.get_ydata() for line in curves.lines[::2]]
    for line, record in zip(drawn, records, strict=True):
        accuracies = [100 * entry["validation"]["accuracy"] for entry in record.history]
        assert list(line) == pytest.approx(accuracies)
    angles = draw_angles(figure.add_subplot(), records[-1:], "theta_to_weight", look)
    expected = records[-1].angles["theta_to_weight"]
    assert [label.get_text() for label in angles.get_xticklabels()] == list(expected)
    assert list(angles.lines[0].get_ydata()) == pytest.approx(list(expected.values()))
    close(figure)


def test_what_has_a_record_is_not_run_again(made):
    path = made / "digits-mlp-digits__bp__seed0.json"
    record = read_json(path)
    write_json(path, {**record, "test": {**record["test"], "accuracy": 0.125}})
    table.main(table.Config(rules=("bp",), seeds=(0, 2), training=SHORT, out=made.parent))
    assert read_json(path)["test"]["accuracy"] == 0.125
    assert (made / "digits-mlp-digits__bp__seed2.json").is_file()


def test_runs_with_other_options_are_never_mixed(made):
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    other = Options(epochs=2, batch_size=128, weight_decay=0.1)
    config = table.Config(rules=("bp",), seeds=(0, 5), training=other, out=made.parent)
    with pytest.raises(ValueError, match=r"bp__seed0\.json was made with other options") as caught:
        table.main(config)
    assert "epochs is 1 there, 2 here; weight_decay is 0.0 there, 0.1 here" in str(caught.value)
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before


def test_a_record_without_a_newer_option_had_its_default(made):
    path = made / "digits-mlp-digits__dll-minus__seed1.json"
    record = read_json(path)
    del record["run"]["options"]["weight_decay"]
    write_json(path, record)
    asked = {"rules": ("dll-minus",), "seeds": (1,), "out": made.parent}
    table.main(table.Config(training=SHORT, **asked))
    assert read_json(path) == record  # taken for the same, and not run again
    with pytest.raises(ValueError, match=r"weight_decay is 0\.0 there, 0\.1 here"):
        table.main(table.Config(training=Options(**{**vars(SHORT), "weight_decay": 0.1}), **asked))


def test_the_records_of_the_repository_are_those_of_its_plans():
    results = Path(experiments.__file__).parent / "results"
    checked = [name for name in PLANS if (results / name).is_dir()]
    assert len(checked) > 5
    for name in checked:
        runs = table.chosen_runs(table.Config(plan=name), PLANS[name])
        table.check_kept(PLANS[name], results / name)
        known = {f"{run.name}.json" for run in runs}
        assert {path.name for path in (results / name).glob("*.json")} <= known


def test_what_names_nothing_is_refused(tmp_path):
    with pytest.raises(ValueError, match="--datasets and --networks each need"):
        table.Config(datasets=())
    with pytest.raises(ValueError, match="Unknown rule 'zzz'"):
        table.Config(rules=("zzz",))
    with pytest.raises(ValueError, match="--threads must be a whole number in 1"):
        table.Config(threads=0)


def test_when_time_is_up_the_rest_is_left(tmp_path, capsys):
    config = table.Config(rules=("bp",), seeds=(0, 1), training=SHORT, out=tmp_path, minutes=0)
    with pytest.raises(FileNotFoundError, match="No records in"):
        table.main(config)
    assert "Time is up" in capsys.readouterr().out


def test_notes_stand_under_the_table(made):
    (made / "notes.md").write_text("Judged by hand.\n")
    table.main(table.Config(rebuild=True, out=made.parent))
    assert (made / "table.md").read_text().endswith("Judged by hand.\n")


def test_an_unknown_plan_or_column_lists_the_valid_ones(tmp_path):
    with pytest.raises(ValueError, match=r"Unknown plan 'mnist'"):
        table.main(table.Config(plan="mnist", out=tmp_path))
    with pytest.raises(ValueError, match=r"Unknown column 'CNN'.*MNIST CNN"):
        table.main(table.Config(plan="cnn", only=("CNN",), out=tmp_path))


@pytest.mark.parametrize("name", PLANS)
def test_plans_name_only_what_there_is(name):
    columns = [column.name for column in PLANS[name].columns]
    assert len(set(columns)) == len(columns)
    for column in PLANS[name].columns:
        assert column.dataset in DATASETS
        assert column.network in NETWORKS
        for run in column.runs():
            rule, _, theta_rule = run.rule.partition("-")
            if run.rule not in BASELINES:
                make_rule(rule, **({"theta_rule": theta_rule} if theta_rule else {}))
            assert run.options.seed in column.seeds


def test_published_numbers_are_per_cent_of_known_rules():
    for (_, rule, metric), value in PUBLISHED.items():
        assert rule in {"bp", "fa", "dll-minus", "dll-fixed"}
        assert metric == "accuracy"
        assert 0 < value < 100


def test_a_record_that_is_only_kept_is_not_mixed_in_either(made):
    other = table.Config(
        rules=("bp",), seeds=(7,), training=Options(epochs=3, batch_size=128), out=made.parent
    )
    with pytest.raises(ValueError, match=r"was made with other options: epochs is 1 there, 3 here"):
        table.main(other)
    assert not (made / "digits-mlp-digits__bp__seed7.json").exists()


@pytest.mark.parametrize(
    "options", [{"datasets": ("digit",)}, {"networks": ("mlp",)}, {"rules": ("dll-zzz",)}]
)
def test_an_unknown_name_leaves_no_folder(tmp_path, options):
    with pytest.raises(ValueError, match="Unknown"):
        table.main(table.Config(out=tmp_path / "out", **options))
    assert not (tmp_path / "out").exists()
