"""What every update and every error of a torch learner reads, by changing one scalar after another.

All activities are held as the forward pass left them, and every layer's error as it arrived; then
each scalar, an entry of a parameter, one cell's activity, one cell's error, gets another value in
turn and the backward pass runs again. What does not read it comes out the same bit for bit.

What a feedback synapse changes by may contain the error of the cell that it ends at, which is the
sum of what all its feedback synapses bring. That sum stands in the cell, so it may be read; how it
depends on other cells is not counted as reading them. It cannot be held from outside, so it is held
by algebra: what is left of an update's derivatives when those of that error are projected out.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from rate_bridge.audit.program import HeldPass, Roles
from rate_bridge.audit.reads import ENDS, FAR, OWN, SENT, Reads, Scalars, positions, spans

STEP = 1e-4
"""Of central differences. Updates are products of two or three factors, so their error is of the
order of STEP^2, 1e-8, and of rounding over STEP, 1e-12."""

LEFT = 1e-6
"""Of a row's largest derivative: what differences leave where nothing is left; see STEP."""


class _Setting(NamedTuple):
    program: HeldPass
    roles: Roles
    held: dict[str, Tensor]


def learner_reads(program: HeldPass, roles: Roles, seed: int = 0) -> Reads:
    """The matrix of what a learner's step reads.

    Parameters
    ----------
    program : HeldPass
        The step.
    roles : Roles
        Its parameters'.
    seed : int
        For the values that scalars get.

    Raises
    ------
    ValueError
        For a learner that does not repeat itself.
    """
    program.check_repeats()
    held = {path: error.clone() for path, error in program.step().errors.items()}
    setting = _Setting(program, roles, held)
    columns = tuple(_columns(setting))
    base = program.step(held)
    rows = tuple(
        [Scalars("cell", path, "error", tuple(e.shape)) for path, e in base.errors.items()]
        + [Scalars("synapse", name, "w", tuple(u.shape)) for name, u in base.updates.items()]
    )
    size = _differences(setting, rows, columns, seed)
    nonzero = _without_own_error(setting, rows, columns, size)
    place = np.full(size.shape, FAR)
    across = positions(columns)
    for number, row in enumerate(positions(rows)):
        for column in np.flatnonzero(nonzero[number]):
            place[number, column] = _place(setting, row, across[column])
    return Reads(rows, columns, nonzero, place, size, copies=len(program.labels))


def _columns(setting: _Setting) -> Iterator[Scalars]:
    program, _, held = setting
    for path, u in program.activity.items():
        yield Scalars("cell", path, "u", tuple(u.shape))
    for path, error in held.items():
        yield Scalars("cell", path, "held error", tuple(error.shape))
    for name, parameter in program.parameters.items():
        yield Scalars("synapse", name, "w", tuple(parameter.shape))


def _result(setting: _Setting, rows: tuple[Scalars, ...], held: dict[str, Tensor]) -> Tensor:
    """All rows of one backward pass, flat."""
    step = setting.program.step(held)
    parts = [step.errors[b.owner] if b.kind == "cell" else step.updates[b.owner] for b in rows]
    return torch.cat([part.reshape(-1) for part in parts])


def _with(
    setting: _Setting, block: Scalars, place: int, by: float, rows: tuple[Scalars, ...]
) -> Tensor:
    """All rows after one scalar of a block has moved."""
    program, _, held = setting
    if block.variable == "held error":
        moved = held[block.owner].clone()
        moved.view(-1)[place] += by
        return _result(setting, rows, {**held, block.owner: moved})
    tensor = (
        program.parameters[block.owner]
        if block.kind == "synapse"
        else program.activity[block.owner]
    )
    values = tensor.detach().clone()
    values.view(-1)[place] += by
    with program.changed(tensor, values):
        return _result(setting, rows, held)


