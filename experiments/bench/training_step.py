"""Time and memory of one training step, rule against backpropagation, side by side in one run.

Each measured row is a ratio: the models take turns within every round, so that what else the
machine does falls on all of them alike; the ratio is the median over rounds.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch.nn import functional as F

from experiments.lab.progress import bar
from rate_bridge.layers.convert import parameter_groups
from rate_bridge.networks import registry as networks

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}

GOALS = {
    ("mlp-mnist", "dll-minus"): 1.25,
    ("mlp-mnist", "dll-fixed"): 1.05,
    ("cnn-cifar10", "dll-minus"): 1.35,
}


@dataclass(frozen=True)
class Config:
    """What is measured.

    Parameters
    ----------
    rules
        Rules beside "bp", with the Theta rule behind a hyphen.
    rounds
        Turns that every model takes.
    steps
        Training steps in one turn.
    threads
        Threads of torch.
    clock
        "wall", or "cpu": the process's own time, which does not see what else the machine does.
    memory
        Also measure peak memory, each model in a fresh process.
    """

    rules: tuple[str, ...] = ("dll-minus", "dll-fixed", "kp", "fa", "usf")
    rounds: int = 30
    steps: int = 4
    threads: int = 1
    clock: Literal["wall", "cpu"] = "wall"
    memory: bool = True


TIMED = {"mlp-mnist": ((1, 28, 28), 128), "cnn-cifar10": ((3, 32, 32), 64)}
"""Shape of an input and batch size of the measured networks."""

WARMED_UP_BY = {"mlp-digits": ((8, 8), 16)}


@dataclass(frozen=True)
class RuleCost:
    """One rule on one network, over backpropagation with ``torch.nn`` layers and fused Adam.

    ``time_ratio`` is the median over rounds, ``spread`` half the range between their quartiles;
    ``memory_MB`` is :func:`peak_memory`.
    """

    network: str
    rule: str
    seconds: float
    time_ratio: float
    spread: float
    memory_MB: float | None
    memory_ratio: float | None
    goal: float | None


def training_step(network: str, rule: str) -> Callable[[], None]:
    """A function that takes one step on a fixed batch."""
    image, batch = {**TIMED, **WARMED_UP_BY}[network]
    model = networks.build(network, rule, seed=0)
    optimiser = torch.optim.Adam(parameter_groups(model, 1e-4), fused=True)
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(batch, *image, generator=generator)
    labels = torch.randint(10, (batch,), generator=generator)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        F.cross_entropy(model(inputs), labels).backward()
        optimiser.step()

    return step


def seconds_in_turns(
    steps: Sequence[Callable[[], None]],
    rounds: int,
    repeats: int,
    clock: Callable[[], float] = time.perf_counter,
    progress: Callable[[float], None] | None = None,
) -> list[list[float]]:
    """Seconds a step, ``[round][model]``; the order of the models turns with the rounds."""
    for step in steps:
        step()
        step()
    times: list[list[float]] = []
    for turn in range(rounds):
        row = [0.0] * len(steps)
        for offset in range(len(steps)):
            index = (turn + offset) % len(steps)
            start = clock()
            for _ in range(repeats):
                steps[index]()
            row[index] = (clock() - start) / repeats
        times.append(row)
        if progress is not None:
            progress((turn + 1) / rounds)
    return times


_MEMORY = """
import re, sys, torch
torch.set_num_threads({threads})
from experiments.bench.training_step import training_step
def resident(kind):
    return int(re.search(kind + r":\\s+(\\d+) kB", open("/proc/self/status").read())[1])
training_step("mlp-digits", {rule!r})()  # whatever the first step of any model loads
open("/proc/self/clear_refs", "w").write("5")  # the peak starts anew
before = resident("VmRSS")
step = training_step({network!r}, {rule!r})
for _ in range(5):
    step()
print((resident("VmHWM") - before) / 1024)
"""


def peak_memory(network: str, rule: str, threads: int = 1) -> float | None:
    """MB of resident memory that a model and five steps add at their peak, in a fresh process.

    None where the system has no ``/proc`` to read it from.
    """
    if not Path("/proc/self/clear_refs").exists():
        return None
    code = _MEMORY.format(network=network, rule=rule, threads=threads)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def rows(config: Config, progress: Callable[[float], None] | None = None) -> list[RuleCost]:
    """All networks and rules, backpropagation first."""
    threads = torch.get_num_threads()
    torch.set_num_threads(config.threads)
    try:
        found: list[RuleCost] = []
        for network in TIMED:
            found += _network_rows(network, config, progress)
        return found
    finally:
        torch.set_num_threads(threads)


def _network_rows(
    network: str, config: Config, progress: Callable[[float], None] | None
) -> list[RuleCost]:
    rules = ("bp", *config.rules)
    steps = [training_step(network, rule) for rule in rules]
    times = seconds_in_turns(steps, config.rounds, config.steps, CLOCKS[config.clock], progress)
    memory: list[float | None] = [None] * len(rules)
    if config.memory:
        memory = [peak_memory(network, rule, config.threads) for rule in rules]
    made = []
    for index, rule in enumerate(rules):
        ratios = [row[index] / row[0] for row in times]
        quarters = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [ratios[0]] * 3
        used, reference = memory[index], memory[0]
        made.append(
            RuleCost(
                network,
                rule,
                seconds=statistics.median(row[index] for row in times),
                time_ratio=statistics.median(ratios),
                spread=(quarters[2] - quarters[0]) / 2,
                memory_MB=used,
                memory_ratio=used / reference if used and reference else None,
                goal=GOALS.get((network, rule)),
            )
        )
    return made


def table(found: Sequence[RuleCost]) -> str:
    """The rows as Markdown."""
    lines = [
        "| network | rule | ms a step | time / bp | goal | peak MB | memory / bp |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in found:
        memory = "" if row.memory_MB is None else f"{row.memory_MB:.1f}"
        ratio = "" if row.memory_ratio is None else f"{row.memory_ratio:.2f}"
        goal = "" if row.goal is None else f"{row.goal:.2f}"
        lines.append(
            f"| {row.network} | {row.rule} | {1e3 * row.seconds:.2f} | "
            f"{row.time_ratio:.3f} ± {row.spread:.3f} | {goal} | {memory} | {ratio} |"
        )
    return "\n".join(lines)


def main(config: Config) -> None:
    """Measure and print the table."""
    with bar("training steps") as report:
        found = rows(config, report)
    print(table(found))
