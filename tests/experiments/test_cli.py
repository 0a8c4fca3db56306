"""The ``tuft`` command: names, options, errors on one line, and being stopped."""

import ast
import dataclasses
import errno
import importlib
import inspect
import itertools
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments import cli
from experiments.registry import EXPERIMENTS, Entry
from experiments.traces import experiment as traces

ROOT = Path(__file__).parent.parent.parent
SMALL = ["traces", "--sizes", "64", "4", "10", "--presentation", "20ms", "--dt", "1ms"]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the command in an empty folder; gives its status, its output, and its errors."""
    monkeypatch.chdir(tmp_path)

    def result(*arguments):
        status = cli.main(list(arguments))
        out, err = capsys.readouterr()
        return status, out, err

    return result


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["list"]])
def test_experiments_are_listed(run, arguments):
    status, out, err = run(*arguments)
    assert (status, err) == (0, "")
    for name, entry in EXPERIMENTS.items():
        assert f"  {name} " in out
        assert entry.summary in out


def test_version(run):
    status, out, _ = run("--version")
    assert status == 0
    assert out.startswith("tuft ")


@pytest.mark.parametrize(
    ("wrong", "nearest"), [("trases", "traces"), ("lst", "list"), ("--verson", "--version")]
)
def test_an_unknown_name_gets_the_nearest(run, wrong, nearest):
    status, out, err = run(wrong)
    assert (status, out) == (2, "")
    assert err.startswith(f"tuft: Unknown experiment {wrong!r}. Did you mean {nearest!r}? Valid: ")
    assert err.count("\n") == 1


def documented_fields(kind):
    """The fields with text below them in a dataclass's own source."""
    body = ast.parse(inspect.getsource(kind)).body[0].body
    return {
        field.target.id
        for field, after in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
    }


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_field_of_every_experiment_is_documented(name):
    config = importlib.import_module(EXPERIMENTS[name].module).Config
    assert ast.get_docstring(ast.parse(inspect.getsource(config)).body[0])
    documented = set().union(*(documented_fields(kind) for kind in config.__mro__[:-1]))
    assert {field.name for field in dataclasses.fields(config)} == documented, name


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_help_of_every_experiment(run, name):
    status, out, _ = run(name, "--help")
    assert status == 0
    assert f"usage: tuft {name}" in out


