"""Lateral inhibition that decorrelates: cells that are active together learn to silence each other.

Every cell has an input of its own and inhibits all others, none itself. The inhibition between two
cells grows with the product of their activities (anti-Hebbian) until, on average, that product
vanishes (Foeldiak 1989, Proc. IJCNN 1:401-405; 1990, Biol. Cybern. 64:165-170).
"""

import numpy as np
from brian2 import ms

from compartments import Compartment, Neuron, PlasticityRule, input_neuron
from models import Network, Pathway, Population, WeightBundle, no_autapses, one_to_one

INHIBITED = Neuron(
    "cell",
    (Compartment("soma", "dv/dt = (drive - inhibition - v)/tau : 1\ndrive : 1\ninhibition : 1"),),
    {"tau": 10 * ms},
)
ANTI_HEBB = PlasticityRule("anti_hebb", "dw/dt = learning*eta*v_post*v_pre : 1", {"eta": 0.01})


def network(seed: int = 0, n: int = 5) -> Network:
    """``n`` cells; inhibition is never negative and begins near 0."""
    others = no_autapses(n)
    weights = {
        "up": np.eye(n),
        "lateral": np.random.default_rng(seed).uniform(0, 0.05, (n, n)) * others,
    }
    bounds = (0.0, None)
    pathways = (
        Pathway("up", "input", "cells", "drive", "u", mask=one_to_one(n)),
        Pathway(
            "lateral", "cells", "cells", "inhibition", "v", ANTI_HEBB, mask=others, bounds=bounds
        ),
    )
    populations = (Population("input", n, input_neuron()), Population("cells", n, INHIBITED))
    return Network(populations, pathways, WeightBundle(weights), readout=("cells", "v"))
