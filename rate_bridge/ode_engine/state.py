"""The state of a run of the engine, read out and put back."""

import numpy as np
import torch
from torch import Tensor

from models.state import State, longest_delays
from rate_bridge.ode_engine.engine import OdeEngine


def state_of(engine: OdeEngine) -> State:
    """Everything as it is between presentations; a batch of one has no axis of its own."""
    lines = engine.delays.lines
    sent = {
        (owner, name): np.stack([_out(engine, v) for v in lines[owner, name, steps].newest_first()])
        for (owner, name), steps in longest_delays(engine.nets[0], engine.dt).items()
    }
    return State(
        {key: _out(engine, tensor) for key, tensor in engine.buffers.states.items()},
        {key: _array(tensor) for key, tensor in engine.buffers.synapses.items()},
        sent,
    )


@torch.inference_mode()
def begin(engine: OdeEngine, start: State) -> None:
    """Put all states to where another run left them."""
    for key, values in start.neurons.items():
        _put(engine.buffers.states[key], values)
    for key, values in start.synapses.items():
        engine.buffers.synapses[key].copy_(torch.as_tensor(values))
    for (owner, name, steps), line in engine.delays.lines.items():
        rows = start.sent[owner, name][:steps]
        line.hold([torch.as_tensor(row).reshape(line.arrived.shape) for row in rows])


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().double().numpy().copy()


def _out(engine: OdeEngine, tensor: Tensor) -> np.ndarray:
    return _array(tensor.squeeze(-2) if engine.batch == 1 else tensor)


def _put(tensor: Tensor, values: np.ndarray) -> None:
    tensor.copy_(torch.as_tensor(values).reshape(tensor.shape))
