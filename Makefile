# Two commands on a fresh machine: `make run` and `make test`. Everything lives in .venv and FITMATCH_DATA_DIR (.fitmatch).
PYTHON ?= python3
# On Linux, PyPI's torch brings several GB of CUDA libraries. A machine without a GPU may say
#   make run TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
CODE := api db deployments models tests

.PHONY: run test prod-check test-unit test-deployment test-integration test-e2e test-browser screenshots check fmt bench eval train clean

run: .venv/run
	$(BIN)/fitmatch run

test: .venv/dev .venv/s3/installed
	$(BIN)/python -m pytest tests/unit tests/deployment tests/integration tests/e2e tests/browser

test-unit test-deployment test-integration test-e2e test-browser: .venv/dev .venv/s3/installed
	$(BIN)/python -m pytest tests/$(@:test-%=%)

# Production's processes on this machine, without containers, and what shops were promised through their edge.
# The other e2e tests kill parts that `fitmatch run` owns, or read its folder.
prod-check: .venv/dev
	FITMATCH_TEST_LAYOUT=production $(BIN)/python -m pytest tests/production tests/e2e/test_promises.py tests/e2e/test_odd_photos.py

# The pictures of docs/images, as the browser tests see the pages.
screenshots: .venv/dev
	FITMATCH_SCREENSHOTS=docs/images $(BIN)/python -m pytest tests/browser -m screenshots

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/python -m tests.file_shape
	$(BIN)/python -m deployments.lint serve_config.yaml serve_config.cpu.yaml serve_config.local.yaml

fmt: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# QUICK=1 takes nine minutes on two cores, installing apart, and leaves docs/ alone; ONLY=serving renews this section of the report.
# infinity-emb, one of the baselines, gets a virtual environment of its own in .bench (1.4 GB; TORCH_INDEX counts there too).
bench: .venv/bench
	TORCH_INDEX=$(TORCH_INDEX) $(BIN)/python -m tests.benchmarks $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

eval: .venv/dev
	$(BIN)/python -m tests.eval.run

# PHOTOS names a folder with the data set's `train` and `validation` parts (models/checkpoints/mini/README.md).
train: .venv/train
	@test -n "$(PHOTOS)" || { echo "say where the photos are: make train PHOTOS=folder"; exit 2; }
	$(BIN)/python -m models.training.train --photos "$(PHOTOS)" --out models/checkpoints/mini

.venv/run: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==2.13.0
	$(PIP) --editable .
	touch $@

.venv/dev: .venv/run
	$(PIP) --editable '.[dev]'
	touch $@

# The S3-compatible server of the tests, apart: its packages ask for an older python-dateutil than kubernetes-validate.
.venv/s3/installed: .venv/dev
	$(PYTHON) -m venv .venv/s3
	.venv/s3/bin/python -m pip install --quiet --disable-pip-version-check 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
	touch $@

.venv/bench: .venv/dev
	$(PIP) --editable '.[bench]'
	touch $@

.venv/train: .venv/dev
	$(PIP) --editable '.[train]'
	touch $@

clean:
	rm -rf .venv .pytest_cache .ruff_cache
