"""Processes: what they return, and that none outlives what started them."""

import subprocess
import sys
import time

import psutil
import pytest

from experiments.lab import processes

SLEEPERS = """
import time
from experiments.lab import processes
with processes.results(time.sleep, [(0,), (600,), (600,)], 2) as done:
    next(done)
    print("begun", flush=True)
    next(done)
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_order_where_it_is_asked_for(jobs):
    with processes.results(pow, [(3, 2), (2, 2), (1, 2)], jobs, ordered=True) as done:
        assert list(done) == [9, 4, 1]


def test_stopping_ends_the_processes_also_where_nothing_but_python_is_installed(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("PATH", str(tmp_path))  # no pgrep, no ps
    begun: list[psutil.Process] = []

    def stopped():
        with processes.results(time.sleep, [(0,), (600,), (600,)], 2) as done:
            next(done)
            every = psutil.Process().children(recursive=True)
            begun.extend(p for p in every if "LokyProcess" in str(p.cmdline()))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert len(begun) == 2
    assert not any(process.is_running() for process in begun)


def test_processes_end_when_what_started_them_is_killed():
    with subprocess.Popen([sys.executable, "-c", SLEEPERS], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"begun\n"
        begun = psutil.Process(starter.pid).children(recursive=True)
        starter.kill()
    assert len(begun) >= 2
    _, alive = psutil.wait_procs(begun, timeout=60)  # less than the 600 s that they would sleep
    assert not alive
