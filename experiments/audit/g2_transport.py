"""G2: whether forward weights enter errors and updates without activity (claim C1)."""

from functools import cache

from experiments.audit.audit_test import AuditTest, TestOutcome
from experiments.audit.controls import KNOWN_LEARNERS, KNOWN_NETWORKS, controls
from experiments.audit.g1_reads import of_network, reads_of
from experiments.audit.subjects import Audited
from rate_bridge.audit.evidence import Control, verdict_of
from rate_bridge.audit.network_transport import NetworkTransport, network_transport
from rate_bridge.audit.transport import EXACT, Transport, transport

WIDE_SIZES = (12, 10, 9, 8)
"""Large enough that a cosine of independent weights stays small."""


def measure(subject: Audited, seed: int = 0) -> TestOutcome:
    """Interventions on a learner; reads and starting weights of a network."""
    if subject.kind == "model":
        return _of_network(subject, seed)
    found = transport(subject.learner, seed=seed)
    numbers = {
        "change of errors, W drawn anew": found.error,
        "change of other updates, W drawn anew": found.update,
        "parameters that share memory": found.shared,
        "cosine of feedback and W at the start": found.start,
        "cosine after W alone was drawn anew": found.follows,
        "cosine that chance reaches": found.chance,
        "change of an error with another sample": found.across,
        "naive test: change of the lowest update": found.naive,
    }
    verdict = verdict_of(found.is_found)
    return TestOutcome(verdict, _ways(found), numbers, _controls(), found.through)


def _ways(found: Transport) -> str:
    """In words, by which ways W is transported."""
    ways = []
    if max(found.error, found.update) > EXACT:
        arrows = "; ".join(f"{a} into {b}" for a, b in found.through)
        ways.append(f"W enters while all activities are held: {arrows}")
    if found.shared:
        ways.append("parameters share memory")
    if found.start > found.chance:
        ways.append(f"feedback begins at W (cosine {found.start:.2f})")
    if found.follows > found.chance:
        ways.append(f"feedback follows W when W alone is drawn anew (cosine {found.follows:.2f})")
    if found.across > EXACT:
        ways.append("a sample's error depends on the other samples of its batch")
    said = "; ".join(ways)
    return f"{said}." if ways else "Nothing changes when W is drawn anew with activities held."


def _of_network(subject: Audited, seed: int) -> TestOutcome:
    large = subject.network(WIDE_SIZES, seed)
    found = network_transport(large, reads_of(subject, seed)[0])
    numbers = {
        "places where a weight is read that is not its own": len(found.read_elsewhere),
        "pathways that start with another's weights": len(found.ties),
        "largest cosine of two pathways' weights": found.cosine,
    }
    run = controls(
        _network_control,
        0,
        {"dll": "holds", "dll, Theta := W": "fails"},
        "pathways tied or read elsewhere",
    )
    return TestOutcome(
        verdict_of(_count(found)),
        _network_ways(found),
        numbers,
        run,
        (*found.read_elsewhere, *((f"{t.first}.w", f"{t.second}.w") for t in found.ties)),
    )


def _count(found: NetworkTransport) -> int:
    return len(found.read_elsewhere) + len(found.ties)


def _network_ways(found: NetworkTransport) -> str:
    ways = [f"{b} reads {a}" for a, b in found.read_elsewhere]
    ways += [
        f"{tie.second} starts as {tie.first} times a number (cosine {tie.cosine:.2f})"
        for tie in found.ties
    ]
    said = "; ".join(ways)
    return (
        f"{said}."
        if ways
        else "Every weight is read by its own synapse alone, and starts on its own."
    )


@cache
def _learner_control(name: str) -> Transport:
    return transport(KNOWN_LEARNERS[name])


@cache
def _network_control(name: str) -> float:
    network = KNOWN_NETWORKS["dll"]()
    if name.endswith("W"):
        weights = {n: network.weights[n.replace("theta", "W")] for n in network.weights}
        network = network.with_weights(type(network.weights)(weights))
    return float(_count(network_transport(network, of_network(network)[0])))


def _controls() -> tuple[Control, ...]:
    """Backpropagation fails, the others hold; the naive test tells none of them apart."""

    def held(name: str) -> float:
        return float(_learner_control(name).is_found)

    def naive(name: str) -> float:
        return _learner_control(name).naive

    expected = {"bp": "fails", "fa": "holds", "dll-minus": "holds", "nothing": "holds"}
    same = {"bp": "fails", "fa": "fails", "dll-minus": "fails"}
    return (
        *controls(held, 0, expected, "ways by which W is transported"),  # type: ignore[arg-type]
        *controls(naive, EXACT, same, "the naive shuffle of W before the forward pass"),  # type: ignore[arg-type]
    )


TRANSPORT = AuditTest(
    "G2",
    "weight transport",
    "C1: with all activities held, forward weights W enter neither an error nor another weight's "
    "update, and feedback weights Theta are not W: not by storage, not at the start, not by the "
    "statistics of a batch.",
    EXACT,
    (
        "the same operations on the same numbers give the same bits; a cosine above five standard "
        "deviations of chance is no chance"
    ),
    measure,
)
