"""Which experiments there are: one line each."""

from typing import NamedTuple


class Entry(NamedTuple):
    """An experiment: its module (see :mod:`experiments.lab.runner`), and one line about it."""

    module: str
    summary: str


EXPERIMENTS: dict[str, Entry] = {
    "traces": Entry(
        "experiments.traces.experiment", "what each compartment does, beside Algorithm 1"
    ),
    "dendrite": Entry("experiments.dendrite.experiment", "one neuron by every tool, beside theory"),
    "demo": Entry("experiments.demo", "the story in one command: traces, learning, comparison"),
    "compare": Entry(
        "experiments.compare.experiment", "continuous time against the reference, same samples"
    ),
    "transfer": Entry("experiments.transfer", "weights from the reference into Brian2, and back"),
    "verify": Entry(
        "experiments.verify.experiment", "every link between the engines, beside its tolerance"
    ),
    "bench": Entry(
        "experiments.bench.experiment", "speed of the engines, as ratios measured in one run"
    ),
    "equivalence": Entry(
        "experiments.equivalence.experiment", "Brian2 against torch, every option and step"
    ),
    "law": Entry(
        "experiments.law.experiment", "the error of one update against T, dt and eta, fitted"
    ),
    "stream": Entry(
        "experiments.stream.experiment", "bias and noise of updates in an unbroken stream"
    ),
    "spikes": Entry(
        "experiments.spikes.experiment", "neurons that fire; DLL by events, bursts carry the error"
    ),
    "remedies": Entry(
        "experiments.remedies.experiment", "learning without phases: remedies x presentation time"
    ),
    "audit": Entry(
        "experiments.audit.experiment", "claims of biological plausibility, put to causal tests"
    ),
    "self-prediction": Entry(
        "experiments.self_prediction.experiment", "interneurons learn to cancel what comes down"
    ),
    "association": Entry(
        "experiments.association.experiment", "one pattern and its target, in continuous time"
    ),
    "regression": Entry(
        "experiments.regression.experiment", "a microcircuit learns what another network computes"
    ),
    "steady-state": Entry(
        "experiments.steady_state.experiment", "microcircuits at rest learn images, and backprop"
    ),
    "pause": Entry(
        "experiments.pause.experiment", "accuracy against the pause after a switch, and without"
    ),
    "train": Entry("experiments.table.train", "one network, one data set, one rule, one seed"),
    "table": Entry("experiments.table.experiment", "rules x networks x data x seeds, as a table"),
    "export": Entry("experiments.export.command", "what a run has recorded, as NWB, neo or CSV"),
    "run": Entry("experiments.run", "any experiment again, from its config.json"),
    "draw": Entry("experiments.draw", "figures and page of a finished run, drawn anew"),
    "seal": Entry("experiments.seal", "digests for results that were edited, or are of old"),
}
