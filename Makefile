# `make demo` and `make test` each do all the set-up they need.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint bench clean

help:
	@echo "make demo      run the main job on real digits; ends with runs/demo/index.html"
	@echo "make test      the test suite, under ten minutes on two cores"
	@echo "make test-all  the same and the slow tests"
	@echo "make lint      ruff and mypy"
	@echo "make bench     speed of the engines, as ratios measured in one run"

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; sys.exit('Tuft needs Python 3.11 or newer, this is ' + sys.version.split()[0]) if sys.version_info < (3, 11) else None"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
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

bench: $(READY)
	$(BIN)/tuft bench

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
