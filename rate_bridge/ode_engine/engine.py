"""A compiled network and its state, shown one minibatch after another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import torch
from brian2 import Quantity, ms, second
from jaxtyping import Float
from torch import Tensor

from compartments.domains import Count, check_value
from compartments.sizes import check_size
from models.checks import check_dynamics
from models.guards import BOUND, DivergenceError
from models.network import Network
from models.schedule import Schedule
from models.weights import WeightBundle
from rate_bridge.devices import available_device, real_dtype
from rate_bridge.ode_engine.buffers import (
    allocated,
    check_same_structure,
    load_weights,
    scheduled_inputs,
    weight_bundles,
)
from rate_bridge.ode_engine.compile import Compiler, Program

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
    def of(cls, schedule: Schedule, dt: Quantity) -> "Timing":
        """The timing of a schedule.

        Raises
        ------
        ValueError
            If a time is not a whole number of steps.
        """
        presentation = schedule.steps("presentation", dt)
        blank = schedule.steps("period", dt) - presentation
        return cls(presentation, schedule.steps("lag", dt), blank, float(schedule.window / second))

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
        Of each presentation; 400 steps, no lag, unless told otherwise.
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
        compiler = Compiler(self.nets, self.buffers, self.dt_s, method, deferred)
        self.clock = compiler.clock if compiler.reads_time else None
        self.steps_done = 0
        with torch.inference_mode():
            self.programs = _programs(compiler, self.timing, plastic)
        self._given = {key: self.buffers.inputs[key] for key in scheduled_inputs(self.nets[0])}

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
            bundle.check_fits(net.weight_shapes, "Network")
        with torch.inference_mode():
            load_weights(self.buffers, bundles)

    def rest(self) -> None:
        """All states to 0; weights stay."""
        with torch.inference_mode():
            self.buffers.clear()

    @torch.inference_mode()
    def present(
        self,
        stimulus: Float[Tensor, "*copy batch n_in"],
        target: Float[Tensor, "*copy batch n_out"] | None = None,
        target_on: float | Float[Tensor, "*copy batch 1"] = 1.0,
        probe: Probe | None = None,
    ) -> None:
        """Show one minibatch for one period.

        Parameters
        ----------
        stimulus, target : Tensor
            What is shown; broadcast over copies.
        target_on : float or Tensor
            1 where the target is shown, 0 where it is not.
        probe : callable, optional
            Called at every step, when all values at its beginning are known.
        """
        given: dict[str, Tensor | float | None] = {
            "stimulus": stimulus,
            "target": target,
            "target_on": target_on,
        }
        if target is None:
            given |= {"target": 0.0, "target_on": 0.0}
        timing, last = self.timing, self.timing.presentation
        self._show(given)
        self._advance("off", 0, timing.lag, probe)
        self._advance("on", timing.lag, last, probe)
        if timing.blank:
            self._show(dict.fromkeys(given, 0.0))
            self._advance("off", last, timing.period, probe)

    def _show(self, given: Mapping[str, Tensor | float | None]) -> None:
        for (_, variable), tensor in self._given.items():
            value = given[variable]
            if isinstance(value, Tensor):
                tensor.copy_(value.expand_as(tensor))
            elif value is not None:
                tensor.fill_(value)

    def _advance(self, mode: str, first: int, last: int, probe: Probe | None) -> None:
        if first == last:
            return
        program = self.programs[mode]
        calls = program.step + program.move
        for call in program.enter:
            call()
        for step in range(first, last):
            if self.clock is not None:
                self.clock.fill_(self.steps_done * self.dt_s)
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
        """The program that runs the given step of a period."""
        on = self.timing.lag <= step < self.timing.presentation
        return self.programs["on" if on else "off"]

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
            if not worst <= BOUND:
                raise DivergenceError(place, variable, self.time_ms, worst)


def _programs(compiler: Compiler, timing: Timing, plastic: bool) -> dict[str, Program]:
    if not plastic:
        still = compiler.program(None)
        return {"on": still, "off": still}
    return {"on": compiler.program(1.0 / timing.window_s), "off": compiler.program(0.0)}


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
