"""The networks of the DLL paper by name, built as ordinary torch models and then converted."""

from typing import Any

from torch import nn


def build(name: str, rule: str = "dll", *, seed: int, **options: Any) -> nn.Module:
    """A network by name, trained by ``rule``.

    Names: "mlp-mnist", "mlp-fashion", "mlp-svhn", "mlp-cifar10", "cnn-mnist", "cnn-fashion",
    "cnn-svhn", "cnn-cifar10", "rnn", "textcnn". All give logits (no softmax): take
    ``torch.nn.functional.cross_entropy``.

    Options of the network: ``hidden`` (mlp: sizes of the hidden layers), ``n_in, hidden, n_out``
    (rnn; input ``(batch, time, n_in)``, output ``(batch, time, n_out)``), ``classes, embedding,
    vocabulary, ...`` (textcnn), ``weight_std``, ``repo_compat``; every other option goes to the
    rule: ``theta_rule`` ("minus", "plus", "fixed", "kp"), ``theta_std``, ``decay``.
    """
    raise NotImplementedError
