"""G4: how many different variables one cell's axon would have to carry."""

from functools import cache

from experiments.audit.audit_test import AuditTest, TestOutcome
from experiments.audit.controls import KNOWN_LEARNERS, KNOWN_NETWORKS, controls
from experiments.audit.g1_reads import of_learner, of_network, reads_of
from experiments.audit.subjects import Audited
from models import Network
from rate_bridge.audit.evidence import verdict_of
from rate_bridge.audit.reads import FAR, IN_CELL, SENT, Reads


def measure(subject: Audited, seed: int = 0) -> TestOutcome:
    """Variables that other cells and their synapses read, cell by cell."""
    if subject.kind == "model":
        sent = sent_by_network(subject.network(seed=seed), reads_of(subject, seed)[0])
        run = controls(_network_control, 1, {"dll": "fails"}, "variables sent")
    else:
        sent = sent_by_layer(reads_of(subject, seed)[0])
        run = controls(_control, 1, {"dll-minus": "fails", "nothing": "holds"}, "variables sent")
    most = max(map(len, sent.values()), default=0)
    said = "; ".join(f"{owner}: {', '.join(names)}" for owner, names in sent.items() if names)
    numbers = {"variables that one cell sends": most}
    return TestOutcome(verdict_of(most > 1), f"{said}.", numbers, run)


def sent_by_network(network: Network, found: Reads) -> dict[str, tuple[str, ...]]:
    """By population, what of its cells is read outside of them; by derivative."""
    names: dict[str, list[str]] = {}
    pres = {p.name: p.pre for p in network.pathways}
    for read in found.found():
        if read.column.kind != "cell":
            continue
        inside = read.row.kind == "synapse" and pres[read.row.owner] == read.column.owner
        if read.place == SENT or (inside and read.place == IN_CELL):
            names.setdefault(read.column.owner, []).append(read.column.variable)
    return {owner: tuple(dict.fromkeys(each)) for owner, each in names.items()}


def sent_by_layer(found: Reads) -> dict[str, tuple[str, ...]]:
    """By layer of cells between input and output, what of them is read elsewhere."""
    activities = [c.owner for c in found.columns if c.variable == "u"]
    cells = {owner: f"layer {k}" for k, owner in enumerate(activities)}
    above = {owner: f"layer {k + 1}" for k, owner in enumerate(activities)}
    sent: dict[str, list[str]] = {f"layer {k}": [] for k in range(1, len(activities))}
    for read in found.found():
        if read.column.kind != "cell" or read.place not in (SENT, FAR):
            continue
        is_u = read.column.variable == "u"
        owner = (cells if is_u else above)[read.column.owner]
        if owner in sent:
            sent[owner].append("u" if is_u else "error")
    return {owner: tuple(dict.fromkeys(names)) for owner, names in sent.items()}


def _most(sent: dict[str, tuple[str, ...]]) -> float:
    return float(max(map(len, sent.values()), default=0))


@cache
def _control(name: str) -> float:
    return _most(sent_by_layer(of_learner(KNOWN_LEARNERS[name])))


@cache
def _network_control(name: str) -> float:
    network = KNOWN_NETWORKS[name]()
    return _most(sent_by_network(network, of_network(network)[0]))


ONE_AXON = AuditTest(
    "G4",
    "one axon",
    "A cell has one axon: everything that other cells and their synapses read of it is one "
    "variable.",
    1,
    "a whole number; a second variable needs a second axon, or a code such as bursts",
    measure,
)
