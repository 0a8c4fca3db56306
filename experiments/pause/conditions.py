"""How a microcircuit may learn beside the plain rule with a pause: a line each.

The first ones do without a pause; the others ask what the matched prediction bears.
"""

from dataclasses import dataclass

from compartments.lookup import look_up
from experiments.pause.learning import PauseCell, PauseTask

MATCHED_AND_FILTERED = ("matched_soma=True", "filtered_target=True")
LATERAL = ("start=random", "eta_PI=1.0")


@dataclass(frozen=True)
class Variant:
    """Copies that differ from their neighbours in values alone."""

    label: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class PauseCondition:
    """Options of the network, and whether plasticity pauses.

    Parameters
    ----------
    label : str
        For figures.
    options : tuple of str
        Beside, or in place of, those of the task.
    paused : bool
        Whether plasticity waits after each switch, for as long as the experiment says.
    variants : tuple of Variant
        Learned side by side.
    """

    label: str
    options: tuple[str, ...] = ()
    paused: bool = False
    variants: tuple[Variant, ...] = (Variant(""),)

    def cell(self, task: PauseTask, seeds: tuple[int, ...], pause_ms: float) -> PauseCell:
        """Its copies, a variant after the other."""
        options = tuple((*self.options, *variant.options) for variant in self.variants)
        return PauseCell(task, options, seeds, pause_ms if self.paused else 0.0)

    def labels(self) -> list[str]:
        """What its variants are called."""
        names = [variant.label for variant in self.variants]
        return [f"{self.label}, {name}" if name else self.label for name in names]


def filter_of(tau_0_ms: float) -> str:
    """The option that sets the low-pass filter of the stimulus."""
    return f"tau_0={tau_0_ms:g}ms"


_NOISE = tuple(
    Variant(f"noise {sigma:g}/√ms", (f"sigma={sigma:g}/ms**0.5",)) for sigma in (0.1, 0.3)
)
_CONDUCTANCES = tuple(Variant(f"g_D = {g_D:g}/ms", (f"g_D={g_D:g}/ms",)) for g_D in (0.5, 2.0))

PAUSE_CONDITIONS: dict[str, PauseCondition] = {
    "both": PauseCondition("matched prediction, filtered target", MATCHED_AND_FILTERED),
    "matched": PauseCondition("matched prediction alone", MATCHED_AND_FILTERED[:1]),
    "filtered": PauseCondition("filtered target alone", MATCHED_AND_FILTERED[1:]),
    "low-pass": PauseCondition("low-pass plasticity", ("tau_w=30ms",)),
    "both-lateral": PauseCondition(
        "both, lateral weights learn", (*MATCHED_AND_FILTERED, "eta_PI=1.0")
    ),
    "both-random": PauseCondition(
        "both, random lateral weights learn", (*MATCHED_AND_FILTERED, *LATERAL)
    ),
    "pause-random": PauseCondition("pause, random lateral weights learn", LATERAL, True),
    "both-noise": PauseCondition("both", MATCHED_AND_FILTERED, variants=_NOISE),
    "pause-noise": PauseCondition("pause", (), True, _NOISE),
    "both-conductance": PauseCondition("both", MATCHED_AND_FILTERED, variants=_CONDUCTANCES),
}
"""All conditions."""


def condition(name: str) -> PauseCondition:
    """The condition of that name.

    Raises
    ------
    ValueError
        For an unknown name; lists the valid ones and the nearest.
    """
    return look_up("condition", name, PAUSE_CONDITIONS)
