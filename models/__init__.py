"""Networks: who projects to whom."""

from models.brian_engine import simulate
from models.brian_export import to_brian2
from models.divergence import DivergenceError
from models.dll import DLLNetwork, DLLOptions, dll_network, dll_weights
from models.eligibility import Eligibility
from models.microcircuit import MicrocircuitNetwork, microcircuit_network
from models.microcircuit_options import MicrocircuitOptions
from models.microcircuit_weights import microcircuit_weights, self_predicting
from models.network import Network
from models.pathway import Pathway
from models.population import Population
from models.registry import MODELS, Model, model
from models.run import Run
from models.schedule import Schedule
from models.weights import WeightBundle
from models.wiring import no_autapses, one_to_one, random_mask

__all__ = [
    "MODELS",
    "DLLNetwork",
    "DLLOptions",
    "DivergenceError",
    "Eligibility",
    "MicrocircuitNetwork",
    "MicrocircuitOptions",
    "Model",
    "Network",
    "Pathway",
    "Population",
    "Run",
    "Schedule",
    "WeightBundle",
    "dll_network",
    "dll_weights",
    "microcircuit_network",
    "microcircuit_weights",
    "model",
    "no_autapses",
    "one_to_one",
    "random_mask",
    "self_predicting",
    "simulate",
    "to_brian2",
]
