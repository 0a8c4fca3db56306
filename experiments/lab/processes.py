"""Work in several processes, which end with the one that started them, however it ends."""

import contextlib
import functools
import os
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import joblib
import psutil

from compartments.sizes import check_size
from experiments.lab.options import PROCESS_BYTES


@contextlib.contextmanager
def results(
    work: Callable[..., Any], tasks: Iterable[tuple], jobs: int, *, ordered: bool = False
) -> Iterator[Iterator[Any]]:
    """The result of ``work(*task)`` for every task, one after another as they are done.

    Stopped by any exception, Ctrl-C included, the block ends its processes at once. A process
    whose starter was killed ends itself.

    Parameters
    ----------
    work : callable
        Runs in another process, except with one job.
    tasks : iterable of tuple
        Arguments of each call.
    jobs : int
        Processes.
    ordered : bool
        Whether results come in the order of the tasks.
    """
    kind = "generator" if ordered else "generator_unordered"
    tasks = list(tasks)
    check_size(
        f"{jobs} processes",
        "jobs",
        needed_bytes=PROCESS_BYTES * min(jobs, len(tasks)) if jobs > 1 else 0,
    )
    calls = (joblib.delayed(_watched)(os.getpid(), work, task) for task in tasks)
    running = joblib.Parallel(n_jobs=jobs, return_as=kind, pre_dispatch="all")(calls)
    with _without_lost_work():
        try:
            yield running
        except BaseException:  # also one that is raised outside joblib
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # joblib's about results that nobody will take
                running.close()
            raise


@contextlib.contextmanager
def _without_lost_work() -> Iterator[None]:
    """Silence the thread of joblib's that misses a work item when the processes are stopped."""
    before = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        name = args.thread.name if args.thread else ""
        if not (args.exc_type is KeyError and name.startswith("ExecutorManagerThread")):
            before(args)

    threading.excepthook = hook
    try:
        yield
    finally:
        threading.excepthook = before


def _watched(starter: int, work: Callable[..., Any], task: tuple) -> Any:
    if os.getpid() != starter:
        _watch(starter)
    return work(*task)


@functools.cache
def _watch(starter: int) -> None:
    """End this process when its starter has ended; joblib's own go on for minutes."""

    def wait() -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(starter).wait()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
