"""Whether an update depends on when it is made, on what was shown before, and on what it waits for.

Parameters never change here, so whatever differs between two steps on the same samples is kept
somewhere that the learner does not show: a clock, or a stored phase.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from rate_bridge.audit.program import HeldPass, Learner, batch, made
from rate_bridge.audit.transport import TRANSPORT_SIZES, relative

IDLE = 3
"""Steps between; a clock of period 2, 3 or 4 shows within them."""


@dataclass(frozen=True)
class StepHistory:
    """What was found, each as its largest value over parameters.

    Attributes
    ----------
    clock : float
        Relative change of updates after one to :data:`IDLE` steps on the same samples.
    memory : float
        Relative change of updates with what was shown in the step before.
    barriers : int
        How often all cells must have finished before any can go on: 1 where updates below the
        output need its error, and one more for every phase of activity of the learner's own.
    kept : int
        Values that a cell has to keep from one stage to the next.
    """

    clock: float
    memory: float
    barriers: int
    kept: int


def history(learner: Learner, sizes: Sequence[int] = TRANSPORT_SIZES, seed: int = 0) -> StepHistory:
    """Steps of freshly made learners, one after another."""
    first, second, other = (batch(sizes, 3, seed + k) for k in range(3))
    model = made(learner, sizes, seed)
    now = _updates(model, second)
    later = [_updates(model, second) for _ in range(IDLE)]
    after = []
    for before in (first, other):
        model = made(learner, sizes, seed)
        _updates(model, before)
        after.append(_updates(model, second))
    clock = max(_apart(updates, now) for updates in later)
    return StepHistory(clock, _apart(*after), *_stages(learner, sizes, seed))


def _updates(model: nn.Module, shown: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
    return HeldPass(model, *shown).step().updates


def _apart(updates: dict[str, Tensor], before: dict[str, Tensor]) -> float:
    return max(relative(value, before[name]) for name, value in updates.items())


def _stages(learner: Learner, sizes: Sequence[int], seed: int) -> tuple[int, int]:
    """Barriers, and values that a hidden cell keeps."""
    model = made(learner, sizes, seed)
    inputs, labels = batch(sizes, 3, seed)
    program = HeldPass(model, inputs, labels)
    before = program.step()
    top = program.layers[-1]
    moved = {top: before.errors[top] + 1.0} if top in before.errors else {}
    after = program.step(moved)
    own = {name for name in program.parameters if name.rpartition(".")[0] == top}
    waiting = [
        name
        for name, update in before.updates.items()
        if name not in own and relative(after.updates[name], update) > 0
    ]
    held = {path: error.clone() for path, error in program.step().errors.items()}
    base = program.step(held)
    kept = False
    for path in program.layers[1:]:
        u = program.activity[path]
        with program.changed(u, u.detach() * 1.5 + 0.25):
            step = program.step(held)
        kept |= any(relative(step.updates[n], v) > 0 for n, v in base.updates.items())
        kept |= any(relative(step.errors[n], v) > 0 for n, v in base.errors.items())
    return bool(waiting) + program.evoked_phases, int(kept)
