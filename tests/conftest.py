"""What every test gets: seeds, and a check that it left nothing behind for the whole process."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "agg")

import random
import sys
from collections.abc import Iterator

import brian2
import hypothesis
import numpy as np
import pytest
import torch
from brian2.core.network import Network as BrianNetwork
from brian2.devices.device import get_device, runtime_device
from jaxtyping import config, install_import_hook
from shape_checks import annotated_modules

# The shapes that annotations name are checked wherever a test calls a function that has some.
install_import_hook(annotated_modules(), "shape_checks.arrays_only")

# Brian2 needs 0.2 s to 0.5 s a run, so few examples, and none of them is timed.
hypothesis.settings.register_profile(
    "tuft",
    deadline=None,
    max_examples=10,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("tuft")


def _global_state() -> dict[str, object]:
    """Everything process-wide that Tuft's dependencies could leave changed."""
    rc = sys.modules.get("matplotlib")
    return {
        "brian2 defaultclock.dt": float(brian2.defaultclock.dt),
        "brian2 prefs": {name: repr(brian2.prefs[name]) for name in sorted(brian2.prefs)},
        "brian2 network stopped or running": (
            BrianNetwork._globally_stopped,
            BrianNetwork._globally_running,
        ),
        "torch default dtype": torch.get_default_dtype(),
        "torch gradient mode": torch.is_grad_enabled(),
        "numpy error state": np.geterr(),
        "working directory": os.getcwd(),
        "matplotlib settings": None if rc is None else dict(rc.rcParams),
    }


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    """Seed all generators; afterwards, compare the global state with that before the test."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - Brian2 draws from it
    torch.manual_seed(0)
    before = _global_state()
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    figures = [] if pyplot is None else pyplot.get_fignums()
    if pyplot is not None:
        pyplot.close("all")
    assert not figures, f"figures left open: {figures}"
    assert get_device() is runtime_device, "Brian2's device is not the runtime device"
    after = _global_state()
    if before["matplotlib settings"] is None:  # first imported within the test
        before["matplotlib settings"] = after["matplotlib settings"]
    changed = {name: (before[name], now) for name, now in after.items() if now != before[name]}
    assert not changed, f"global state left behind (before, after): {changed}"


@pytest.fixture
def unchecked_shapes() -> Iterator[None]:
    """For tests of what the packages themselves say of wrong shapes, and of compiled code."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


@pytest.fixture
def no_space(monkeypatch: pytest.MonkeyPatch):
    """A function that makes ``owner.name`` raise what a full disk raises, after writing a bit."""
    import errno

    def fill(owner: object, name: str) -> None:
        def full(*arguments: object, **keywords: object) -> None:
            for target in arguments:
                if hasattr(target, "write"):
                    target.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(owner, name, full)

    return fill
