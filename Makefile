# `make demo` and `make test` are all that a newcomer needs; both make .venv first if need be.

VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help lock page page-check demo table1-quick test test-long soak fuzz test-fast newest lint format bench \
	images gallery-images results docs docs-serve build wheel-check clean

help:  ## Show these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

# Nothing is installed but files whose hashes stand in the locks; `pip check` tells what they lack.
# By hashes pip would choose the index's build of torch, even where PIP_FIND_LINKS has the CPU build: BUILD is
# a constraint to that one where it is found, else empty.
LOCKED := --require-hashes --no-deps --only-binary :all:
BUILD := $(VENV)/torch.txt
CUDA := $(BIN)/pip show torch | grep -q '^Requires:.*nvidia' && echo --requirement constraints-cuda.lock

$(VENV)/installed: constraints.lock constraints-cuda.lock pyproject.toml
	python3 -m venv $(VENV)
	sed -n 's/^torch==.*/&+cpu/p' constraints.txt > $(BUILD)
	$(BIN)/pip install --quiet --dry-run --no-deps --constraint $(BUILD) torch 2> /dev/null || : > $(BUILD)
	$(BIN)/pip install --quiet $(LOCKED) --requirement constraints.lock --constraint $(BUILD)
	cuda=$$($(CUDA)) || exit 0; $(BIN)/pip install --quiet $(LOCKED) $$cuda
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/pip check
	touch $@

$(BIN)/uv:
	$(MAKE) $(VENV)/installed

lock: $(BIN)/uv  ## Write the hashes of constraints*.txt into their locks; those of the same version stay
	for one in constraints constraints-cuda; do \
	  uv pip compile --quiet --no-deps --generate-hashes --no-annotate --custom-compile-command "make lock" \
	    --output-file $$one.lock $$one.txt || exit 1; done

demo: $(VENV)/installed  ## Find a network to read on the red wine table; prints where the report is
	mlflow run . --env-manager local -P project=projects/wine.yaml

test: $(VENV)/installed  ## Run the tests; warnings are errors
	OMP_NUM_THREADS=1 pytest --numprocesses 2 --dist worksteal -m "not long and not wheel"

test-long: $(VENV)/installed  ## Run those with real servers, browsers, several processes; combinations in full
	OMP_NUM_THREADS=1 pytest --numprocesses 2 --dist loadfile -m "long and not wheel"

soak: $(VENV)/installed  ## Repeat the tests of faults (docs/reliability.md) ten times as often
	OMP_NUM_THREADS=1 pytest -m soak --soak 10

test-fast: $(VENV)/installed  ## Run the tests that train no whole study
	OMP_NUM_THREADS=1 pytest --numprocesses 2 -m "not slow and not wheel"

fuzz: $(VENV)/installed  ## Feed the package bad input, 10,000 cases of each kind, others every time; takes hours
	OMP_NUM_THREADS=1 pytest --numprocesses 2 --dist loadfile --hypothesis-profile nightly tests/fuzz

# An environment of its own, in which pip may go beyond our bounds. torch stays at the locked version where
# that is a CPU build from PIP_FIND_LINKS (BUILD), as the index's newer ones bring gigabytes of CUDA.
NEWEST := build/newest
UPGRADED := "mlflow[auth]" optuna pandas pytorch-lightning torch

newest:  ## Run the tests with the newest MLflow, Optuna, pandas, Lightning and torch; prints which
	$(MAKE) VENV=$(NEWEST) $(NEWEST)/installed
	$(NEWEST)/bin/pip install --quiet --upgrade --constraint $(NEWEST)/torch.txt $(UPGRADED)
	$(NEWEST)/bin/pip list | grep -E '^(mlflow|optuna|pandas|pytorch-lightning|torch) '
	$(MAKE) VENV=$(NEWEST) test

lint: $(VENV)/installed  ## Check form, types and the direction of imports
	ruff check .
	ruff format --check .
	pyright
	lint-imports

format: $(VENV)/installed  ## Bring the code into form
	ruff check --fix .
	ruff format .

table1-quick: $(VENV)/installed  ## Train a few epochs of every column of table 1, to see that all run
	sparse-lightning table1 --quick

bench: $(VENV)/installed  ## Run all benchmarks; prints one table and writes build/bench.json
	python benchmarks/all.py

images: $(VENV)/installed  ## Make the pictures of the page in docs/images anew; takes Chromium and a font with Japanese
	KEEP_IMAGES=1 pytest -q tests/browser/test_comparison_page_images.py

gallery-images: $(VENV)/installed  ## Run the examples and the tutorial, and keep their pictures in docs/images
	OMP_NUM_THREADS=1 python docs/building/gallery_images.py
	OMP_NUM_THREADS=1 KEEP_IMAGES=1 pytest -q tests/documentation/test_tutorial.py

results: $(VENV)/installed  ## Train both versions of table 1, what goes beyond and regressors, and write docs/results.md
	sparse-lightning table1
	sparse-lightning table1 --own-range
	sparse-lightning search projects/wine_sae.yaml --trials 100
	sparse-lightning run projects/beyond_six.yaml
	sparse-lightning run projects/beyond_six_ctg.yaml
	sparse-lightning run projects/beyond_six_census.yaml
	sparse-lightning overview beyond-six beyond-six-ctg beyond-six-census \
	  --title "Beyond the six: 15 regularizers on three tables" --output reports/beyond-six-overview
	sparse-lightning search projects/beyond_six.yaml --trials 50
	python benchmarks/regressors.py --output reports/regressors.md
	{ printf '# Results\n\n' && cat reports/table1/table1.md && echo && \
	  cat reports/table1-own-range/table1.md && \
	  printf '\n## Red wine, each group at the best of 100 trials\n\n' && \
	  cat reports/wine-sae-best/search.md && echo && \
	  cat reports/beyond-six-overview/overview.md && \
	  printf '\n## Red wine, each of 15 groups at the best of 50 trials\n\n' && \
	  cat reports/beyond-six-best/search.md && echo && \
	  cat reports/regressors.md; } > docs/results.md

docs: $(VENV)/installed  ## Build the documentation into site/; a broken link or reference fails
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet

docs-serve: $(VENV)/installed  ## Show the documentation at http://127.0.0.1:8000 while you write it
	NO_MKDOCS_2_WARNING=1 mkdocs serve

build: $(VENV)/installed  ## Build the wheel and the source distribution into dist/
	python -m build --no-isolation

wheel-check: build  ## Go the README's way as a new user: an empty environment, the wheel, a CSV file
	rm -rf build/wheels
	$(BIN)/pip download --quiet $(LOCKED) --dest build/wheels --requirement constraints.lock \
	  --constraint $(BUILD) $$($(CUDA))
	pytest -q -m wheel tests/documentation/test_wheel.py

clean:  ## Remove the environment and what tools have cached; studies and reports stay
	rm -rf $(VENV) build dist site .pytest_cache .ruff_cache .hypothesis .import_linter_cache

page/node_modules: page/package-lock.json
	cd page && npm ci
	touch $@

page: page/node_modules  ## Build the comparison page into the package (needs Node 20.19 or newer)
	cd page && npm run build

page-check: page/node_modules  ## Check the page's form and types, and run its unit tests
	cd page && npm run check
