"""A network's description in continuous time as batched tensors, at the scale of whole data sets.

The same strings, the same order of a time step and the same integrators as
:func:`models.simulate`; compiled to torch calls that work in place on buffers made once. A batch
shows several presentations in parallel to one set of weights, whose change is averaged; copies are
networks with weights of their own.

>>> import numpy as np
>>> from models import Schedule, dll_network
>>> net = dll_network((3, 4, 2))
>>> run = simulate(net, Schedule(np.ones((8, 3)), np.ones((8, 2))), batch=4, record=("u",))
>>> run.traces.u_hidden1.dims
('time', 'batch', 'unit_hidden1')
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr
from brian2 import Quantity, ms
from torch import Tensor

from compartments.checks import (
    check_callable,
    check_count,
    check_flag,
    check_kind,
    check_sequence,
    check_time,
)
from compartments.recording import weight_traces
from models.brian_engine import Run
from models.checks import check_recording, check_schedule
from models.network import Network
from models.sampling import WHERE, sampling
from models.schedule import Schedule
from models.weights import WeightBundle
from rate_bridge.devices import real_dtype
from rate_bridge.ode_engine.engine import OdeEngine, Timing
from rate_bridge.ode_engine.recording import Recorder

Progress = Callable[[float], None]
"""Called after every minibatch with the fraction that is done."""

STEP_SECONDS = 1e-5
"""The least that a time step of the smallest network takes."""


@dataclass(frozen=True, eq=False)
class CopiesRun:
    """What a simulation of independent copies left; as :class:`models.Run`, for all of them.

    Parameters
    ----------
    traces : xarray.Dataset
        With an axis ``copy``.
    weights : tuple of WeightBundle
        Of each copy, at the end.
    weight_history : xarray.Dataset
        For every weight matrix (time, copy, n_above, n_below) at the times asked for.
    seconds : dict of str to float
        Wall-clock time to ``build`` and to ``run``.
    """

    traces: xr.Dataset
    weights: tuple[WeightBundle, ...]
    weight_history: xr.Dataset
    seconds: dict[str, float]

    def of_copy(self, number: int) -> Run:
        """One copy alone; the seconds are those of all."""
        traces, history = (
            dataset.isel(copy=number, missing_dims="ignore")
            for dataset in (self.traces, self.weight_history)
        )
        return Run(traces, self.weights[number], history, self.seconds)


def simulate(
    network: Network,
    schedule: Schedule,
    *,
    batch: int = 1,
    dt: Quantity | None = None,
    record: Sequence[str] = (),
    record_dt: Quantity | None = None,
    record_units: Mapping[str, Sequence[int]] | None = None,
    weights_at: Sequence[Quantity] = (),
    plastic: bool = True,
    method: str = "euler",
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "cpu",
    deferred: bool = True,
    progress: Progress | None = None,
) -> Run:
    """Run a network through a schedule; what :func:`models.simulate` does with Brian2.

    Parameters
    ----------
    network : Network
        Starts at rest (all states 0) with its initial weights.
    schedule : Schedule
        Stimuli, targets, and when synapses may learn. Its presentations are dealt out as
        consecutive minibatches of ``batch``, which run in parallel.
    batch : int
        Presentations shown in parallel to the same weights, whose changes are averaged.
    dt : Quantity
        Time step, 1 ms unless told otherwise.
    record, record_dt, record_units, weights_at, plastic, method
        As for :func:`models.simulate`; times count minibatches, not presentations.
    dtype : torch.dtype
        float64 or float32.
    device : str
        "cpu", "cuda", ...
    deferred : bool
        Gather the change of weights whose stimulus stands still
        (:mod:`rate_bridge.ode_engine.gathered`).
    progress : callable, optional
        Called with the fraction that is done.

    Raises
    ------
    ValueError, TypeError
        For anything that does not fit, before the simulation begins.
    MemoryError
        If the run, its recording or the weights that are kept would not fit into memory.
    DivergenceError
        When a state or weight becomes NaN or leaves the bound.
    """
    asked = _Asked(batch, dt, plastic, method, dtype, device, deferred, progress)
    kept = {"record": record, "record_dt": record_dt, "record_units": record_units}
    job = _Job([network], [schedule], asked, {**kept, "weights_at": weights_at}, copied=False)
    traces, history, seconds = job.run()
    (weights,) = job.engine.weights
    return Run(traces, weights, history, seconds)


def simulate_copies(
    networks: Sequence[Network],
    schedules: Schedule | Sequence[Schedule],
    *,
    batch: int = 1,
    dt: Quantity | None = None,
    record: Sequence[str] = (),
    record_dt: Quantity | None = None,
    record_units: Mapping[str, Sequence[int]] | None = None,
    weights_at: Sequence[Quantity] = (),
    plastic: bool = True,
    method: str = "euler",
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "cpu",
    deferred: bool = True,
    progress: Progress | None = None,
) -> CopiesRun:
    """Run independent copies side by side: seeds, rates, time constants.

    Parameters
    ----------
    networks : sequence of Network
        Of one structure; they may differ in weights and in the values of constants.
    schedules : Schedule or sequence of Schedule
        One for all, or one each; of equal length and timing.
    batch, dt, record, record_dt, record_units, weights_at, plastic, method, dtype, device
        As for :func:`simulate`.
    deferred, progress
        As for :func:`simulate`.

    Raises
    ------
    ValueError, MemoryError, DivergenceError
        As :func:`simulate`; also for networks of different structure, schedules of different
        length or timing.
    """
    asked = _Asked(batch, dt, plastic, method, dtype, device, deferred, progress)
    kept = {"record": record, "record_dt": record_dt, "record_units": record_units}
    nets = check_sequence("simulate_copies", "networks", networks, "Network")
    if isinstance(schedules, Schedule):
        schedules = [schedules] * len(nets)
    shown = check_sequence("simulate_copies", "schedules", schedules, "Schedule")
    job = _Job(nets, shown, asked, {**kept, "weights_at": weights_at}, copied=True)
    traces, history, seconds = job.run()
    return CopiesRun(traces, tuple(job.engine.weights), history, seconds)


@dataclass(frozen=True)
class _Asked:
    """How it is to be run."""

    batch: int
    dt: Quantity | None
    plastic: bool
    method: str
    dtype: torch.dtype
    device: str | torch.device
    deferred: bool
    progress: Progress | None


class _Job:
    """An engine, the schedules that it is to be run through, and what is kept of it."""

    def __init__(
        self,
        nets: list[Network],
        schedules: list[Schedule],
        asked: _Asked,
        kept: dict[str, Any],
        copied: bool,
    ) -> None:
        start = time.perf_counter()
        self._asked, self._copied = asked, copied
        dt = 1 * ms if asked.dt is None else asked.dt
        timing = self._timing(nets, schedules, dt)
        self.count = minibatches(schedules[0], asked.batch)
        self.sampling = sampling(nets[0], schedules[0], dt=dt, **kept, presentations=self.count)
        each = real_dtype(WHERE, asked.dtype).itemsize
        check_recording(
            self.sampling,
            nets,
            value_bytes=each * asked.batch * len(nets),
            weight_bytes=16,  # in float64, and once more in the result
            kept=len(self.sampling.keep),
            step_seconds=STEP_SECONDS,
        )
        self.engine = OdeEngine(
            nets if copied else nets[0],
            timing,
            batch=asked.batch,
            dt=dt,
            method=asked.method,
            dtype=asked.dtype,
            device=asked.device,
            plastic=asked.plastic,
            deferred=asked.deferred,
        )
        self._stimuli = self._dealt([s.inputs for s in schedules])
        targets = [s.targets for s in schedules if s.targets is not None]
        whole = len(targets) == len(schedules)
        self._targets = self._dealt(targets) if whole else None
        self._target_on = self._dealt([s.target_on[:, None] for s in schedules])
        self._built = time.perf_counter() - start

    def _timing(self, nets: list[Network], schedules: list[Schedule], dt: Quantity) -> Timing:
        """The timing of all schedules, each checked against its network."""
        check_callable(WHERE, "progress", self._asked.progress)
        check_time(WHERE, "dt", dt)
        if not nets or len(schedules) != len(nets):
            raise ValueError(
                f"{len(schedules)} schedules for {len(nets)} copies; give one, or one each."
            )
        for net, schedule in zip(nets, schedules, strict=True):
            check_kind(WHERE, "network", net, Network, "Network(...) or dll_network(sizes)")
            check_schedule(net, schedule, dt, check_flag(WHERE, "plastic", self._asked.plastic))
        return _common_timing(schedules, dt)

    def _dealt(self, arrays: Sequence[np.ndarray]) -> Tensor:
        """(minibatch, batch, unit), or (minibatch, copy, batch, unit)."""
        buffers = self.engine.buffers
        values = torch.as_tensor(np.stack(arrays) if self._copied else np.array(arrays[0]))
        values = values.to(buffers.device, buffers.dtype).unflatten(-2, (self.count, -1))
        return values.transpose(0, 1) if self._copied else values

    def run(self) -> tuple[xr.Dataset, xr.Dataset, dict[str, float]]:
        """Show everything; traces, weights at the chosen times, and the seconds it took."""
        recorder = Recorder(self.engine, self.sampling)
        history = _History(self.engine, self.sampling.keep)

        def probe(engine: OdeEngine, step: int) -> None:
            recorder(engine, step)
            history(engine, step)

        wanted = self.sampling.units or self.sampling.keep
        seconds = self._shown(probe if wanted else None, self._asked.progress)
        return recorder.dataset(), history.dataset(), seconds

    def _shown(self, probe: Callable | None, progress: Progress | None) -> dict[str, float]:
        """Show everything; returns the seconds it took."""
        start = time.perf_counter()
        for number in range(self.count):
            targets = None if self._targets is None else self._targets[number]
            self.engine.present(self._stimuli[number], targets, self._target_on[number], probe)
            self.engine.check()
            if progress is not None:
                progress((number + 1) / self.count)
        return {"build": self._built, "run": time.perf_counter() - start}


class _History:
    """Weights at chosen times."""

    def __init__(self, engine: OdeEngine, steps: Sequence[int]) -> None:
        self._dt_ms = float(engine.dt / ms)
        self._steps, self._wanted = steps, frozenset(steps)
        self._copied = engine.copied
        self._kept: dict[int, list[WeightBundle]] = {}

    def __call__(self, engine: OdeEngine, step: int) -> None:
        if engine.steps_done in self._wanted:
            engine.settle_weights(step)
            self._kept[engine.steps_done] = engine.weights

    def dataset(self) -> xr.Dataset:
        """For every pathway an array (time, n_above, n_below); of copies (time, copy, ...)."""
        moments = [self._kept[step] for step in self._steps]
        names = moments[0][0] if moments else ()
        kept = {
            name: np.array([[bundle[name] for bundle in bundles] for bundles in moments])
            for name in names
        }
        if not self._copied:
            kept = {name: array[:, 0] for name, array in kept.items()}
        return weight_traces(np.array(self._steps) * self._dt_ms, kept)


def _common_timing(schedules: Sequence[Schedule], dt: Quantity) -> Timing:
    first = Timing.of(schedules[0], dt)
    for number, schedule in enumerate(schedules):
        if Timing.of(schedule, dt) != first or len(schedule) != len(schedules[0]):
            raise ValueError(
                f"The schedule of copy {number} differs from that of copy 0 in length or timing; "
                "copies run side by side and need both to be the same."
            )
    return first


def minibatches(schedule: Schedule, batch: int) -> int:
    """How many minibatches a schedule is dealt out as.

    Raises
    ------
    ValueError
        If the batch does not divide the number of presentations.
    """
    check_count(WHERE, "batch", batch)
    count, left = divmod(len(schedule), batch)
    if left or not count:
        raise ValueError(
            f"A schedule of {len(schedule)} presentations cannot be dealt out in batches of "
            f"{batch}: {left} are left over. Give {max(count, 1) * batch} presentations, or "
            "another batch."
        )
    return count
