"""``tuft audit``: claims of biological plausibility of rules and networks, put to causal tests.

Nothing is scored by hand. Each test intervenes and gives a number, a tolerance with its reason and
a verdict; controls whose verdict is known run with it, and if one does not come out, nothing is
said. Then learning itself is put under conditions (masks, noise, few bits, one sign a cell, ...).
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from compartments.domains import Count
from compartments.sizes import check_size
from experiments.audit.audit import audit
from experiments.audit.claims import CONTINUOUS, PUBLISHED_TICKS, VARIANTS
from experiments.audit.costs import LearningTask
from experiments.audit.diagram import circuit_of, diagram, readable
from experiments.audit.evidence_page import draw, sentences, ticks
from experiments.audit.g1_reads import reads_of
from experiments.audit.subjects import Audited, learner
from experiments.lab.models import chosen
from experiments.lab.options import Several, Workers
from experiments.lab.progress import Report, portion
from experiments.lab.runner import FolderName, Result, SeededConfig
from models.registry import MODELS
from rate_bridge.audit.reads import Scalars
from rate_bridge.rules import RULE_NAMES, make_rule

__all__ = ["Config", "draw", "measure", "sentences", "show"]

WEIGHT_BYTES = 40
"""About what a weight takes while it learns, with its feedback weight, gradients and moments."""

LESSON_BYTES = 100_000
"""About what all conditions take for one epoch of one network: descriptions and results."""

DEFAULT_RULE = "dll-minus"

TASK_FIELDS = ("dataset", "hidden", "seeds", "epochs", "batch", "jobs")


@dataclass(frozen=True)
class Config(SeededConfig):
    """Claims of biological plausibility, measured: of a rule, of a network, or of all there are."""

    rule: str = ""
    """A rule by name, such as dll-minus (taken if nothing else is asked for), or
    path/to/file.py:function, which returns a Rule, or a torch module from sizes and a seed."""
    model: str = ""
    """A network in its place: a model by name, or path/to/file.py:function, which returns one."""
    options: tuple[str, ...] = ()
    """Options of the model, such as theta_rule=kp."""
    all: bool = False
    """Every rule and every model there is."""
    learning: bool = True
    """Measure what learning costs under every condition, too."""
    dataset: str = "digits"
    """Classified data set that is learned."""
    hidden: tuple[Count, ...] = (32, 32)
    """Cells in each hidden layer while it learns."""
    seeds: Several = 3
    """Networks that learn under each condition."""
    epochs: Several = 6
    """Passes through the training part."""
    batch: Count = 32
    """Samples in a step."""
    jobs: Workers = 1
    """Processes."""
    name: FolderName = "audit"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.all and (self.rule or self.model):
            raise ValueError("--all: leave out --rule and --model, or leave out --all.")
        if self.options and not self.model:
            raise ValueError("--options: they are a model's; give --model, too.")
        width = max(self.hidden, default=1)
        check_size("audit", "--hidden", needed_bytes=WEIGHT_BYTES * width**2)
        kept = LESSON_BYTES * self.seeds * self.epochs
        check_size("audit", "--seeds or --epochs", needed_bytes=kept)
        if self.model:
            chosen(self.model).need(*chosen_names(self.options))
        if self.rule:
            learner(self.rule)

    def task(self, subject: Audited) -> LearningTask | None:
        """What is learned under every condition; with all others, not by variants of models."""
        if not self.learning or (self.all and subject.options):
            return None
        fields = {f: getattr(self, f) for f in TASK_FIELDS}
        return LearningTask(self.kept, **fields)

    @property
    def model_digest(self) -> str:
        """Of the files that rule and model come from."""
        return "".join(subject.digest for subject in self.subjects())

    def subjects(self) -> list[Audited]:
        """What is audited; a rule that has a form in time with it."""
        if self.all:
            models = [(name, ()) for name in MODELS]
            rules = [name for name in RULE_NAMES if not _is_default(name)]
            found = [Audited("rule", name) for name in rules]
            return found + [Audited("model", *entry) for entry in (*models, *VARIANTS)]
        found = [Audited("model", self.model, self.options)] if self.model else []
        rule = self.rule or ("" if self.model else DEFAULT_RULE)
        if rule:
            found.append(Audited("rule", rule))
        if rule in CONTINUOUS:
            found.append(Audited("model", *CONTINUOUS[rule]))
        return found


def chosen_names(options: tuple[str, ...]) -> list[str]:
    """The names of options written as ``name=value``."""
    return [option.partition("=")[0] for option in options]


def _is_default(name: str) -> bool:
    """Whether a rule is another's name without its option: ``dll`` is ``dll-minus``."""
    return any(
        other.startswith(f"{name}-") and make_rule(other) == make_rule(name) for other in RULE_NAMES
    )


def measure(config: Config, folder: Path, progress: Report) -> dict[str, Any]:
    """The evidence about every subject."""
    subjects = config.subjects()
    found = []
    for number, subject in enumerate(subjects):
        share = portion(progress, number / len(subjects), (number + 1) / len(subjects))
        found.append(_evidence(config, subject, share))
    return {"subjects": found}


def _evidence(config: Config, subject: Audited, progress: Report) -> dict[str, Any]:
    begun = time.perf_counter()
    if subject.kind == "model":
        subject.network()  # what its description refuses is said before any test
    evidence = audit(subject, config.task(subject), seed=config.seed, progress=progress)
    offenders = [arrow for finding in evidence.findings for arrow in finding.offenders]
    drawn, places = circuit_of(subject)
    findings = [
        {**asdict(f), "numbers": dict(f.numbers), "why": readable(f.why, places)}
        for f in evidence.findings
    ]
    return {
        "label": subject.label,
        "kind": subject.kind,
        "command": subject.command,
        "published": published(subject),
        "findings": findings,
        "circuit": diagram(drawn, places, offenders),
        "reads": block_reads(subject, config.seed, places),
        "costs": dict(evidence.costs) or None,
        "seconds": time.perf_counter() - begun,
    }


def published(subject: Audited) -> str | None:
    """The ticks of Table 1 of Lv et al. 2025, where it has a row."""
    return None if subject.options else PUBLISHED_TICKS.get(subject.name)


def block_reads(subject: Audited, seed: int, places: Mapping[str, str]) -> dict[str, Any]:
    """What reads what, by blocks, which are called as in the circuit."""

    def called(block: Scalars) -> str:
        return readable(block.label, places)

    try:
        matrix, _ = reads_of(subject, seed)
    except ValueError:  # no derivative, or no pass that repeats; the tests say so
        return {"rows": [], "columns": [], "reads": []}
    found = matrix.found()
    rows = [called(block) for block in matrix.rows]
    read = {r.column for r in found}
    columns = [called(block) for block in matrix.columns if block in read]
    pairs = [
        {
            "row": called(r.row),
            "column": called(r.column),
            "place": r.place,
            "scalars": int(np.ceil(r.scalars / matrix.copies)),
        }
        for r in found
    ]
    return {"rows": rows, "columns": columns, "reads": pairs}


def show(result: Result) -> None:
    """Verdicts on the terminal, a row a subject."""
    found = (finding["test"] for subject in result["subjects"] for finding in subject["findings"])
    tests = list(dict.fromkeys(found))
    table = Table("", "published", "measured", *tests)
    for subject in result["subjects"]:
        verdicts = [finding["verdict"] for finding in subject["findings"]]
        row = (subject["label"], subject["published"] or "–", ticks(subject), *verdicts)
        table.add_row(*row)
    Console(width=150).print(table)
