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

import numpy as np
import torch
import xarray as xr
from brian2 import Quantity, ms
from torch import Tensor

from compartments.recording import weight_traces
from models.brian_engine import Run, check_schedule_fits
from models.network import Network
from models.schedule import Schedule
from models.weights import WeightBundle
from rate_bridge.ode_engine.engine import OdeEngine, Timing
from rate_bridge.ode_engine.recording import Recorder

Progress = Callable[[float], None]
"""Called after every minibatch with the fraction that is done."""


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
    ValueError
        For anything that does not fit, before the simulation begins.
    MemoryError
        If the recording would not fit into memory.
    DivergenceError
        When a state or weight becomes NaN or leaves the bound.
    """
    settings = {"dt": dt, "method": method, "dtype": dtype, "device": device, "plastic": plastic}
    job = _Job(network, [schedule], batch, settings, deferred)
    traces, history, seconds = job.recorded(record, record_dt, record_units, weights_at, progress)
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
    networks = list(networks)
    given = [schedules] * len(networks) if isinstance(schedules, Schedule) else list(schedules)
    settings = {"dt": dt, "method": method, "dtype": dtype, "device": device, "plastic": plastic}
    job = _Job(networks, given, batch, settings, deferred)
    traces, history, seconds = job.recorded(record, record_dt, record_units, weights_at, progress)
    return CopiesRun(traces, tuple(job.engine.weights), history, seconds)


class _Job:
    """An engine and the schedules that it is to be run through."""

    def __init__(
        self,
        networks: Network | list[Network],
        schedules: list[Schedule],
        batch: int,
        settings: dict[str, object],
        deferred: bool,
    ) -> None:
        start = time.perf_counter()
        dt = settings.pop("dt") or 1 * ms
        plastic = bool(settings["plastic"])
        copied = isinstance(networks, list)
        nets = networks if isinstance(networks, list) else [networks]
        timing = _common_timing(schedules, len(nets), dt)
        for net, schedule in zip(nets, schedules, strict=True):
            check_schedule_fits(net, schedule, plastic)
        self.count = minibatches(schedules[0], batch)
        self.engine = OdeEngine(
            networks,
            timing,
            batch=batch,
            dt=dt,
            deferred=deferred,
            **settings,  # type: ignore[arg-type]
        )
        self._stimuli = self._dealt([s.inputs for s in schedules], copied)
        targets = [s.targets for s in schedules if s.targets is not None]
        whole = len(targets) == len(schedules)
        self._targets = self._dealt(targets, copied) if whole else None
        self._target_on = self._dealt([s.target_on[:, None] for s in schedules], copied)
        self._built = time.perf_counter() - start

    def _dealt(self, arrays: Sequence[np.ndarray], copied: bool) -> Tensor:
        """(minibatch, batch, unit), or (minibatch, copy, batch, unit)."""
        buffers = self.engine.buffers
        values = torch.as_tensor(np.stack(arrays) if copied else np.array(arrays[0]))
        values = values.to(buffers.device, buffers.dtype).unflatten(-2, (self.count, -1))
        return values.transpose(0, 1) if copied else values

    def recorded(
        self,
        record: Sequence[str],
        record_dt: Quantity | None,
        units: Mapping[str, Sequence[int]] | None,
        weights_at: Sequence[Quantity],
        progress: Progress | None,
    ) -> tuple[xr.Dataset, xr.Dataset, dict[str, float]]:
        """Show everything; traces, weights at the chosen times, and the seconds it took."""
        recorder = self._recorder(record, record_dt, units)
        history = _History(self.engine, weights_at)

        def probe(engine: OdeEngine, step: int) -> None:
            recorder(engine, step)
            history(engine, step)

        seconds = self._run(probe if record or weights_at else None, progress)
        return recorder.dataset(), history.dataset(), seconds

    def _recorder(
        self,
        record: Sequence[str],
        record_dt: Quantity | None,
        units: Mapping[str, Sequence[int]] | None,
    ) -> Recorder:
        """A recorder for the whole run."""
        dt = self.engine.dt
        ratio = 1.0 if record_dt is None else float(record_dt / dt)
        if ratio < 1 - 1e-9 or abs(ratio - round(ratio)) > 1e-6:
            raise ValueError(f"record_dt ({record_dt}) must be a multiple of dt ({dt}).")
        every = round(ratio)
        steps = self.count * self.engine.timing.period
        return Recorder(self.engine, record, every, -(-steps // every), units)

    def _run(self, probe: Callable | None, progress: Progress | None) -> dict[str, float]:
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

    def __init__(self, engine: OdeEngine, times: Sequence[Quantity]) -> None:
        steps = [float(time / engine.dt) for time in times]
        for exact, time_ in zip(steps, times, strict=True):
            if abs(exact - round(exact)) > 1e-6 or exact < 0:
                raise ValueError(f"weights_at: {time_} is not a multiple of dt ({engine.dt}).")
        self._dt_ms = float(engine.dt / ms)
        self._wanted = {round(exact) for exact in steps}
        self._copied = engine.copied
        self._kept: list[list[WeightBundle]] = []

    def __call__(self, engine: OdeEngine, step: int) -> None:
        if engine.steps_done in self._wanted:
            engine.settle_weights(step)
            self._kept.append(engine.weights)

    def dataset(self) -> xr.Dataset:
        """For every pathway an array (time, n_above, n_below); of copies (time, copy, ...)."""
        time_ms = np.array(sorted(self._wanted)) * self._dt_ms
        names = self._kept[0][0] if self._kept else ()
        kept = {
            name: np.array([[bundle[name] for bundle in bundles] for bundles in self._kept])
            for name in names
        }
        if not self._copied:
            kept = {name: array[:, 0] for name, array in kept.items()}
        return weight_traces(time_ms[: len(self._kept)], kept)


def _common_timing(schedules: Sequence[Schedule], copies: int, dt: Quantity) -> Timing:
    if len(schedules) != copies:
        raise ValueError(f"{len(schedules)} schedules for {copies} copies; give one, or one each.")
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
    if batch < 1:
        raise ValueError(f"batch must be at least 1, got {batch}.")
    count, left = divmod(len(schedule), batch)
    if left or not count:
        raise ValueError(
            f"A schedule of {len(schedule)} presentations cannot be dealt out in batches of "
            f"{batch}: {left} are left over. Give {max(count, 1) * batch} presentations, or "
            "another batch."
        )
    return count
