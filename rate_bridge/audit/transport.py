"""Whether forward weights enter what is learned by another way than activity (weight transport).

Four interventions on a torch learner, and none reads its code:

* every forward parameter is drawn anew while all activities are held: do errors, or updates of
  other parameters, change?
* each layer's effective feedback, the derivative of the error that it sends down by the error that
  it receives, is held against its weights: at the start, and after W alone was drawn anew;
* another sample's activity is changed: does a sample's error change?
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from rate_bridge.audit.program import HeldPass, Learner, Roles, batch, made, roles

EXACT = 1e-12
"""The same operations on the same numbers give the same bits; anything above 0 is dependence."""

CHANCE = 5.0
"""Standard deviations: independent weights exceed them in one of two million cases."""


@dataclass(frozen=True)
class Transport:
    """What was found, each as its largest value over layers.

    Attributes
    ----------
    error, update : float
        Relative change of errors, and of other parameters' updates, when W is drawn anew with all
        activities held.
    shared : int
        Parameters of which one changes when another is written to.
    start, follows : float
        Cosine of effective feedback and weights at the start, and after W alone was drawn anew.
    chance : float
        What the cosine of independent ones stays below.
    across : float
        Relative change of a sample's error when another sample's activities are changed.
    naive : float
        Relative change of the lowest update when W is drawn anew *before* the forward pass: the
        test that discriminates nothing.
    through : tuple of (str, str)
        Arrows (weights, error or update) through which W enters.
    """

    error: float
    update: float
    shared: int
    start: float
    follows: float
    chance: float
    across: float
    naive: float
    through: tuple[tuple[str, str], ...]

    @property
    def is_found(self) -> bool:
        """Whether W is transported by any of these ways."""
        tied = max(self.start, self.follows) > self.chance
        moved = max(self.error, self.update, self.across) > EXACT
        return tied or moved or self.shared > 0


TRANSPORT_SIZES = (12, 10, 9, 8)
"""Large enough that :data:`CHANCE` is well below 1: 5/sqrt(72) is 0.59."""


def transport(learner: Learner, sizes: Sequence[int] = TRANSPORT_SIZES, seed: int = 0) -> Transport:
    """All interventions on a freshly made learner.

    Raises
    ------
    ValueError
        For a learner that does not repeat itself.
    """
    inputs, labels = batch(sizes, 3, seed)
    model = made(learner, sizes, seed)
    parts = roles(model, inputs)
    shared = _shared(model.named_parameters())
    program = HeldPass(model, inputs, labels)
    program.check_repeats()
    error, update, through = _redrawn(program, parts, seed)
    weights = _weights(program, parts)
    start = _largest_cosine(feedback(program), weights)
    across = _across(program)
    naive, follows = _redrawn_before(learner, sizes, seed, parts, program)
    least = min((weight.numel() for weight in weights.values()), default=1)
    return Transport(
        error, update, shared, start, follows, CHANCE / least**0.5, across, naive, through
    )


def _redrawn(
    program: HeldPass, parts: Roles, seed: int
) -> tuple[float, float, tuple[tuple[str, str], ...]]:
    """Changes of errors and of others' updates, W drawn anew, activities and errors held."""
    held = {path: error.clone() for path, error in program.step().errors.items()}
    before = program.step(held)
    errors, updates, through = [0.0], [0.0], []
    for number, name in enumerate(parts.forward):
        parameter = program.parameters[name]
        generator = torch.Generator().manual_seed(seed + number)
        drawn = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
        with program.changed(parameter, drawn):
            after = program.step(held)
        for path, error in after.errors.items():
            errors.append(relative(error, before.errors[path]))
            through += [(name, f"{path}.error")] * (errors[-1] > EXACT)
        for other, value in after.updates.items():
            if other != name:
                updates.append(relative(value, before.updates[other]))
                through += [(name, f"{other}.w")] * (updates[-1] > EXACT)
    return max(errors), max(updates), tuple(through)


def relative(value: Tensor, before: Tensor) -> float:
    """Size of a change over that of what was there before; 0 where neither is anything."""
    apart, size = float((value - before).norm()), float(before.norm())
    return 0.0 if apart == 0 else apart / size if size else float("inf")


def _shared(named: object) -> int:
    """Parameters that overlap in memory with one before them."""
    seen: set[int] = set()
    count = 0
    for _, parameter in named:  # type: ignore[attr-defined]
        place = parameter.untyped_storage().data_ptr()
        count += place in seen
        seen.add(place)
    return count


def _weights(program: HeldPass, parts: Roles) -> dict[str, Tensor]:
    """By layer, its forward weights."""
    return {
        name.rpartition(".")[0]: program.parameters[name].detach()
        for name in parts.forward
        if program.parameters[name].dim() == 2
    }


def feedback(program: HeldPass) -> dict[str, Float[Tensor, "n_above n_below"]]:
    """By layer, by how much the error that it sends down changes with the error that it gets.

    For the first sample. Errors go down linearly, so a difference of 1 gives the derivative.
    """
    held = {path: error.clone() for path, error in program.step().errors.items()}
    program.step(held)
    before = {path: sent[0].clone() for path, sent in program.step_sent.items()}
    found: dict[str, Tensor] = {}
    for path, sent in before.items():
        if path not in held or held[path].dim() != 2:
            continue
        rows = []
        for unit in range(held[path].shape[1]):
            moved = held[path].clone()
            moved[0, unit] += 1
            program.step({**held, path: moved})
            rows.append(program.step_sent[path][0] - sent)
        found[path] = torch.stack(rows)
    return found


def _largest_cosine(matrices: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> float:
    pairs = [
        (matrix, weights[path])
        for path, matrix in matrices.items()
        if path in weights and weights[path].shape == matrix.shape and bool(matrix.any())
    ]
    return max((abs(cosine(*pair)) for pair in pairs), default=0.0)


def cosine(a: Tensor, b: Tensor) -> float:
    """Of the angle between two arrays; 0 where one of them is 0."""
    size = float(a.norm() * b.norm())
    return float((a * b).sum()) / size if size else 0.0


def _across(program: HeldPass) -> float:
    """Change of the first sample's errors with the last sample's activities."""
    held = {path: error.clone() for path, error in program.step().errors.items()}
    before = program.step(held).errors
    found = [0.0]
    generator = np.random.default_rng(0)
    for u in program.activity.values():
        moved = u.detach().clone()
        moved[-1] += torch.as_tensor(generator.normal(size=tuple(moved[-1].shape)))
        with program.changed(u, moved):
            after = program.step(held).errors
        found += [relative(after[path][0], before[path][0]) for path in before]
    return max(found)


def _redrawn_before(
    learner: Learner, sizes: Sequence[int], seed: int, parts: Roles, program: HeldPass
) -> tuple[float, float]:
    """After W alone was drawn anew, then run forward: change of the lowest update; the cosine."""
    model = made(learner, sizes, seed)
    parameters = dict(model.named_parameters())
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for name in parts.forward:
            drawn = torch.randn(parameters[name].shape, generator=generator, dtype=torch.float64)
            parameters[name].copy_(drawn * parameters[name].std())
    inputs, labels = batch(sizes, 3, seed)
    other = HeldPass(model, inputs, labels)
    lowest = next(name for name in parts.forward if parameters[name].requires_grad)
    naive = relative(other.step().updates[lowest], program.step().updates[lowest])
    return naive, _largest_cosine(feedback(other), _weights(other, parts))
