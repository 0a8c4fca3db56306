"""Runs killed at random moments and resumed, and flipped bits in what they resume from.

`make kills`, or `python tests/kills.py --kills 100 --flips 100`. Every experiment is run once
undisturbed, in a small configuration. Then it is begun again and killed, by SIGKILL, SIGTERM or
SIGINT, up to four times, at random moments of the time that the undisturbed run took, and at last
left to end; that time is measured again before each further one, as the machine's load changes.
Each is a process of its own, forked when all is imported, so that no kill is spent on an import.
Counted are

* kills: moments at which the run was not at its end, of all moments;
* corrupt: files that are visible after a kill and cannot be read, folders that are not complete;
* lost: records, cells and checkpoints that were there after one kill and are not after the next;
* unlike: resumed runs with a number or a figure that the undisturbed run does not have;
* left: processes that outlive a killed run, and temporary files that outlive the resumed one.
"""

import argparse
import contextlib
import importlib
import io
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import torch

from compartments.sealed_files import opened_sealed
from experiments.cli import main as tuft
from experiments.lab.storage import read_json
from experiments.registry import EXPERIMENTS

Process = multiprocessing.context.ForkProcess

RUNS: dict[str, list[str]] = {
    "train": ["train", "--epochs", "12"],
    "table": ["table", "--rules", "bp", "dll-minus", "--seeds", "0", "1", "--epochs", "4"],
    "remedies": [
        *("remedies", "--hidden", "8", "--remedies", "none", "eligibility", "--ratios", "2"),
        *("--etas", "0.005", "0.01", "0.02", "--seeds", "1", "--epochs", "1", "--batch", "64"),
    ],
    "compare": [
        *("compare", "--hidden", "6", "--presentations", "12", "--presentation", "60ms"),
        *("--lag", "20ms", "--codegen", "numpy", "--quick", "--sweep-presentations", "2"),
        *("--sweep-seeds", "1", "--jobs", "1"),
    ],
    "demo": ["demo", "--presentations", "12", "--sweep-presentations", "2", "--codegen", "numpy"],
}
"""Small, and long enough for a kill to meet every part of them."""

WRONG = ("corrupt", "lost", "refused", "unlike", "left", "accepted", "obscure")
"""Counts that must be 0."""

KILLS_A_RUN = 4
WITHIN = (0.02, 0.98)
"""The shares of what is left of a run between which it is killed."""
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
SEALED = (".npz", ".nc", ".pt")
PATIENCE = 60
"""Seconds within which a killed run's processes must have ended."""


def started(name: str, out: Path, log: Path) -> Process:
    """The run as a process."""
    process = multiprocessing.get_context("fork").Process(target=_run, args=(name, out, log))
    process.start()
    return process


def _run(name: str, out: Path, log: Path) -> None:
    with log.open("ab") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also under nohup
    sys.exit(tuft([*RUNS[name], "--out", str(out)]))


def undisturbed(name: str, out: Path, log: Path) -> float:
    """Run to the end; the seconds it took."""
    begun = time.monotonic()
    process = started(name, out, log)
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{name} ended with {process.exitcode}: {log.read_text()}")
    return time.monotonic() - begun


def killed(process: Process, number: signal.Signals, after: float) -> bool | None:
    """Whether all its processes ended with it; None where it had come to its end by itself."""
    process.join(timeout=after)
    if not process.is_alive():
        return None
    assert process.pid is not None
    family = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, number)
    process.join()
    _, alive = psutil.wait_procs(family, timeout=PATIENCE)
    return None if process.exitcode == 0 else not alive


def visible(out: Path) -> list[Path]:
    """All files but those that are temporary."""
    files = (path for path in out.rglob("*") if path.is_file())
    return [path for path in files if not any(".tuft-" in part for part in path.parts)]


def corrupt(out: Path) -> list[Path]:
    """Files that cannot be read, and published folders that are not complete."""
    found = []
    for path in visible(out):
        try:
            if path.suffix == ".json":
                read_json(path)
            elif path.suffix in SEALED:
                with opened_sealed(path, ""):
                    pass
            elif not path.read_bytes():
                found.append(path)
        except ValueError:
            found.append(path)
    for folder in out.glob("[!.]*/"):
        numbers = (folder / "config.json").exists() and (folder / "result.json").exists()
        if folder.name.partition("-run")[0] in ("compare", "demo", "remedies") and not numbers:
            found.append(folder)
    return found


def kept(out: Path) -> dict[Path, int]:
    """What a run resumes from: records and cells, and checkpoints with their epochs."""
    found = dict.fromkeys([*out.glob(".*-cells/*.json"), *out.glob("*/*__seed*.json")], 1)
    checkpoints = [*out.glob("checkpoints/*.pt"), *out.glob("*/.*.pt")]
    return found | {path: epochs(path) for path in checkpoints}


def epochs(path: Path) -> int:
    """How many epochs a checkpoint has behind it."""
    with opened_sealed(path, "") as file:
        state = torch.load(file, weights_only=True)["state"]
    return len(state["fitted"]["history"])


def lost(before: dict[Path, int], now: dict[Path, int], out: Path) -> list[Path]:
    """What was kept and is no more, though neither result nor record has come of it."""
    if list(out.glob("*/result.json")):
        return []
    gone = [path for path, done in before.items() if now.get(path, 0) < done]
    return [p for p in gone if not p.with_name(f"{p.stem.lstrip('.')}.json").exists()]


