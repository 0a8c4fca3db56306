# `make demo` and `make test` each do all the set-up they need.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
HASHED := $(PIP) --require-hashes --requirement

# The supported Pythons are the classifiers of pyproject.toml, and they alone.
SUPPORTED := $(shell sed -n 's/.*Language :: Python :: \(3\.[0-9]*\)".*/\1/p' pyproject.toml)
FOUND      = $(shell { $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'; } 2>/dev/null)
REFUSED    = Tuft needs Python $(SUPPORTED); $(PYTHON) is $(or $(FOUND),none). Name another: make PYTHON=python3.13

# What torch needs for CUDA, and what it needs without.
CUDA  := cuda-bindings cuda-toolkit nvidia-cudnn-cu13 nvidia-cusparselt-cu13 nvidia-nccl-cu13 \
         nvidia-nvshmem-cu13 triton
PLAIN := filelock fsspec jinja2 networkx setuptools sympy typing-extensions

# Tools that are not part of the environment: they lock it and look for known holes in it.
TOOLS := build/tools
UV    := $(TOOLS)/bin/uv
LOCK  := $(UV) pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
         --no-emit-index-url --custom-compile-command "make lock" $(LOCK_OPTIONS)

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint kills bench fuzz export lock audit-packages clean

help:
	@echo "make demo      run the main job on real digits; ends with runs/demo/index.html"
	@echo "make test      the test suite, under ten minutes on two cores"
	@echo "make test-all  the same and the slow tests"
	@echo "make lint      ruff and mypy"
	@echo "make kills     100 killed runs resumed, 100 flipped bits refused; prints the counts"
	@echo "make bench     speed of the engines, as ratios measured in one run"
	@echo "make export    what tuft export needs for NWB and neo, and its tests"
	@echo "make fuzz      10,000 odd calls and 10,000 hostile texts, counted by what became of them"
	@echo "make lock      the files in requirements/ anew, after a change of pyproject.toml"
	@echo "make audit-packages  known vulnerabilities in what is installed, by pip-audit"
	@echo "PYTHON=python3.13 chooses the Python, VENV=folder where the environment stands"

# Every package is checked by hash. Without an NVIDIA GPU torch's CPU build is taken where pip finds it.
TORCH = $(if $(shell command -v nvidia-smi),torch,torch-cpu)
$(READY): pyproject.toml $(wildcard requirements/*.txt)
	$(if $(filter $(FOUND),$(SUPPORTED)),,$(error $(REFUSED)))
	$(PYTHON) -m venv $(VENV)
	$(HASHED) requirements/tuft.txt
	said=$$($(HASHED) requirements/$(TORCH).txt 2>&1) || case $$said in \
	  *"No matching distribution"*) \
	    echo "torch as PyPI has it: on Linux with CUDA, 5 GB (the README says how to have less)"; \
	    $(HASHED) requirements/torch.txt;; \
	  *) echo "$$said"; exit 1;; esac
	$(PIP) --no-build-isolation --editable .
	$(BIN)/python -m pip check
	touch $(READY)

demo: $(READY)
	$(BIN)/tuft demo

test: $(READY)
	$(BIN)/python -m pytest -n 2 -m "not slow"

test-all: $(READY)
	$(BIN)/python -m pytest -n 2

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

kills: $(READY)
	$(BIN)/python tests/kills.py

bench: $(READY)
	$(BIN)/tuft bench

export: $(READY)
	$(HASHED) requirements/export.txt
	$(BIN)/python -m pytest tests/experiments/test_export.py

fuzz: $(READY)
	PYTHONPATH=tests OMP_NUM_THREADS=1 $(BIN)/python -m fuzz --calls 10000
	$(BIN)/python -m pytest -q -m slow -k ten_thousand_fuzzed_texts tests/compartments

$(TOOLS)/.ready:
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet uv==0.13.9 pip-audit==2.10.1
	touch $@

# Versions that pyproject.toml still allows stay; LOCK_OPTIONS=--upgrade looks for newer ones.
# torch stands apart, with what it needs for CUDA; torch-cpu.txt is kept by hand.
lock: $(TOOLS)/.ready
	printf '%s; python_version < "3"\n' $(CUDA) > build/no-cuda.txt
	$(LOCK) --extra dev --override build/no-cuda.txt --no-emit-package torch pyproject.toml \
	  --output-file requirements/tuft.txt
	$(LOCK) --extra export --override build/no-cuda.txt --no-emit-package torch pyproject.toml \
	  --constraint requirements/tuft.txt --output-file requirements/export.txt
	printf '%s; python_version < "3"\n' $(PLAIN) > build/no-plain.txt
	sed -n 's/^\(torch==[0-9.]*\)+cpu.*/\1/p' requirements/torch-cpu.txt > build/torch.in
	$(LOCK) --override build/no-plain.txt build/torch.in --output-file requirements/torch.txt

# Asks PyPI's service about every package and version that is locked; one that it cannot answer for fails.
audit-packages: $(TOOLS)/.ready
	$(TOOLS)/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements/tuft.txt --requirement requirements/torch.txt

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
