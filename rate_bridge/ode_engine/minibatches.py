"""Schedules dealt out as minibatches: consecutive presentations that run in parallel."""

from collections.abc import Sequence

import numpy as np
import torch
from brian2 import Quantity
from torch import Tensor

from compartments.domains import Count, check_value
from models.sampling import SIMULATE
from models.schedule import Schedule
from rate_bridge.ode_engine.engine import OdeEngine, Timing


def minibatches(schedule: Schedule, batch: int) -> int:
    """How many minibatches a schedule is dealt out as.

    Raises
    ------
    ValueError
        If the batch does not divide the number of presentations.
    """
    check_value(SIMULATE, "batch", batch, Count)
    count, left = divmod(len(schedule), batch)
    if left or not count:
        raise ValueError(
            f"A schedule of {len(schedule)} presentations cannot be dealt out in batches of "
            f"{batch}: {left} are left over. Give {max(count, 1) * batch} presentations, or "
            "another batch."
        )
    return count


def common_timings(schedules: Sequence[Schedule], batch: int, dt: Quantity) -> list[Timing]:
    """The timing of every minibatch, on which all copies and all of its members agree."""
    first = Timing.each(schedules[0], dt)
    for number, schedule in enumerate(schedules):
        if schedule is not schedules[0] and Timing.each(schedule, dt) != first:
            raise ValueError(
                f"The schedule of copy {number} differs from that of copy 0 in length or timing; "
                "copies run side by side and need both to be the same."
            )
    count = minibatches(schedules[0], batch)
    dealt = [first[number * batch : (number + 1) * batch] for number in range(count)]
    for number, members in enumerate(dealt):
        if len(set(members)) > 1:
            raise ValueError(
                f"Minibatch {number} has presentations of unequal length; they run side by side. "
                "Sort the presentations, or choose batch=1."
            )
    return [members[0] for members in dealt]


def common_waveforms(schedules: Sequence[Schedule]) -> tuple[str, ...]:
    """The signals that are waveforms, the same ones in all schedules."""
    kinds = [{n: signal.is_constant for n, signal in s.signals.items()} for s in schedules]
    for number, kind in enumerate(kinds):
        if kind != kinds[0]:
            raise ValueError(
                f"The schedule of copy {number} differs from that of copy 0 in its signals "
                f"({', '.join(kind)} against {', '.join(kinds[0])}) or in which are waveforms."
            )
    return tuple(name for name, constant in kinds[0].items() if not constant)


class Dealt:
    """The signals of one schedule, or of one for each copy, minibatch by minibatch.

    Parameters
    ----------
    engine : OdeEngine
        What they are shown to.
    schedules : sequence of Schedule
        One for each copy.
    timings : sequence of Timing
        From :func:`common_timings`.
    """

    def __init__(
        self, engine: OdeEngine, schedules: Sequence[Schedule], timings: Sequence[Timing]
    ) -> None:
        self._engine, self._schedules, self._timings = engine, schedules, timings
        self._waves = common_waveforms(schedules)
        self._constant = {
            name: self._tensor([schedule.constant(name) for schedule in schedules])
            for name in schedules[0].signals
            if name not in self._waves
        }
        masked = {name for schedule in schedules for name in schedule.shown}
        self._on = {
            name: self._tensor([schedule.on(name)[:, None] for schedule in schedules])
            for name in masked
        }

    def minibatch(self, number: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """What :meth:`OdeEngine.present` is given: the signals, and where they are on."""
        signals = {name: values[number] for name, values in self._constant.items()}
        signals |= {name: self._waveform(name, number) for name in self._waves}
        return signals, {name: on[number] for name, on in self._on.items()}

    def _tensor(self, arrays: Sequence[np.ndarray]) -> Tensor:
        """(minibatch, batch, n), or (minibatch, copy, batch, n)."""
        buffers, copied = self._engine.buffers, self._engine.copied
        values = torch.as_tensor(np.stack(arrays) if copied else np.array(arrays[0]))
        values = values.to(buffers.device, buffers.dtype).unflatten(-2, (len(self._timings), -1))
        return values.transpose(0, 1) if copied else values

    def _waveform(self, name: str, number: int) -> Tensor:
        """(step, batch, n), or (step, copy, batch, n)."""
        engine, steps = self._engine, self._timings[number].presentation
        rows = range(number * engine.batch, (number + 1) * engine.batch)
        each = [
            np.stack([s.signals[name].sampled(k, steps, engine.dt) for k in rows], axis=1)
            for s in self._schedules
        ]
        values = torch.as_tensor(np.stack(each, axis=1) if engine.copied else each[0])
        return values.to(engine.buffers.device, engine.buffers.dtype)
