"""A compiled network and its state, shown one minibatch after another."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from brian2 import Quantity, ms, second
from torch import Tensor

from compartments.domains import Count, check_value
from compartments.sizes import check_size
from models.checks import check_dynamics
from models.divergence import DIVERGED_BEYOND, DivergenceError
from models.network import Network
from models.schedule import Schedule
from models.weights import WeightBundle
from rate_bridge.devices import available_device, real_dtype
from rate_bridge.ode_engine.buffers import (
    allocated,
    check_same_structure,
    given_inputs,
    load_weights,
    weight_bundles,
)
from rate_bridge.ode_engine.compile import Compiler
from rate_bridge.ode_engine.noise import Drawn
from rate_bridge.ode_engine.program import Program

Probe = Callable[["OdeEngine", int], None]
"""Called at every time step with the engine and the number of the step, before anything moves."""


BUFFERS = 3
"""About so many tensors of its shape are made beside every tensor of states or weights."""


@dataclass(frozen=True)
class Timing:
    """A presentation in time steps.

    Parameters
    ----------
    presentation, lag, blank : int
        Steps for which the stimulus is shown; steps after the switch without plasticity; steps of
        pause after it.
    window_s : float
        Seconds in each presentation for which synapses learn.
    """

    presentation: int
    lag: int
    blank: int
    window_s: float

    @classmethod
    def each(cls, schedule: Schedule, dt: Quantity) -> list["Timing"]:
        """The timing of every presentation of a schedule.

        Raises
        ------
        ValueError
            If a time is not a whole number of steps.
        """
        length, lag, period = (
            schedule.steps_each(name, dt) for name in ("presentation", "lag", "period")
        )
        window_s = np.broadcast_to(np.asarray(schedule.window), len(schedule))
        columns = (length, lag, period - length)
        whole = zip(*(column.tolist() for column in columns), window_s.tolist(), strict=True)
        return [cls(*row) for row in whole]

    @property
    def period(self) -> int:
        """Steps from one switch to the next."""
        return self.presentation + self.blank


class OdeEngine:
    """A compiled network (or copies of it) and its state; shows it one minibatch after another.

    Parameters
    ----------
    net : Network or sequence of Network
        The description. A sequence makes independent copies: they may differ in weights and in
        the values of constants, and everything then has an axis of copies in front.
    timing : Timing, optional
        Of each presentation that is not told otherwise; 400 steps, no lag.
    batch : int
        Presentations shown in parallel to one set of weights.
    dt : Quantity
        Time step, 1 ms unless told otherwise.
    method : {"euler", "exponential_euler"}
        Integration of the neurons; weights always take Euler steps.
    dtype : torch.dtype
        float64 or float32.
    device : str
        "cpu", "cuda", ...
    plastic : bool
        False leaves all weights as they are.
    deferred : bool
        Gather the change of weights whose stimulus stands still
        (:mod:`rate_bridge.ode_engine.gathered`).
    waveforms : collection of str
        Signals that change within a presentation.
    seed : int or sequence of int
        For random numbers: one for each copy; copy k of a single seed draws with seed + k.
    noise : mapping of str to array, (step, [copy,] [batch,] n), optional
        Numbers in place of draws (:mod:`models.noise`).

    Raises
    ------
    ValueError
        For copies of another structure, unknown methods, a time step that is too large, a device
        that is absent.
    UntranslatableError
        For expressions without a counterpart in torch.
    """

    def __init__(
        self,
        net: Network | Sequence[Network],
        timing: Timing | None = None,
        *,
        batch: int = 1,
        dt: Quantity | None = None,
        method: str = "euler",
        dtype: torch.dtype = torch.float32,
        device: str | torch.device = "cpu",
        plastic: bool = True,
        deferred: bool = True,
        waveforms: Collection[str] = (),
        seed: int | Sequence[int] = 0,
        noise: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        dt = 1 * ms if dt is None else dt
        self.copied = not isinstance(net, Network)
        self.nets: list[Network] = [net] if isinstance(net, Network) else list(net)
        check_value("OdeEngine", "deferred", deferred, bool)
        real_dtype("OdeEngine", dtype)
        place = available_device(device)
        _check_engine(self.nets, batch, dt, method, plastic, dtype.itemsize)
        self.dt, self.dt_s, self.batch = dt, float(dt / second), batch
        self.method = method
        self.timing = timing or Timing(400, 0, 0, 400 * self.dt_s)
        self.buffers = allocated(self.nets, batch, self.copied, dtype, place)
        drawn = Drawn(self.nets, self.buffers, self.dt_s, seed, noise or {})
        self._compiler = Compiler(
            self.nets, self.buffers, self.dt_s, method, deferred, waveforms, drawn
        )
        self.delays = self._compiler.delays
        self.clock = self._compiler.clock if self._compiler.reads_time else None
        self.steps_done = 0
        self._plastic, self._programs = plastic, dict[float, Program]()
        self.program_at(self.timing.lag)
        given = given_inputs(self.nets[0]).items()
        self._values = {k: (item.signal, self.buffers.inputs[k]) for k, item in given}
        self._flags = {k for k, item in given if item.is_flag}

    @property
    def time_ms(self) -> float:
        """Time since the beginning, in milliseconds."""
        return self.steps_done * self.dt_s * 1e3

    @property
    def weights(self) -> list[WeightBundle]:
        """The weights of every copy, as they are now (between presentations)."""
        return weight_bundles(self.buffers)

    def load(self, bundles: Sequence[WeightBundle]) -> None:
        """Put in other weights, one bundle for each copy."""
        for net, bundle in zip(self.nets, bundles, strict=True):
            net.check_weights(bundle)
        with torch.inference_mode():
            load_weights(self.buffers, bundles)

    def rest(self) -> None:
        """All states to where they begin; weights stay."""
        with torch.inference_mode():
            self.buffers.clear()
            self.delays.clear()

    @torch.inference_mode()
    def present(
        self,
        signals: Mapping[str, Tensor],
        on: Mapping[str, Tensor] | None = None,
        probe: Probe | None = None,
        timing: Timing | None = None,
    ) -> None:
        """Show one minibatch for one period.

        Parameters
        ----------
        signals : mapping of str to Tensor
            By name what is given, (batch, n), broadcast over copies; of waveforms (step, batch, n).
            A signal that is not given is off.
        on : mapping of str to Tensor, (batch, 1), optional
            1 where a signal is on, 0 where it is off; on unless told otherwise.
        probe : callable, optional
            Called at every step, when all values at its beginning are known.
        timing : Timing, optional
            Of this presentation.
        """
        if timing is not None:
            self.timing = timing
        timing, last = self.timing, self.timing.presentation
        moving = self._show(signals, on or {})
        self._advance(0, timing.lag, probe, moving)
        self._advance(timing.lag, last, probe, moving)
        if timing.blank:
            self._show({}, {})
            self._advance(last, timing.period, probe, [])

    def _show(
        self, signals: Mapping[str, Tensor], on: Mapping[str, Tensor]
    ) -> list[tuple[Tensor, Tensor]]:
        """Put constant signals into their inputs; of waveforms the inputs and all their values."""
        moving = []
        for key, (name, tensor) in self._values.items():
            if name not in signals:
                tensor.zero_()
            elif key in self._flags:
                tensor.copy_(on[name].expand_as(tensor)) if name in on else tensor.fill_(1.0)
            else:
                value = signals[name] * on[name] if name in on else signals[name]
                if name in self._compiler.waveforms:
                    moving.append((tensor, value))
                else:
                    tensor.copy_(value.expand_as(tensor))
        return moving

    def _advance(
        self, first: int, last: int, probe: Probe | None, moving: Sequence[tuple[Tensor, Tensor]]
    ) -> None:
        if first == last:
            return
        program = self.program_at(first)
        calls = program.step + program.move
        for call in program.enter:
            call()
        for step in range(first, last):
            if self.clock is not None:
                self.clock.fill_(self.steps_done * self.dt_s)
            for tensor, waveform in moving:
                tensor.copy_(waveform[step].expand_as(tensor))
            if probe is None:
                for call in calls:
                    call()
            else:
                for call in program.step:
                    call()
                probe(self, step)
                for call in program.move:
                    call()
            self.steps_done += 1
        for call in program.leave:
            call()

    def program_at(self, step: int) -> Program:
        """The program that runs the given step of a period; compiled when it is first needed."""
        on = self.timing.lag <= step < self.timing.presentation
        rate = 1.0 / self.timing.window_s if on else 0.0
        if not self._plastic:
            rate = 0.0
        if rate not in self._programs:
            with torch.inference_mode():
                self._programs[rate] = self._compiler.program(rate if self._plastic else None)
        return self._programs[rate]

    def settle_weights(self, step: int) -> None:
        """Within a presentation: let the weights take up what was gathered until now."""
        program = self.program_at(step)
        for call in (*program.leave, *program.enter):
            call()

    def check(self) -> None:
        """Stop a run that diverged.

        Raises
        ------
        DivergenceError
            With the time, the place and the value.
        """
        for (place, variable), tensor in (
            *self.buffers.synapses.items(),
            *self.buffers.states.items(),
        ):
            worst = float(tensor.abs().max())
            if not worst <= DIVERGED_BEYOND:
                raise DivergenceError(place, variable, self.time_ms, worst)


def _check_engine(
    nets: Sequence[Network], batch: int, dt: Quantity, method: str, plastic: bool, each: int
) -> None:
    """Refuse what cannot be run, or whose weights and states do not fit into memory."""
    if not nets:
        raise ValueError("OdeEngine: needs at least one network.")
    check_value("OdeEngine", "batch", batch, Count)
    for net in nets:
        check_dynamics(net, dt, method, plastic)
    check_same_structure(nets)
    states = sum(p.size * len(p.neuron.variables) for p in nets[0].populations)
    weights = sum(
        prod(nets[0].weight_shapes[p.name]) * (BUFFERS + (len(p.rule.states) if p.rule else 1))
        for p in nets[0].pathways
    )
    needed = (weights + states * batch * BUFFERS) * len(nets) * each
    check_size("OdeEngine", "the layers' sizes, batch or copies", needed_bytes=needed)
