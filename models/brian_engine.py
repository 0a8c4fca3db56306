"""A network's description and a schedule, simulated by Brian2."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import brian2
import numpy as np
from brian2 import EventMonitor, Quantity, StateMonitor, ms, prefs, second
from brian2 import Network as BrianNetwork

from compartments.brian import code_generation
from compartments.checks import check_callable, check_name
from compartments.domains import Seed, check_value
from compartments.event_records import event_records
from compartments.recording import traces, weight_traces
from models import standalone
from models.brian_events import event_monitors, moments
from models.brian_network import BrianParts, brian_parts
from models.brian_signals import BrianSignals
from models.brian_state import begin, state_of
from models.checks import (
    check_dynamics,
    check_recording,
    check_schedule,
    hazard_notes,
    unchecked_steps,
)
from models.divergence import DivergenceError, diverged
from models.network import Network
from models.noise import Noise, checked_noise
from models.run import Run
from models.sampling import SIMULATE, Sampling, sampling
from models.schedule import Schedule
from models.state import State, check_start
from models.synapse_order import from_synapses
from models.weights import WeightBundle

Progress = Callable[[float], None]
"""Called now and then with the fraction that is done."""

STEP_SECONDS = {"numpy": 1e-4, "cython": 3e-5, "cpp_standalone": 1e-7}
"""The ways to run it, and the least seconds that a time step of the smallest network takes."""


def simulate(
    network: Network,
    schedule: Schedule,
    *,
    dt: Quantity | None = None,
    record: Sequence[str] = (),
    record_dt: Quantity | None = None,
    record_units: Mapping[str, Sequence[int]] | None = None,
    weights_at: Sequence[Quantity] = (),
    plastic: bool = True,
    method: str = "euler",
    codegen: str = "numpy",
    seed: int = 0,
    noise: Noise | None = None,
    start: State | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run a network through a schedule.

    Parameters
    ----------
    network : Network
        Starts with its initial states (0 unless told otherwise) and weights.
    schedule : Schedule
        Signals, and when synapses may learn.
    dt : Quantity
        Time step, 1 ms unless told otherwise.
    record : sequence of str
        Variables and events to record, in every population that has them.
    record_dt : Quantity, optional
        Sampling step of the recording, a multiple of dt; dt unless told otherwise.
    record_units : mapping of population to indices, optional
        Populations and neurons to record; all of all unless told otherwise.
    weights_at : sequence of Quantity
        Times at which all weights are kept (multiples of dt, the end included).
    plastic : bool
        False leaves all weights as they are.
    method : {"euler", "exponential_euler"}
        Integration of the neurons; weights always take Euler steps.
    codegen : {"numpy", "cython", "cpp_standalone"}
        How Brian2 runs it: numpy starts at once; cpp_standalone compiles once, then is fastest.
    seed : int
        For neurons whose equations draw random numbers (:mod:`compartments.noise`).
    noise : mapping of str to array, (step, n), optional
        Numbers in place of some or all of these draws, by the names of traces (``xi_cells``).
    start : State, optional
        Where to begin instead: ``end`` of another run of the same network. Time begins at 0
        again, and random numbers anew with the seed.
    progress : callable, optional
        Called with the fraction that is done.

    Raises
    ------
    ValueError, TypeError
        For anything that does not fit, before the simulation begins.
    MemoryError
        If what is to be kept would not fit into memory.
    DivergenceError
        When a neuron's state has become NaN or left the bound, looked at every 100 steps and at
        the end; or when a weight has, by the end.
    RuntimeError
        Without a C++ compiler, where code is to be compiled.
    """
    dt = 1 * ms if dt is None else dt
    check_name(SIMULATE, "codegen", codegen, STEP_SECONDS)
    check_dynamics(network, dt, method, plastic)
    check_schedule(network, schedule, dt)
    check_value(SIMULATE, "seed", seed, Seed)
    check_callable(SIMULATE, "progress", progress)
    kept = sampling(
        network,
        dt=dt,
        record=record,
        record_dt=record_dt,
        record_units=record_units,
        weights_at=weights_at,
        steps=int(schedule.steps_each("period", dt).sum()),
    )
    check_recording(
        kept,
        [network],
        value_bytes=24,  # Brian2 doubles what is full, and hands out a copy
        weight_bytes=24,
        kept=kept.steps // kept.keep_every if kept.keep else 0,
        step_seconds=STEP_SECONDS[codegen],
    )
    standalone.check_compiler(codegen)
    check_start(start, network, dt)
    numbers = checked_noise(network, noise, kept.steps)
    plan = _Plan(network, schedule, dt, method, plastic, kept, seed, numbers, start)
    run = _run_standalone if codegen == "cpp_standalone" else _run_here
    with _interruptible():
        return run(plan, codegen, progress or (lambda fraction: None))


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, where Brian2 would return from a run that is not finished.

    What Brian2 and numpy keep for the whole process is put back, however the block ends.
    """
    stops, numbers = prefs.core.stop_on_keyboard_interrupt, np.random.get_state()  # noqa: NPY002
    prefs.core.stop_on_keyboard_interrupt = False
    try:
        yield
    finally:
        prefs.core.stop_on_keyboard_interrupt = stops
        BrianNetwork._globally_running = False  # stays True after an exception
        np.random.set_state(numbers)  # noqa: NPY002


@dataclass(frozen=True, eq=False)
class _Plan:
    """What is to be run and recorded, checked."""

    network: Network
    schedule: Schedule
    dt: Quantity
    method: str
    plastic: bool
    sampling: Sampling
    seed: int
    noise: Mapping[str, np.ndarray]
    start: State | None

    @property
    def look_every(self) -> int:
        """Steps after which states are looked at: 100, or the shortest time between switches."""
        return min(int(self.schedule.steps_each("period", self.dt).min()), 100)

    def parts(self) -> BrianParts:
        """The Brian2 objects of the run."""
        signals = BrianSignals(self.schedule, self.dt)
        parts = brian_parts(self.network, signals, self.dt, self.method, self.plastic, self.noise)
        if self.start is not None:
            begin(parts, self.start)
        return parts

    def monitors(self, parts: BrianParts) -> dict[str, StateMonitor]:
        """A monitor for each population that has something to record."""
        found = {}
        how = {**parts.recording, "dt": self.sampling.every * self.dt}
        for name, (variables, index) in self.sampling.units.items():
            chosen = np.array(index, dtype=int)
            found[name] = StateMonitor(parts.groups[name], variables, record=chosen, **how)
        return found

    def weight_monitors(self, parts: BrianParts) -> dict[str, StateMonitor]:
        """A monitor for each pathway, on the coarsest clock that meets the times asked for."""
        if not self.sampling.keep:
            return {}
        how = {**parts.recording, "dt": self.sampling.keep_every * self.dt}
        return {n: StateMonitor(s, "w", record=True, **how) for n, s in parts.synapses.items()}

    def result(
        self,
        parts: BrianParts,
        monitors: Mapping[str, StateMonitor],
        weight_monitors: Mapping[str, StateMonitor],
        events: Mapping[tuple[str, str], EventMonitor],
        seconds: dict[str, float],
    ) -> Run:
        """Read everything out of Brian2."""
        values, units = {}, {}
        time_ms = np.zeros(0)
        for name, monitor in monitors.items():
            time_ms = np.asarray(monitor.t / ms)
            units[name] = np.array(monitor.record)
            for variable in monitor.record_variables:
                values[variable, name] = np.asarray(getattr(monitor, variable)).T
        arrays, history = {}, {}
        for pathway in self.network.pathways:
            shape = self.network.weight_shapes[pathway.name]
            final = np.asarray(parts.synapses[pathway.name].w[:])
            if (worst := diverged(final)) is not None:
                end = float(self.schedule.duration / ms)
                raise DivergenceError(pathway.name, "w", end, worst)
            arrays[pathway.name] = from_synapses(pathway, shape, final)
            if pathway.name in weight_monitors:
                kept = np.asarray(weight_monitors[pathway.name].w).T
                kept = np.concatenate([kept, final[None]])
                rows = [step // self.sampling.keep_every for step in self.sampling.keep]
                history[pathway.name] = from_synapses(pathway, shape, kept[rows])
        attributes: dict[str, str | float] = {"dt_ms": float(self.dt / ms), "engine": "brian2"}
        attributes |= unchecked_steps(self.network, self.method)
        attributes |= hazard_notes(self.network, self.dt)
        neurons = {population.name: population.neuron for population in self.network.populations}
        dataset = traces(time_ms, values, units, attributes, neurons)
        kept_ms = np.array(self.sampling.keep) * float(self.dt / ms)
        weights, state = weight_traces(kept_ms, history), state_of(parts, self.start)
        sizes = {population.name: population.size for population in self.network.populations}
        told = {"dt_ms": float(self.dt / ms), "duration_ms": float(self.schedule.duration / ms)}
        happened = event_records(moments(events, self.network, self.sampling), sizes, told)
        return Run(dataset, WeightBundle(arrays), weights, seconds, state, happened)


def _run_here(plan: _Plan, codegen: str, progress: Progress) -> Run:
    """Run within this process (numpy or cython)."""
    with code_generation(codegen):
        start = time.perf_counter()
        brian2.seed(plan.seed)
        parts = plan.parts()
        monitors, weight_monitors = plan.monitors(parts), plan.weight_monitors(parts)
        events = event_monitors(parts.groups, plan.network, plan.sampling)
        every = plan.look_every * plan.dt
        guard = brian2.NetworkOperation(lambda t: _guard(parts, t), dt=every, when="end")
        parts.network.add(*monitors.values(), *weight_monitors.values(), *events.values(), guard)
        parts.network.run(0 * ms, namespace={})
        built = time.perf_counter()

        def report(elapsed: object, completed: float, begin: object, duration: object) -> None:
            progress(completed)

        duration = plan.schedule.duration
        parts.network.run(duration, report=report, report_period=0.5 * second, namespace={})
        _guard(parts, duration)
        seconds = {"build": built - start, "run": time.perf_counter() - built}
        progress(1.0)
        return plan.result(parts, monitors, weight_monitors, events, seconds)


def _guard(parts: BrianParts, t: Quantity) -> None:
    for population in parts.description.populations:
        for variable in population.neuron.states:
            values = np.asarray(getattr(parts.groups[population.name], variable)[:])
            if (worst := diverged(values)) is not None:
                raise DivergenceError(population.name, variable, float(t / ms), worst)


def _run_standalone(plan: _Plan, codegen: str, progress: Progress) -> Run:
    """Generate a C++ program, compile it, run it, read its results."""
    folder = tempfile.mkdtemp(prefix="tuft-brian-")
    try:
        with standalone.device(folder) as program:
            start = time.perf_counter()
            brian2.seed(plan.seed)
            parts = plan.parts()
            monitors, weight_monitors = plan.monitors(parts), plan.weight_monitors(parts)
            events = event_monitors(parts.groups, plan.network, plan.sampling)
            parts.network.add(*monitors.values(), *weight_monitors.values(), *events.values())
            places = standalone.add_guards(parts, plan.look_every)
            parts.network.run(
                plan.schedule.duration,
                report=standalone.REPORT,
                report_period=0.5 * second,
                namespace={},
            )
            program.build(run=False, directory=folder, compile=False, with_output=False)
            standalone.compile_program(folder)
            built = time.perf_counter()
            standalone.execute(program, folder, places, progress)
            _guard(parts, plan.schedule.duration)
            seconds = {"build": built - start, "run": time.perf_counter() - built}
            progress(1.0)
            return plan.result(parts, monitors, weight_monitors, events, seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
