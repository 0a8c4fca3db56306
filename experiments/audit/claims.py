"""What is claimed, where, and what the words of a page mean."""

from typing import NamedTuple

CLAIM_TESTS: dict[str, tuple[str, ...]] = {
    "C1": ("G2",),
    "C2": ("G1",),
    "C3": ("G3a", "G3b", "G3c"),
}
"""By criterion of Lv et al. 2025: the tests that measure it; it holds where all of them hold."""

PUBLISHED_TICKS: dict[str, str] = {
    "bp": "✗✗✗",
    "fa": "✓✗✗",
    "local-losses": "✗✓✗",
    "pc": "✗✓✗",
    "perturbation": "✓✓✗",
    "dtp": "✓✓✗",
    "hebbian": "✓✓✓",
    "r-stdp": "✓✓✓",
    "ff": "✓✓✓",
    "ep": "✓✓✓",
    "dll": "✓✓✓",
    "dll-minus": "✓✓✓",
}
"""Column C1 C2 C3 of Table 1 of Lv et al. 2025, by learner or model."""


class Continuous(NamedTuple):
    """A model that runs a rule in continuous time, and its options."""

    model: str
    options: tuple[str, ...]


CONTINUOUS: dict[str, Continuous] = {
    "dll-minus": Continuous("dll", ()),
    **{
        f"dll-{rule}": Continuous("dll", (f"theta_rule={rule}",))
        for rule in ("plus", "fixed", "kp")
    },
}
"""By rule: its form in time, which is audited with it. Feedback alignment's is dll-fixed's."""

VARIANTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    *(("dll", (f"theta_rule={rule}",)) for rule in ("plus", "fixed", "kp")),
    ("microcircuit", ("start=random",)),
)
"""Models with other options than their defaults that ``--all`` audits beside them."""

GLOSSARY: dict[str, str] = {
    "W": "forward weights: synapses that carry activity up; layer by layer, (cells above, below)",
    "Theta": "feedback weights: synapses that carry errors down; of W's shape, a matrix of its own",
    "u, a, x": "a cell's basal (prediction), apical (feedback) and somatic variable",
    "error": "x - u, the difference between soma and basal dendrite; delta is it times f'",
    "f, f'": "a cell's activation function and its slope",
    "tau": "time constant of the cells, 10 ms",
    "T": "how long each sample is shown",
    "gate": "the signal that lets synapses learn, here off for a time after each switch of samples",
    "Algorithm 1": "DLL's discrete learning step (Lv et al. 2025, appendix A): forward, target, "
    "errors down through Theta, then W and Theta change; what the network in time rests at",
    "C1": "no weight transport: feedback does not know W",
    "C2": "locality: an update reads what its synapse can know",
    "C3": "no phases: learning needs no clock, stored phase, or stage that all must end together",
    "held": "kept as it was while something else is changed (an intervention)",
    "drawn anew": "replaced by independent random numbers of the same size",
    "reads": "an update reads a number if it comes out differently when that number alone differs",
    "cosine": "of the angle between two arrays: 1 the same direction, 0 unrelated",
    "Dale": "all that one cell sends has one sign",
    "one axon": "a cell has one output; two different variables sent need two, or a code",
    "holds, fails": "what the measurement says; ✓ and ✗",
    "control": "a rule whose verdict is known; if it does not come out, nothing is said",
}
"""Words of the pages."""

SOURCES = (
    "Lv et al. 2025, PMLR 267:41682-41700: DLL, criteria C1 to C3, Table 1",
    "Lillicrap et al. 2016, Nature Communications 7:13276: feedback alignment",
    "Sacramento et al. 2018, NeurIPS 31: dendritic cortical microcircuits",
    "Akrout et al. 2019, NeurIPS 32: Kolen-Pollack and weight mirror",
    "Whittington & Bogacz 2019, Trends Cogn. Sci. 23:235; Lillicrap et al. 2020, Nat. Rev. "
    "Neurosci. 21:335: criteria, argued",
    "Bredenberg et al. 2023, NeurIPS 36: locality as what may not enter a rule",
)
"""Where claims and criteria come from."""
