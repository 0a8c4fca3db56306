"""The plan of the full benchmarks: every network and rule searched alike, trained to the end."""

from experiments.table.plan import Column, Plan, Search
from rate_bridge.training.options import Options

COMPARED_RULES = ("bp", "dll-minus", "dll-fixed", "kp", "usf", "fa")
COMPARED_BASELINES = ("logistic", "knn")
SEARCH = Search(lr=(1e-4, 3e-4, 1e-3), theta=(0.01, 0.1, 1.0))
MOST_EPOCHS = 50


def _column(
    name: str,
    dataset: str,
    network: str,
    *,
    rules: tuple[str, ...] = COMPARED_RULES,
    batch: int = 64,
    hidden: tuple[int, ...] = (),
) -> Column:
    """A column with what all have in common."""
    return Column(
        name,
        dataset,
        network,
        Options(
            epochs=MOST_EPOCHS,
            batch_size=batch,
            lr=SEARCH.lr[0],
            label_smoothing=0.1,
            weight_decay=0.3,
        ),
        rules,
        (0, 1, 2),
        network_options={"hidden": hidden} if hidden else {},
        allow=("cifar10",) if dataset == "cifar10" else (),
        search=SEARCH,
    )


DEPTH_RULES = ("bp", "dll-minus", "dll-fixed")

FULL = Plan(
    "Full benchmarks: MLP and CNN on MNIST, Fashion-MNIST and CIFAR-10",
    "Networks and batch sizes of the paper. Adam, cross-entropy, tanh, weights N(0, 0.05²), no "
    "bias, targets 0.9 t + 0.01 (as the paper's code), no augmentation; each step takes lr "
    "times 0.3 off every weight that learns, which was chosen for bp on the MNIST MLP; 5,000 "
    "training images held out. Rates: one search for every rule alike, on the held-out images, "
    "first seed, ten epochs a try: W's rate 1e-4, 3e-4, 1e-3; Theta's over it 0.01, 0.1, 1 "
    "where Theta learns; a grid grows by its factor, twice at most at each end, while the best "
    "lies at its end. Epochs, one number for all rules of a column: bp and dll-minus run at "
    "their best rates, held constant, until the mean validation accuracy of five epochs is less "
    "than 0.1 points above that of the five before; the larger number, at most 50, with rates "
    "falling linearly to zero. (The paper names no number; its code takes 100 to 200, or stops "
    "15 to 30 epochs after the best *test* accuracy, and reports that.) Theta: N(0, 1) in dense "
    "layers, N(0, 0.05²) in convolutions for dll, W's deviation for kp and fa. The first seed "
    "of everything is run before the second of anything.",
    (
        _column(
            "MNIST MLP, hidden 1024",
            "mnist",
            "mlp-mnist",
            rules=DEPTH_RULES,
            batch=128,
            hidden=(1024,),
        ),
        _column(
            "MNIST MLP, hidden 1024-512",
            "mnist",
            "mlp-mnist",
            rules=DEPTH_RULES,
            batch=128,
            hidden=(1024, 512),
        ),
        _column(
            "MNIST MLP",
            "mnist",
            "mlp-mnist",
            rules=(*COMPARED_RULES, *COMPARED_BASELINES),
            batch=128,
        ),
        _column(
            "Fashion MLP",
            "fashion-mnist",
            "mlp-fashion",
            rules=(*COMPARED_RULES, *COMPARED_BASELINES),
        ),
        _column("MNIST CNN", "mnist", "cnn-mnist"),
        _column("Fashion CNN", "fashion-mnist", "cnn-fashion"),
        _column("CIFAR-10 CNN", "cifar10", "cnn-cifar10"),
        _column(
            "CIFAR-10 MLP", "cifar10", "mlp-cifar10", rules=(*COMPARED_RULES, *COMPARED_BASELINES)
        ),
    ),
)
"""Columns in the order of what they cost."""
