"""Odd arguments are refused in one line: some calls of ``make fuzz``, and what its words mean."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import compartments
import models
from experiments.registry import EXPERIMENTS
from fuzz.calls import CALLS
from fuzz.command_line import COMMANDS
from fuzz.outcomes import Drawn, Outcome, drawn, judged

TESTS = Path(__file__).resolve().parents[1]


def test_some_calls():
    # in a process of its own: here jaxtyping's hook would answer in the place of the package
    command = [sys.executable, "-m", "fuzz", "--calls", "150", "--command-line", "0.04"]
    path = {"PYTHONPATH": f"{TESTS.parent}:{TESTS}", "OMP_NUM_THREADS": "1", "PATH": os.defpath}
    done = subprocess.run(command, env=path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "silent 0, hang 0, crash 0" in done.stdout


def test_every_public_function_is_called():
    # results and errors are made by Tuft alone; what ports name, the neuron that has them checks
    made = {
        "DLLNetwork",
        "MicrocircuitNetwork",
        "DivergenceError",
        "Run",
        "load_traces",
        "save_traces",
    }
    registries = {"ACTIVATIONS", "MODELS", "Model", "NEURONS", "Port", "Ports", "Sent"}
    public = {*compartments.__all__, *models.__all__} - made - registries
    called = {name.removeprefix("models.") for name in CALLS}
    assert public <= called


def test_every_command_is_called():
    assert set(EXPERIMENTS) <= set(COMMANDS)


def test_a_call_is_a_function_of_its_number_and_the_seed():
    assert [drawn(k, 3) for k in range(20)] == [drawn(k, 3) for k in range(20)]
    assert [drawn(k, 3) for k in range(20)] != [drawn(k, 4) for k in range(20)]


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        (lambda: models.dll_weights((3, 2), seed=-1), Outcome.CLEAR),
        (lambda: [][1], Outcome.OBSCURE),
        (lambda: int("seed"), Outcome.OBSCURE),  # a ValueError, but no one raised it on purpose
        (lambda: models.dll_weights((3, 0), 0), Outcome.OBSCURE),  # says sizes; seed was bad
    ],
)
def test_judged(act, outcome):
    case = Drawn("dll_weights", {"seed": "-1"}, ("seed",))
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, is judged
        act()
    assert judged(caught.value, case, ["-1"])[0] is outcome