def outcome(out: Path) -> dict[str, Any]:
    """Every file of the newest result: numbers without seconds, the bytes of all others.

    A run that is killed once its result is published is begun anew, and the result is numbered.
    """
    found: dict[str, Any] = {}
    for path in sorted(visible(out)):
        if path.relative_to(out).parts[0] in ("checkpoints",) or path.suffix in (".html", ".md"):
            continue
        name = re.sub(r"-run\d+/", "/", path.relative_to(out).as_posix())
        content = _timeless(read_json(path)) if path.suffix == ".json" else path.read_bytes()
        found[name] = json.dumps(content, sort_keys=True) if path.suffix == ".json" else content
    return found


def _timeless(value: Any) -> Any:
    """The value without what a clock has measured, and without the folder of results."""
    if isinstance(value, dict):
        timed = ("seconds", "loading", "out")
        return {k: _timeless(v) for k, v in value.items() if not any(t in k for t in timed)}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def chain(
    name: str, place: Path, kills: int, length: float, generator: random.Random
) -> tuple[Counter[str], Path | None]:
    """One run that is killed again and again, then left to end; the counts, and a copy of it.

    A moment is drawn from what is left of the run's ``length`` if nothing is done twice.
    """
    out, log, counts = place / "out", place / "log", Counter[str]()
    before: dict[Path, int] = {}
    copy: Path | None = None
    for _ in range(kills):
        number = generator.choice(SIGNALS)
        moment = generator.uniform(*WITHIN) * length
        length -= moment
        counts["moments"] += 1
        ended = killed(started(name, out, log), number, moment)
        if ended is None:
            break
        counts["kills"] += 1
        counts[number.name] += 1
        counts["left"] += not ended
        counts["corrupt"] += len(corrupt(out))
        now = kept(out)
        counts["lost"] += len(lost(before, now, out))
        before = now
        if now:
            copy = place / "copy"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(out, copy)
    if not ended_well(name, out, log):
        counts["refused"] += 1
    return counts, copy


def ended_well(name: str, out: Path, log: Path) -> bool:
    """Whether the run, begun once more, comes to its end."""
    process = started(name, out, log)
    process.join()
    return process.exitcode == 0


def flips(name: str, copy: Path, count: int, generator: random.Random) -> Counter[str]:
    """Runs that are resumed from a file with one flipped bit, and those that accept it."""
    counts: Counter[str] = Counter()
    for _ in range(count):
        path = generator.choice(sorted(kept(copy)))
        content = path.read_bytes()
        place = generator.randrange(8 * len(content))
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            status = tuft([*RUNS[name], "--out", str(copy)])
        named = str(path) in said.getvalue() and "elete" in said.getvalue()
        counts["flips"] += 1
        counts["accepted"] += status == 0
        counts["obscure"] += status != 0 and not named
        path.write_bytes(content)
    return counts


def measured(kills: int, flipped: int, seed: int) -> Counter[str]:
    """The counts over all experiments, printed one experiment a line."""
    for name in RUNS:
        importlib.import_module(EXPERIMENTS[name].module)
    generator = random.Random(seed)
    total: Counter[str] = Counter()
    for rank, name in enumerate(RUNS):
        share = kills // len(RUNS) + (rank < kills % len(RUNS))
        with tempfile.TemporaryDirectory() as folder:
            counts, copy = killed_often(name, Path(folder), share, generator)
            if copy is not None:
                counts += flips(name, copy, flipped // len(RUNS), generator)
        print(f"{name:9s} {said(counts)}", flush=True)
        total += counts
    print(f"{'all':9s} {said(total)}", flush=True)
    return total


def killed_often(
    name: str, place: Path, kills: int, generator: random.Random
) -> tuple[Counter[str], Path | None]:
    """One experiment's counts over so many kills, and a copy of what one of them left."""
    counts: Counter[str] = Counter()
    copy: Path | None = None
    while counts["kills"] < kills:
        whole, attempt = (place / f"{kind}{counts['runs']}" for kind in ("whole", "attempt"))
        attempt.mkdir()
        length = undisturbed(name, whole, place / "log")
        wanted = min(KILLS_A_RUN, kills - counts["kills"])
        found, copied = chain(name, attempt, wanted, length, generator)
        counts += found
        counts["runs"] += 1
        unlike = differing(outcome(attempt / "out"), outcome(whole))
        counts["unlike"] += bool(unlike)
        if unlike:
            print(f"{name}: {unlike}", flush=True)
        counts["left"] += len(list((attempt / "out").rglob("*.tuft-*")))
        copy = copied or copy
    return counts, copy


def differing(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Files that one of two outcomes lacks, or has otherwise; a later copy may be numbered."""
    return sorted(n for n in {*found, *expected} if found.get(n) != expected.get(n))


def said(counts: Counter[str]) -> str:
    """The counts in a line; those that must be 0 are always named."""
    names = (*(s.name for s in SIGNALS), "runs", "flips", *WRONG)
    met = f"{counts['kills']} of {counts['moments']} moments met a running process"
    return ", ".join([met, *(f"{name} {counts[name]}" for name in names)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--flips", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    found = measured(given.kills, given.flips, given.seed)
    sys.exit(any(found[name] for name in WRONG))
