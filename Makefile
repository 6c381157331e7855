# `make run` and `make test` are all a newcomer needs. Everything happens inside .venv and var/.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A wheel index for CPU builds of PyTorch, e.g. make run TORCH_INDEX=<index address>; empty: the default index.
TORCH_INDEX ?=
PIP_TORCH := $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX),)
AUTO_UI_PORT ?= 8531
export AUTO_UI_PORT
# the model and everything else is on disk: no part may look for it on a network
export HF_HUB_OFFLINE := 1

.PHONY: run test check e2e bench install vectors worker clean

run: install
	$(BIN)/streamlit run app.py --server.port $(AUTO_UI_PORT)

install: $(VENV)/.installed

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Paratope needs Python 3.11 or newer; use make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	@echo "Installing into $(VENV): this takes a few minutes the first time."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check $(PIP_TORCH) $$(grep -m1 '^torch==' requirements.txt)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

test: install
	$(BIN)/python -m pytest -m "not browser"

check: install
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

e2e: install
	$(BIN)/python -m pytest -m browser tests/browser

bench: install
	$(BIN)/python -m benchmarks

# after a change of the curated knowledge
vectors: install
	$(BIN)/python -m services.evidence.precomputed

# the background work without serving: migrations, collections, indexing; for deployments with a Milvus server
worker: install
	$(BIN)/python -m services.worker

clean:
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