def _differences(
    setting: _Setting, rows: tuple[Scalars, ...], columns: tuple[Scalars, ...], seed: int
) -> Float[np.ndarray, "row column"]:
    """How much each row differs after each scalar has got another value, far from its own."""
    generator = np.random.default_rng(seed)
    base = _result(setting, rows, setting.held)
    found = []
    for block in columns:
        for place in range(block.size):
            by = float(generator.choice([-1, 1]) * generator.uniform(1, 2))
            found.append((_with(setting, block, place, by, rows) - base).abs().numpy())
    return np.stack(found, axis=1)


def _without_own_error(
    setting: _Setting,
    rows: tuple[Scalars, ...],
    columns: tuple[Scalars, ...],
    size: Float[np.ndarray, "row column"],
) -> np.ndarray:
    """Where a difference is left when the error of the cell where feedback ends is held."""
    nonzero = size != 0
    feedback = [
        (b, up) for b, up in spans(rows) if b.kind == "synapse" and _is_feedback(setting, b)
    ]
    if not feedback:
        return nonzero
    slopes, errors = _slopes(setting, rows, columns)
    across = positions(columns)
    for block, up in feedback:
        path = block.owner.rpartition(".")[0]
        for number, index in zip(range(up.start, up.stop), np.ndindex(*block.shape), strict=True):
            read = np.flatnonzero(nonzero[number])
            far = [_place(setting, (block, index), across[column]) == FAR for column in read]
            other = read[far]
            if path in errors and len(other):
                basis = errors[path][:, index[-1]][:, other].T
                slope = slopes[number, other]
                left = slope - basis @ np.linalg.lstsq(basis, slope, rcond=None)[0]
                nonzero[number, other] = np.abs(left) > LEFT * np.abs(slopes[number]).max()
    return nonzero


def _slopes(
    setting: _Setting, rows: tuple[Scalars, ...], columns: tuple[Scalars, ...]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Central differences of all rows, (row, column), and of errors sent, (batch, unit, column)."""
    found: list[np.ndarray] = []
    sent: dict[str, list[np.ndarray]] = {}
    for block in columns:
        for place in range(block.size):
            up = _with(setting, block, place, STEP, rows)
            above = dict(setting.program.step_sent)
            down = _with(setting, block, place, -STEP, rows)
            below = setting.program.step_sent
            found.append(((up - down) / (2 * STEP)).numpy())
            for path in above:
                slope = (above[path] - below[path]) / (2 * STEP)
                sent.setdefault(path, []).append(slope.numpy())
    return np.stack(found, 1), {path: np.stack(parts, -1) for path, parts in sent.items()}


def _is_feedback(setting: _Setting, block: Scalars) -> bool:
    return block.owner in setting.roles.feedback


def _place(
    setting: _Setting,
    row: tuple[Scalars, tuple[int, ...]],
    column: tuple[Scalars, tuple[int, ...]],
) -> int:
    """Where a scalar is, seen from what reads it; a synapse has a copy in every sample."""
    (reader, at), (block, index) = row, column
    if reader.kind == "cell":
        return _seen_by_cell(setting, row, column)
    if block.kind == "synapse":
        return OWN if (block.owner, index) == (reader.owner, at) else FAR
    path, order = reader.owner.rpartition(".")[0], setting.program.layers
    above, below = at[0], at[-1] if len(at) > 1 else None
    unit, upward = index[-1], not _is_feedback(setting, reader)
    if block.owner == path and block.variable == "held error" and unit == above:
        return ENDS if upward else SENT
    if block.owner == path and block.variable == "u" and unit == below:
        return SENT if upward else ENDS
    following = order[order.index(path) + 1 :][:1]
    if block.variable == "u" and block.owner in following and unit == above:
        return ENDS if upward else SENT
    return FAR


def _seen_by_cell(
    setting: _Setting,
    row: tuple[Scalars, tuple[int, ...]],
    column: tuple[Scalars, tuple[int, ...]],
) -> int:
    """Of an error: its cell's own activity, what axons bring of the same sample, their synapses."""
    (reader, at), (block, index) = row, column
    if block.kind == "synapse":
        return OWN
    order = setting.program.layers
    above = order[order.index(reader.owner) + 1 :][:1]
    if block.variable == "u" and block.owner in above and index == at:
        return ENDS
    return SENT if index[0] == at[0] else FAR
