"""What each process of the test of several processes runs: all cases, weights into a folder."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import torch

from rate_bridge.data import Source, load
from rate_bridge.layers.convert import parameter_groups
from rate_bridge.networks import registry as networks
from rate_bridge.training.distributed import joined
from rate_bridge.training.options import Options
from rate_bridge.training.trainer import Training

CASES = {
    "dll-minus": {"rule": "dll", "theta_rule": "minus"},
    "kp": {"rule": "kp", "decay": 0.01},
    "bp": {"rule": "bp"},
    "adam": {"rule": "dll", "theta_rule": "minus"},
}
# 1257 samples: the last batch has 51, so that the two processes get unequal shares
OPTIONS = Options(epochs=1, batch_size=67, lr=0.01, optimizer="sgd", precision="float64")


def trained_weights(world, case):
    """Parameters after training, feedback weights included."""
    data = load("digits", Source(Path(".")))
    model = networks.build("mlp-digits", seed=0, **CASES[case])
    options = replace(OPTIONS, optimizer="adam", lr=0.001) if case == "adam" else OPTIONS
    groups = lambda model: parameter_groups(model, options.lr, 0.01)  # noqa: E731
    Training(model, data, options, groups=groups, world=world).fit()
    return model.state_dict()


def main(folder):
    with joined() as world:
        for case in CASES:
            torch.save(trained_weights(world, case), folder / f"{case}-{world.rank}.pt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
    sys.stdout.flush()
    os._exit(0)  # gloo's threads can abort the interpreter's own way out
