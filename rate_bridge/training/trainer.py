"""Training by any rule: selection on the validation part, checkpoints, exact resume.

The rule lives in the model's backward pass; nothing here knows which one it is.
"""

import dataclasses
import math
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rate_bridge.data import Dataset
from rate_bridge.training import checkpoint
from rate_bridge.training.collapse import weight_sizes
from rate_bridge.training.distributed import ALONE, World, average_gradients, start_equal, summed
from rate_bridge.training.evaluation import (
    Scores,
    check_outputs,
    class_loss,
    evaluate,
    squared_loss,
)
from rate_bridge.training.options import Options

Groups = Iterable[dict[str, Any]]
EpochReport = Callable[[float, Scores], None]


class Diverged(ArithmeticError):
    """The loss is no number any more."""


@dataclass
class Fitted:
    """What training found. The model holds the weights of ``best_epoch``.

    Attributes
    ----------
    history : list of dict
        One entry an epoch: training loss, validation scores, sizes of the weights, seconds,
        seconds spent on data.
    start : dict
        Before the first step: the validation part's ``loss``, the sizes of the ``weights``.
    best_epoch : int
        Epoch (from 0) with the best validation score.
    stopped_early : bool
        Whether patience ran out.
    """

    history: list[dict[str, Any]] = field(default_factory=list)
    start: dict[str, Any] = field(default_factory=dict)
    best_epoch: int = -1
    stopped_early: bool = False


