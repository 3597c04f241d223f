# make install | demo | test | test-slow | test-all | test-oldest | test-newest |
#      coverage | lint | docs | notebook | dist | mmcv | web-assets
# Each makes or reuses .venv; docs has a small environment of its own.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
VENV ?= .venv
PYTHON ?= python3.11
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check
MMCV := 2.1.0
DEMO ?= work_dirs/demo

# Tests of one file stay together, as they share what is costly to make.
IN_PARALLEL := --numprocesses auto --maxprocesses 4 --dist loadfile
# Those that share something are marked as a group.
SLOW_IN_PARALLEL := --numprocesses auto --maxprocesses 4 --dist loadgroup

INSTALLED := $(VENV)/.installed
TEST_TOOLS := $(VENV)/.installed-tests
DOCS_VENV ?= .venv-docs
DOCS_TOOLS := $(DOCS_VENV)/.installed

.PHONY: install demo test test-slow test-all test-oldest test-newest coverage lint \
	docs notebook dist mmcv web-assets clean
.DELETE_ON_ERROR:

# What README uses; the other targets begin with it.
install: $(INSTALLED)

demo: $(INSTALLED)
	$(VENV)/bin/distilpose demo $(DEMO)

test: $(TEST_TOOLS)
	$(VENV)/bin/python -m pytest $(IN_PARALLEL)

# Training runs, big models and other packages' configs: each test by its name
# as it ends, and at the end the time of each.
test-slow: $(TEST_TOOLS)
	$(VENV)/bin/python -m pytest $(SLOW_IN_PARALLEL) --verbose \
		--durations 0 --durations-min 5 -m slow

test-all: test test-slow

# The quick tests and a short training, in an environment of its own with the
# oldest or the newest versions that are supported. It needs their Python.
test-oldest: VERSIONS := oldest
test-newest: VERSIONS := newest
test-oldest test-newest:
	rm -rf work_dirs/versions/$(VERSIONS)
	$(PYTHON) benchmarks/versions.py work_dirs/versions --only $(VERSIONS)

# Which lines and branches of the package the quick tests run. Not a part of
# `make test`, as measuring takes the tests 1.7 times as long.
coverage: $(TEST_TOOLS)
	$(VENV)/bin/python -m coverage run -m pytest
	$(VENV)/bin/python -m coverage report

lint: $(TEST_TOOLS)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# The site, in site/. A link to what is not there ends the build. The pages of
# the API are read from the source, so that PyTorch is not needed.
docs: $(DOCS_TOOLS)
	NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --strict

# What a release uploads, in dist/: the wheel is built from the sdist.
dist: $(TEST_TOOLS)
	rm -rf dist
	$(VENV)/bin/python -m build --no-isolation
	$(VENV)/bin/twine check --strict dist/*

# The notebook, run from its first cell to its last, with what it shows.
notebook: $(TEST_TOOLS)
	$(VENV)/bin/python docs/site/execute.py docs/quickstart.ipynb

# MMCV with its compiled operators, which MMDetection's detectors need:
# about 15 minutes on 2 cores. DistilPose itself does without.
mmcv: $(INSTALLED)
	@echo '== Building MMCV $(MMCV) with its operators from source'
	$(PIP) uninstall --yes --quiet mmcv-lite
	MMCV_WITH_OPS=1 CFLAGS='-g0 -O2' $(PIP) install --no-deps \
		--no-build-isolation --no-binary mmcv mmcv==$(MMCV) \
		|| { $(PIP) install --quiet --no-deps mmcv-lite==$(MMCV); exit 1; }

# ONNX Runtime Web, which `distilpose serve` carries, from npm; needs npm.
ASSETS := projects/distilpose_runtime/web/onnxruntime
web-assets: $(INSTALLED)
	version=$$(sed -n 's/.*"version": "\([^"]*\)".*/\1/p' $(ASSETS)/files.json); \
	work=$$(mktemp -d); (cd $$work; npm pack "onnxruntime-web@$$version"); \
	for file in $(ASSETS)/*.xz; do name=$$(basename $$file .xz); \
	    tar -xzOf $$work/*.tgz "package/dist/$$name" | xz -9e > $$file; done
	$(VENV)/bin/python -m distilpose_runtime.web.assets

$(INSTALLED): requirements.txt requirements/openmmlab.txt \
		requirements/tested.txt setup.cfg pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not on the PATH:\
	 install Python 3.11, or name another with \`make PYTHON=...\`" >&2; exit 1; }
	@echo '== Environment in $(VENV) (once; about 6 GB, most of it PyTorch)'
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@echo '== 1/4 PyTorch and what the OpenMMLab packages need'
	$(PIP) install --requirement requirements.txt \
		--constraint requirements/tested.txt
	@echo '== 2/4 MMPose, MMEngine, MMDetection, MIM'
	$(PIP) install --quiet --no-deps --requirement requirements/openmmlab.txt
	@echo '== 3/4 MMCV: a wheel with operators if pip finds one, else mmcv-lite'
	$(PIP) install --quiet --no-deps --only-binary :all: mmcv==$(MMCV) \
		2>/dev/null || $(PIP) install --quiet --no-deps mmcv-lite==$(MMCV)
	@echo '== 4/4 DistilPose'
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
# MIM 0.3.9 looks for a package's .mim/ in site-packages, where an editable
# install has none, and else where the first line of top_level.txt says.
	@echo '$(CURDIR)/projects/distilpose' \
		> $(VENV)/lib/python*/site-packages/distilpose-*.dist-info/top_level.txt
	@touch $@

$(TEST_TOOLS): $(INSTALLED) requirements/tests.txt
	@echo '== Test tools'
	$(PIP) install --quiet --requirement requirements/tests.txt \
		--constraint requirements/tested.txt
# It would bring a second OpenCV.
	$(PIP) install --quiet --no-deps rtmlib==0.0.16
	@touch $@

$(DOCS_TOOLS): requirements/docs.txt
	@echo '== Environment for the site in $(DOCS_VENV)'
	test -x $(DOCS_VENV)/bin/python || $(PYTHON) -m venv $(DOCS_VENV)
	$(DOCS_VENV)/bin/python -m pip --disable-pip-version-check install \
		--quiet --requirement requirements/docs.txt \
		--constraint requirements/tested.txt
	@touch $@

clean:
	rm -rf build dist site projects/*.egg-info .pytest_cache .ruff_cache
