# `make demo` and `make test` are all that a newcomer needs; both make .venv first if need be.

VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help demo test test-fast lint format bench build clean

help:  ## Show these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(VENV)/installed: constraints.txt pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev,browser]"
	touch $@

demo: $(VENV)/installed  ## Compare six regularizers on the red wine table; prints where the report is
	mlflow run . --env-manager local -P project=projects/wine_sae.yaml

test: $(VENV)/installed  ## Run every test; warnings are errors
	OMP_NUM_THREADS=1 pytest --numprocesses 2 --dist worksteal

test-fast: $(VENV)/installed  ## Run the tests that train no whole study
	OMP_NUM_THREADS=1 pytest --numprocesses 2 -m "not slow"

lint: $(VENV)/installed  ## Check form, types and the direction of imports
	ruff check .
	ruff format --check .
	pyright
	lint-imports

format: $(VENV)/installed  ## Bring the code into form
	ruff check --fix .
	ruff format .

bench: $(VENV)/installed  ## Measure: one JSON line a benchmark
	python benchmarks/population.py
	python benchmarks/tracking.py
	python benchmarks/search.py --quality 5

build: $(VENV)/installed  ## Build the wheel and the source distribution into dist/
	python -m build

clean:  ## Remove the environment and what tools have cached; studies and reports stay
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