class Training:
    """One model learning one data set.

    Parameters
    ----------
    model : torch.nn.Module
        Changed in place: to the device, the precision, and by learning.
    dataset : Dataset
    options : Options
    groups : callable, optional
        From the model to the optimiser's parameter groups; by default all parameters together.
    world : World
        The processes that share each batch.
    name : str
        What the run is of, for messages and to bind a checkpoint.

    Raises
    ------
    MemoryError, ValueError
        For more epochs than a year or the memory has room for.

    Notes
    -----
    The order of samples follows from the seed and the number of the epoch alone, so that a run
    continued from a checkpoint is the uninterrupted one, bit for bit on a CPU.
    """

    def __init__(
        self,
        model: nn.Module,
        dataset: Dataset,
        options: Options,
        *,
        groups: Callable[[nn.Module], Groups] | None = None,
        world: World = ALONE,
        name: str = "model",
    ) -> None:
        options.check_length(steps=-(-len(dataset.train) // options.batch_size))
        self.model = model.to(options.device, options.dtype)
        self.data = dataset.to(options.device, options.dtype)
        self.options, self.world, self.name = options, world, name
        start_equal(self.model, world)
        made = [{"params": model.parameters()}] if groups is None else groups(self.model)
        self.optimizer = _optimizer(list(made), options)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.fitted = Fitted()
        self.best_score = -math.inf
        self.best_state: dict[str, Tensor] = {}
        torch.manual_seed(options.seed)

    @property
    def run(self) -> dict[str, Any]:
        """What a checkpoint must agree with."""
        files = [record.get("hash") for record in self.data.provenance.get("files", [])]
        return {
            **dataclasses.asdict(self.options),
            "name": self.name,
            "dataset": self.data.name,
            "files": files,
            "n_train": len(self.data.train),
        }

    def fit(self, path: Path | None = None, report: EpochReport | None = None) -> Fitted:
        """Train to the last epoch, or until patience runs out.

        Parameters
        ----------
        path : pathlib.Path, optional
            Checkpoint, written after each epoch; if it is there, training goes on from it.
        report : callable, optional
            Called with the fraction done and the latest validation scores.

        Raises
        ------
        Diverged
            If the loss is no number; says in which step.
        ValueError
            If the checkpoint does not fit.
        """
        if path is not None and path.is_file():
            self._restore(checkpoint.load(path, self.model, self.run, self.world.size))
        if not self.fitted.start:
            self.fitted.start = {
                "loss": self._scores()["loss"],
                "weights": weight_sizes(self.model),
            }
        while len(self.fitted.history) < self.options.epochs and not self.fitted.stopped_early:
            self._epoch(len(self.fitted.history), report)
            if path is not None and self.world.first:
                checkpoint.save(path, self.model, self.run, self.world.size, self._state())
        self.model.load_state_dict(self.best_state)
        return self.fitted

    def _epoch(self, epoch: int, report: EpochReport | None) -> None:
        start, loading, total = time.perf_counter(), 0.0, 0.0
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * self.options.factor(epoch)
        batches = self._order(epoch).split(self.options.batch_size)
        self.model.train()
        for step, index in enumerate(batches):
            began = time.perf_counter()
            inputs, targets = self.data.train.batch(self.world.share(index))
            loading += time.perf_counter() - began
            total += self._step(inputs, targets, len(index), f"epoch {epoch}, step {step}")
            if report is not None and self.world.first and step % 20 == 0:
                done = (epoch + (step + 1) / len(batches)) / self.options.epochs
                report(done, self._latest())
        seconds = time.perf_counter() - start
        scores = self._scores()
        if not math.isfinite(scores["loss"]):
            raise Diverged(
                f"{self.name} on {self.data.name}: the validation loss is {scores['loss']} after "
                f"epoch {epoch}. Lower lr or theta_lr, or bound the gradients with clip."
            )
        entry = {
            "epoch": epoch,
            "loss": total / len(self.data.train),
            "validation": scores,
            "weights": weight_sizes(self.model),
            "seconds": seconds,
            "loading_seconds": loading,
        }
        self.fitted.history.append(entry)
        self._select(epoch, scores)
        if report is not None and self.world.first:
            report((epoch + 1) / self.options.epochs, scores)

    def _step(self, inputs: Tensor, targets: Tensor, batch: int, where: str) -> float:
        """One update; the loss summed over the batch. ``batch`` counts all processes' samples."""
        self.optimizer.zero_grad()
        value = self._backward(inputs, targets) if len(inputs) else 0.0
        value = summed(value, self.world)
        if not math.isfinite(value):
            rate = self.optimizer.param_groups[0]["lr"]
            raise Diverged(
                f"{self.name} on {self.data.name}: the loss is {value} in {where} (learning rate "
                f"{rate:.3g}). Lower lr or theta_lr, or bound the gradients with clip."
            )
        average_gradients(self.model.parameters(), self.world, len(inputs) / batch)
        if self.options.clip is not None:
            nn.utils.clip_grad_value_(self.model.parameters(), self.options.clip)
        self.optimizer.step()
        return value

    def _backward(self, inputs: Tensor, targets: Tensor) -> float:
        """Gradients of the loss' mean over samples and steps; its sum over samples alone."""
        half = self.options.precision == "bfloat16"
        context = torch.autocast(inputs.device.type, torch.bfloat16) if half else nullcontext()
        with context:
            outputs = self.model(inputs)
            check_outputs(self.name, outputs, targets, self.data)
            loss = self._loss(outputs.to(self.options.dtype), targets)
        predictions = math.prod(outputs.shape[:-1])
        (loss / predictions).backward()
        return float(loss.detach()) * len(inputs) / predictions

    def _loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if self.data.kind == "series":
            return squared_loss(outputs, targets)
        return class_loss(outputs, targets, self.options.loss, self.options.label_smoothing)

    def _order(self, epoch: int) -> Tensor:
        generator = torch.Generator().manual_seed(self.options.seed * 1_000_003 + epoch)
        order = torch.randperm(len(self.data.train), generator=generator)
        return order.to(self.options.device)

    def _scores(self) -> Scores:
        return evaluate(self.model, self.data.validation, self.data.kind, self.options.loss)

    def _latest(self) -> Scores:
        return self.fitted.history[-1]["validation"] if self.fitted.history else {}

    def _select(self, epoch: int, scores: Scores) -> None:
        """Keep the weights if they are the best so far; count patience otherwise."""
        score = scores["accuracy"] if self.data.kind == "classes" else -scores["mse"]
        if score > self.best_score or not self.best_state:
            self.best_score, self.fitted.best_epoch = score, epoch
            self.best_state = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
        patience = self.options.patience
        if patience is not None and epoch - self.fitted.best_epoch >= patience:
            self.fitted.stopped_early = True

    def _state(self) -> dict[str, Any]:
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "fitted": dataclasses.asdict(self.fitted),
            "best_score": self.best_score,
            "best_state": self.best_state,
            "rng": torch.get_rng_state(),
        }
        if torch.cuda.is_available():
            state["cuda_rng"] = torch.cuda.get_rng_state_all()
        return state

    def _restore(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.fitted = Fitted(**state["fitted"])
        self.best_score, self.best_state = state["best_score"], state["best_state"]
        torch.set_rng_state(state["rng"])
        if "cuda_rng" in state and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(state["cuda_rng"])


def _optimizer(groups: list[dict[str, Any]], options: Options) -> torch.optim.Optimizer:
    """Adam or gradient descent; in one pass over the weights where torch has that."""
    fused = torch.device(options.device).type in ("cpu", "cuda")
    kind = torch.optim.AdamW if options.optimizer == "adam" else torch.optim.SGD
    return kind(groups, lr=options.lr, weight_decay=options.weight_decay, fused=fused)