def test_help_names_every_rule_baseline_network_option_and_plan(run):
    from experiments.table.plans import PLANS
    from experiments.table.runs import TRAINABLE

    _, out, _ = run("train", "--help")
    named = set(re.findall(r"[a-z][a-z0-9-]*", out))
    assert set(TRAINABLE) - named == set()
    assert "--theta-std" in out
    _, out, _ = run("table", "--help")
    assert set(PLANS) - set(re.findall(r"[a-z][a-z0-9-]*", out)) == set()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--options", "activation=tahn"], "tuft: Unknown activation 'tahn'. Did you mean 'tanh'?"),
        (["--dt", "30ms"], "tuft: --dt: 30. ms is too large for this network"),
        (["--dt", "3ms"], "is not a whole number of steps of 3. ms."),
        (["--sizes", "10"], "tuft: DLL network: sizes must be whole numbers, an input"),
        (["--name", "a/b"], "tuft: --name must be the plain name of a folder, got 'a/b'."),
        (["--seed", "-1"], "tuft: --seed must be a whole number in 0..2^32 - 1, got -1."),
        (["--digits", "3", "3"], "tuft: digits must differ, else nothing switches; got (3, 3)."),
    ],
)
def test_wrong_values_end_in_one_line(run, options, message):
    status, out, err = run(*SMALL, *options)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_wrong_options_end_with_the_nearest(run):
    status, _, err = run("traces", "--presentaton", "400ms")
    assert status == 2
    assert "--presentation" in err
    status, _, err = run("traces", "--seed", "one")
    assert status == 2
    assert "--seed" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("traces --presentation 400", "presentation: '400' has no unit; write 400ms or 400s."),
        ("remedies --seeds 0", "--seeds must be a whole number of 1 or more, got 0."),
        ("train --epochs 0", "Options: epochs must be a whole number of 1 or more, got 0."),
        ("train --epochs x", "Options: epochs must be a whole number of 1 or more, got 'x'."),
        ("train --seed -1", "Options: seed must be a whole number in 0..2^32 - 1, got -1."),
        (
            "table --seeds -1",
            "--seeds must be a tuple, each entry a whole number in 0..2^32 - 1, got (-1,).",
        ),
        ("train --clip -1", "Options: clip must be a finite number above 0 or None, got -1.0."),
        ("train --clip=0", "Options: clip must be a finite number above 0 or None, got 0.0."),
        ("train --lr nan", "Options: lr must be a finite number above 0, got nan."),
        (
            "train --theta_lr -1",
            "Options: theta_lr must be a finite number of 0 or more or None, got -1.0.",
        ),
        (
            "train --optimizer Adam",
            "Options: optimizer must be 'adam' or 'sgd', got 'Adam'. Did you mean 'adam'?",
        ),
        (
            "table --schedule cosin",
            "Options: schedule must be 'linear', 'cosine' or 'constant', got 'cosin'. "
            "Did you mean 'cosine'?",
        ),
        (
            "train --theta-std -1",
            "--theta-std must be a finite number of 0 or more or None, got -1.0.",
        ),
        ("train --threads x", "--threads must be a whole number in 1..1024, got 'x'."),
        (
            "train --hidden 3 x",
            "--hidden must be a tuple, each entry a whole number of 1 or more, got '3 x'.",
        ),
        (
            "train --epochs 1000000000000",
            "Training for 1000000000000 epochs needs at least 3 years; more than a year is not "
            "begun. Lower epochs.",
        ),
        (
            "traces --neurons 1000000000",
            "--neurons must be a whole number in 1..100, got 1000000000.",
        ),
        (
            "traces --neurons 33",
            "--neurons must be at most the neurons of a layer of --sizes (64, 32, 32, 10), got 33.",
        ),
        ("transfer --batch 5001", "--batch must be at most --presentations 5000, got 5001."),
        (
            "demo --sweep-presentations 1",
            "--presentations and --sweep-presentations must be at least 2 for a sweep, whose error "
            "comes from the switches; or choose --no-sweep.",
        ),
        ("verify --seed -1", "--seed must be a whole number in 0..2^32 - 1, got -1."),
        ("law --seed -1", "--seed must be a whole number in 0..2^32 - 1, got -1."),
    ],
)
def test_refused_options_end_in_one_line(run, arguments, message):
    assert run(*arguments.split()) == (2, "", f"tuft: {message}\n")
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        "compare --presentations 1000000000000",
        "demo --presentations 1000000000000",
        "equivalence --presentations 1000000000000",
        "equivalence --steps 1000000000000",
        "transfer --taught 1000000000000",
    ],
)
def test_work_beyond_the_machine_is_refused_by_its_size_before_it_begins(run, arguments):
    status, out, err = run(*arguments.split())
    assert (status, out) == (2, "")
    assert re.search(
        r"needs (about [\d.]+ TB|.* years).*Lower .*--(presentations|steps|taught)", err
    ), err
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("name", ["traces", "train", "table", "remedies"])
@pytest.mark.parametrize("folder", ["file", "file/inside"])
def test_a_file_where_results_should_go(run, name, folder):
    Path("file").touch()
    message = "tuft: --out: file is a file; choose another folder.\n"
    assert run(name, "--out", folder) == (2, "", message)
    assert [path.name for path in Path().iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (RuntimeError("g++ cannot\nbe found"), 2, "tuft: g++ cannot be found\n"),
        (ArithmeticError("Diverged at t = 3 ms"), 2, "tuft: Diverged at t = 3 ms\n"),
        (MemoryError(), 2, "tuft: MemoryError\n"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 2, "tuft: The disk is full;"),
        (KeyboardInterrupt(), 130, "tuft: stopped; nothing half-written was left behind.\n"),
    ],
)
def test_errors_during_an_experiment(run, monkeypatch, error, status, message):
    def measure(config, folder, progress):
        (folder / "half").write_text("written")
        raise error

    monkeypatch.setattr(traces, "measure", measure)
    found, out, err = run(*SMALL)
    assert (found, out) == (status, "")
    assert err.startswith(message)
    assert err.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_a_traceback_on_request(run, monkeypatch):
    monkeypatch.setenv(cli.TRACEBACK, "1")
    status, _, err = run("trases")
    assert status == 2
    assert "Traceback" in err


def test_errors_that_are_bugs_keep_their_traceback_and_brian_writes_no_report(run, monkeypatch):
    def measure(config, folder, progress):
        raise TypeError("a bug")

    monkeypatch.setattr(traces, "measure", measure)
    with pytest.raises(TypeError, match="a bug"):
        run(*SMALL)
    assert sys.excepthook is sys.__excepthook__


def test_ctrl_c_during_import_is_not_swallowed(tmp_path, monkeypatch, capsys):
    (tmp_path / "swallowing.py").write_text(
        "import os, signal\n"
        "try:\n    os.kill(os.getpid(), signal.SIGINT)\nexcept BaseException:\n    pass\n"
        "def main(config):\n    raise AssertionError('it went on')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(EXPERIMENTS, "swallowing", Entry("swallowing", ""))
    before = signal.getsignal(signal.SIGINT)
    assert cli.main(["swallowing"]) == 130
    assert capsys.readouterr().err == "tuft: stopped; nothing half-written was left behind.\n"
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_being_stopped_leaves_nothing(tmp_path, number):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "experiments.cli", "traces", "--presentation", "600s"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    process = subprocess.Popen(
        [*command, "--sizes", "64", "4", "10"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("runs/.traces.tuft-*/config.json")):
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130
    assert out == ""
    assert err == "tuft: stopped; nothing half-written was left behind.\n"
    assert list(tmp_path.iterdir()) == [temporary]
    assert list(temporary.iterdir()) == []
