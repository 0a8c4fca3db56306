"""Published numbers beside which ours are shown, with their tables.

Lv et al. 2025 (PMLR 267:41682-41700): Tables 1, 2, 3, 5 and 7. From (column, rule, metric) to the
number; accuracies in per cent. Only columns whose data and network are those of the paper have any.
"""

from experiments.table.tabulate import Published

_ACCURACY = {
    # Table 1, MLP and CNN
    "MNIST MLP": {"bp": 98.62, "fa": 91.87, "dll-minus": 97.57, "dll-fixed": 97.37},
    "Fashion MLP": {"bp": 88.54, "fa": 82.16, "dll-minus": 87.50},
    "SVHN MLP": {"bp": 60.91, "fa": 54.91, "dll-minus": 56.60},
    "CIFAR-10 MLP": {"bp": 48.74, "fa": 48.46, "dll-minus": 45.87},
    "MNIST CNN": {"bp": 99.56, "fa": 97.00, "dll-minus": 98.87},
    "Fashion CNN": {"bp": 92.68, "fa": 89.74, "dll-minus": 90.88},
    "SVHN CNN": {"bp": 95.35, "fa": 92.66, "dll-minus": 85.81},
    "CIFAR-10 CNN": {"bp": 75.10, "fa": 59.60, "dll-minus": 70.89, "dll-fixed": 69.85},
    # Table 7
    "MNIST MLP, hidden 1024": {"dll-minus": 71.15},
    "MNIST MLP, hidden 1024-512": {"dll-minus": 89.61},
    # Table 5
    "MR TextCNN": {"bp": 74.68, "dll-minus": 70.79},
    "Subj TextCNN": {"bp": 88.50, "dll-minus": 84.40},
}

PUBLISHED: Published = {
    (column, rule, "accuracy"): value
    for column, rules in _ACCURACY.items()
    for rule, value in rules.items()
}
