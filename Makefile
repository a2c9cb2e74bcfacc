# Every target works on a fresh machine: it creates what it needs, and is quick when called again.
#   make demo       install, fetch the embedded model, run the main job on it, print the results
#   make test       install, run the whole default test suite
#   make check      ruff, mypy, import-linter
#   make bench      the performance benchmarks, with their bars
#   make test-vllm  the tests that need a real vLLM on CPU (a venv of its own, several GB)
.DELETE_ON_ERROR:
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

# The first of these that is Python 3.11 to 3.13. Another one: make PYTHON=/path/to/python test
SUPPORTED = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
ifeq ($(origin PYTHON), undefined)
PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3; do \
	"$$p" -c '$(SUPPORTED)' >/dev/null 2>&1 && echo "$$p" && break; done; true)
endif

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
MODEL := smollm2-135m

.PHONY: demo test check bench peers peers-irt test-vllm clean

demo: .venv/.demo
	$(BIN)/llmgen models pull $(MODEL)
	$(BIN)/llmgen eval finetunebench --model local/$(MODEL)

test: .venv/.test
	$(BIN)/python -m pytest

check: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

bench: .venv/.test
	$(PIP) -e ".[bench]"
	$(BIN)/python bench/scoring.py
	$(BIN)/python bench/glicko.py
	$(BIN)/python bench/irt.py
	$(BIN)/python bench/irt_store.py
	$(BIN)/python bench/store.py
	$(BIN)/python bench/extraction.py
	$(BIN)/python bench/xfinder.py
	$(BIN)/python bench/contamination.py
	$(BIN)/python bench/gateway.py
	$(BIN)/python bench/sandbox.py

# The peers that bench/gateway.py compares with, each in a venv of its own: their pins exclude each other.
peers: .venv-lm-eval/.done .venv-litellm/.done

# Those of bench/irt.py.
peers-irt: .venv-girth/.done .venv-mirt/.done .venv-theta-irt/.done .venv-py-irt/.done

test-vllm: .venv/.test
	bash tests/vllm/setup.sh .venv-vllm
	LLMGEN_VLLM_PYTHON="$(CURDIR)/.venv-vllm/bin/python" $(BIN)/python -m pytest -m vllm

clean:
	rm -rf .venv .venv-* build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "llmgen needs Python 3.11, 3.12 or 3.13; none found: make PYTHON=/path/to/python3.11 ..."; exit 2; }
	@"$(PYTHON)" -c '$(SUPPORTED)' || { echo "llmgen needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$("$(PYTHON)" -V 2>&1)"; exit 2; }
	"$(PYTHON)" -m venv .venv

.venv/.demo: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -e ".[embedded]"
	@touch $@

# torch first and pinned, so that a CPU build which pip already knows of is taken before anything asks for more.
.venv/.test: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) torch==2.13.0
	$(PIP) -e ".[embedded,gemini,transformers,test]"
	@command -v nvidia-smi >/dev/null || $(BIN)/python -c 'import torch, sys; \
		sys.exit(torch.version.cuda and "warning: this machine has no GPU, but pip chose a CUDA build of torch (the tests pass with it; it wastes disk)")' || true
	@touch $@ .venv/.demo

.venv-%/.done: | .venv/.test
	"$(BIN)/python" -m venv .venv-$*
	.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check "$*$(if $(filter lm-eval,$*),[api])"
	@touch $@
