"""What is compared on images, by name; all have logistic neurons and plastic thresholds."""

from dataclasses import dataclass

from compartments.lookup import look_up


@dataclass(frozen=True)
class ImageLearner:
    """A learner, but for the size of its steps.

    Parameters
    ----------
    label : str
        In tables.
    hidden : tuple of int
        Sizes of its hidden areas.
    rates : tuple of float
        Bottom-up learning rates by area, from below, of which a common factor is selected.
    published : float
        Test error in per cent in Sacramento et al. 2018.
    has_interneurons : bool
        A microcircuit; else backpropagation.
    eta_theta, eta_PI : float
        Of top-down weights, and of those from interneurons.
    """

    label: str
    hidden: tuple[int, ...]
    rates: tuple[float, ...]
    published: float
    has_interneurons: bool = True
    eta_theta: float = 0.0
    eta_PI: float = 0.0


IMAGE_LEARNERS: dict[str, ImageLearner] = {
    "microcircuit": ImageLearner("microcircuit", (500, 500), (15.0, 0.03, 0.1), 1.96),
    "slow-middle": ImageLearner(
        "microcircuit, W1 at half its rate", (500, 500), (15.0, 0.015, 0.1), 1.96
    ),
    "frozen": ImageLearner("microcircuit, W1 frozen", (500, 500), (15.0, 0.0, 0.1), 2.11),
    "all-plastic": ImageLearner(
        "microcircuit, all plastic", (1000,), (15.0, 0.1), 2.48, eta_theta=3e-4, eta_PI=3e-3
    ),
    "backprop": ImageLearner("backpropagation", (500, 500), (0.5, 0.5, 0.5), 1.53, False),
    "shallow": ImageLearner("no hidden area", (), (2.0,), 8.4, False),
}

WEIGHT_SCALE = 0.3
"""Initial bottom-up weights are uniform within plus and minus this."""


def kind(name: str) -> ImageLearner:
    """The learner of that name.

    Raises
    ------
    ValueError
        For an unknown one; lists the valid ones and the nearest.
    """
    return look_up("learner", name, IMAGE_LEARNERS)
