"""The commands, and words for their options that no option can mean."""

import json
from pathlib import Path

COUNT = ("0", "-1", "1.5", "x", "nan", "", "1e3", "1000000000000", "9" * 30)
WHOLE = ("-1", "1.5", "x", "nan", "", "9" * 30)
NUMBER = ("x", "nan", "inf", "-1", "0", "", "1j", "1e400")
TIME = ("5", "5mV", "-5ms", "0ms", "nan ms", "", "1e400ms", "x", "5 m s")
NAME = ("", "x", "1", "../x", "tanhh", "-")
FOLDER = ("", ".", "..", "a/b", "/")
OPTION = ("eta_W", "eta_W=-1", "eta_W=x", "=", "beta=0", "et=1", "eta_W=nan")
SIZES = ("0", "-1", "x", "1.5", "10000000", "9" * 30)
NO_FILE = ("nowhere", "", "wrong.json", "list.json", "number.json")

COMMON = {"--name": FOLDER, "--seed": WHOLE}
NETWORK = {"--dataset": NAME, "--hidden": SIZES, "--power": NUMBER}

COMMANDS: dict[str, dict[str, tuple[str, ...]]] = {
    "traces": {
        **COMMON,
        "--presentation": TIME,
        "--sizes": SIZES,
        "--model": NAME,
        "--options": OPTION,
        "--variables": NAME,
        "--digits": ("3", "3 3", "10 1", "x 1", "-1 3"),
        "--neurons": COUNT,
        "--dt": TIME,
        "--engine": NAME,
        "--codegen": NAME,
        "--plastic": ("no", "1"),
    },
    "dendrite": {"--name": FOLDER, "--neuron": NAME, "--activation": NAME},
    "demo": {
        "--presentations": COUNT,
        "--sweep-presentations": COUNT[:-2],
        "--codegen": NAME,
        "--jobs": COUNT,
        **COMMON,
    },
    "compare": {
        **COMMON,
        **NETWORK,
        "--options": OPTION,
        "--model": NAME,
        "--presentations": COUNT,
        "--presentation": TIME,
        "--lag": ("5", "-5ms", "nan ms", "400ms", "1e6s"),
        "--blank": ("5", "-5ms", "nan ms", "0.3ms"),
        "--dt": TIME,
        "--engine": NAME,
        "--sweep-engine": NAME,
        "--codegen": NAME,
        "--sweep-presentations": COUNT[:-2],
        "--sweep-seeds": COUNT,
        "--jobs": COUNT,
    },
    "transfer": {
        **COMMON,
        **NETWORK,
        "--presentations": COUNT,
        "--batch": COUNT,
        "--options": OPTION,
        "--decisions": COUNT,
        "--taught": COUNT,
        "--presentation": TIME,
        "--engine": NAME,
        "--codegen": NAME,
    },
    "verify": COMMON,
    "bench": {"--only": NAME, "--name": FOLDER},
    "law": {
        **COMMON,
        **NETWORK,
        "--remedies": NAME,
        "--ratios": NUMBER,
        "--dts-ms": NUMBER,
        "--etas": NUMBER,
        "--switches": COUNT,
        "--learned": COUNT,
    },
    "stream": {
        **COMMON,
        **NETWORK,
        "--activations": NAME,
        "--remedies": NAME,
        "--ratios": NUMBER,
        "--streams": COUNT,
        "--presentations": COUNT,
        "--dt-ms": NUMBER,
    },
    "steady-state": {
        **COMMON,
        "--dataset": NAME,
        "--learners": NAME,
        "--factors": NUMBER,
        "--search-epochs": COUNT,
        "--epochs": COUNT,
        "--batch": COUNT,
    },
    "regression": {
        **COMMON,
        "--learners": NAME,
        "--n-in": COUNT,
        "--hidden": COUNT,
        "--n-out": COUNT,
        "--steps": COUNT,
        "--seeds": COUNT,
        "--batch": COUNT,
        "--points": COUNT,
        "--presentation-ms": NUMBER,
    },
    "association": {
        **COMMON,
        "--model": NAME,
        "--options": OPTION,
        "--sizes": SIZES,
        "--sigmas": NUMBER,
        "--presentation-ms": NUMBER,
        "--taught": COUNT,
        "--dt-ms": NUMBER,
        "--seeds": COUNT,
    },
    "self-prediction": {
        **COMMON,
        "--model": NAME,
        "--options": OPTION,
        "--areas": COUNT,
        "--rules": NAME,
        "--sigmas": NUMBER,
        "--presentations": COUNT,
        "--points": COUNT,
        "--presentation-ms": NUMBER,
        "--dt-ms": NUMBER,
        "--seeds": COUNT,
    },
    "spikes": {**COMMON, "--plan": NAME, "--steps": COUNT, "--units": COUNT},
    "audit": {
        **COMMON,
        "--rule": NAME[1:],
        "--model": NAME[1:],
        "--options": OPTION,
        "--hidden": SIZES,
        "--seeds": COUNT,
        "--epochs": COUNT,
        "--batch": ("0", "-1", "1.5", "x"),
        "--jobs": COUNT,
    },
    "remedies": {
        **NETWORK,
        "--depths": SIZES,
        "--remedies": NAME,
        "--ratios": NUMBER,
        "--etas": NUMBER,
        "--shares": ("eta_theta=-1", "eta=1", "eta_theta", "eta_theta=x"),
        "--seeds": COUNT,
        "--epochs": COUNT,
        "--batch": COUNT,
        "--dt-ms": NUMBER,
        "--jobs": COUNT,
        "--name": FOLDER,
    },
    "pause": {
        **NETWORK,
        "--tau-0s": NUMBER,
        "--pauses": NUMBER,
        "--conditions": NAME,
        "--targets": NUMBER,
        "--presentation-ms": NUMBER,
        "--dt-ms": NUMBER,
        "--seeds": COUNT,
        "--epochs": COUNT,
        "--batch": COUNT,
        "--final-rate": NUMBER,
        "--jobs": COUNT,
        "--name": FOLDER,
    },
    "train": {
        "--dataset": NAME,
        "--network": NAME,
        "--rule": NAME,
        "--epochs": COUNT,
        "--batch-size": COUNT[:-2],
        "--lr": NUMBER,
        "--theta-lr": NUMBER[:4],
        "--schedule": NAME,
        "--optimizer": NAME,
        "--weight-decay": NUMBER[:4],
        "--loss": NAME,
        "--label-smoothing": ("-1", "1", "nan", "x"),
        "--clip": NUMBER,
        "--patience": COUNT[:-2],
        "--precision": NAME,
        "--device": (*NAME, "meta", "cuda:99"),
        "--seed": WHOLE,
        "--hidden": SIZES,
        "--threads": COUNT,
    },
    "table": {
        "--plan": NAME,
        "--datasets": NAME,
        "--networks": NAME,
        "--rules": NAME,
        "--seeds": WHOLE,
        "--minutes": ("x", "nan", "-1"),
        "--threads": COUNT,
    },
    "equivalence": {
        **COMMON,
        "--only": NAME,
        "--sizes": SIZES,
        "--presentations": COUNT,
        "--steps": COUNT,
        "--jobs": COUNT,
    },
    "seal": {"paths": ("nowhere", "wrong.json", "list.json")},
    "draw": {"folder": NO_FILE},
    "export": {"folder": NO_FILE, "--format": ("nwbb", "7")},
    "run": {"file": NO_FILE},
}
"""For every command its options, and words that each refuses."""


def arguments_of(command: str, given: dict[str, str]) -> list[str]:
    """The command line; files that it names are there, and of a wrong kind."""
    Path("wrong.json").write_text("{", encoding="utf-8")
    Path("list.json").write_text("[]", encoding="utf-8")
    Path("number.json").write_text(json.dumps({"experiment": 3}), encoding="utf-8")
    words = [command]
    for option, word in given.items():
        words += [option] if option.startswith("--") else []
        words += word.split(" ") if option in ("--digits",) else [word]
    return words
