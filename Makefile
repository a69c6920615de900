# make report and make test do everything, from a fresh clone. make help lists the rest.

PYTHON ?= python3
VENV := .venv
LOCK := envs/requirements.lock
TEST_LOCK := envs/tests.lock

# A stamp is written when the installation is complete, and named after the lock file and the
# folder, for which it holds: another lock, a moved clone or an interrupted pip installs anew.
# What only tests need is installed on top, when it is needed first.
STAMP := $(VENV)/complete-$(shell { cat $(LOCK); pwd; } | cksum | tr ' ' -)
TEST_STAMP := $(VENV)/complete-tests-$(shell cksum <$(TEST_LOCK) | tr ' ' -)

# uv, where it is there, is several times as quick.
INSTALL := $(if $(shell command -v uv),uv pip install --quiet --python $(VENV)/bin/python,\
  $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check)

# Jobs find programs such as papermill on this PATH.
IN_VENV := PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(VENV)/bin/python
# OPTIONS go to Snakemake, as in: make paper OPTIONS=--dry-run
SNAKEMAKE := $(IN_VENV) -m snakemake --rerun-incomplete --cores all $(OPTIONS)
# As quantlearn.settings.protocol.named_as_file makes it of a title.
NAMED := tr A-Z a-z | sed 's/[^a-z0-9]\{1,\}/_/g; s/^_//; s/_$$//'
CHAPTERS := $(sort $(shell export LC_ALL=C; sed -n '/^chapter:/{s/^chapter: *//; s/ *\#.*//; p;}' config/experiments/*.yaml | $(NAMED)) \
  $(if $(shell grep -L '^chapter:' config/experiments/*.yaml),your_experiments))

# Nothing of the shell's environment may change results.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONWARNINGS SNAKEMAKE_PROFILE MPLBACKEND MATPLOTLIBRC
# Nor make each job compile the library again.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONNOUSERSITE := 1
export PYTHONUTF8 := 1

# What the tests marked "processor" are run as: instruction sets of PyTorch and of compiled code, threads.
# numba keeps the instruction sets of the machine unless it is told that it has none but its name's.
PROCESSORS := default/x86-64/1 avx2/x86-64-v3/2 $(if $(shell grep -m 1 -o avx512f /proc/cpuinfo 2>/dev/null),avx512/x86-64-v4/2)

.PHONY: help report ask new gpu test test-all test-crash test-processors clean $(CHAPTERS)

help:
	@echo "make report      the report with few trials, in minutes: results/report/index.html"
	@echo "make ask A=most B=even   which of two quantifiers networks learn sooner, within a minute or two"
	@echo "make new EXPERIMENT=mine A=most B=even   a file for an experiment of your own"
	@echo "make test        all tests"
	@echo "make test-all    those too that take long: every case of what make test does a sample of"
	@echo "make test-crash  a crash at every point, and two thousand mixed faults: two hours"
	@echo "make gpu         on a machine with a GPU: its tests, what networks learn there, how fast; six minutes"
	@echo "make test-processors   those tests whose result hangs on the processor, as on several (x86-64)"
	@for chapter in $(CHAPTERS); do printf 'make %-11s the chapter of this name, in full\n' $$chapter; done
	@echo "make clean       remove results and caches; .venv stays"
	@echo
	@echo "Each sets up .venv first if needed; PYTHON=python3.12 says with which Python."

report: $(STAMP)
	@echo "Making the report with the few trials of config/quick.yaml."
	@$(SNAKEMAKE) --configfile config/quick.yaml

# A and B are names or expressions; TRIALS, ARCHITECTURE and ALONE=yes are options.
COMMA := ,
LAID_OVER := $(if $(ARCHITECTURE),network: {architecture: $(ARCHITECTURE)}$(if $(ALONE),$(COMMA) ))$(if $(ALONE),training: {together: false})

ask: $(STAMP)
	@test -z "$(filter-out yes,$(ALONE))" || { echo 'ALONE=$(ALONE): write ALONE=yes, or leave it out' >&2; exit 1; }
	@test -n "$(A)" && test -n "$(B)" && test "$(A)" != "$(B)" || { \
	  echo 'Name two quantifiers, as in: make ask A=most B="|A & B| >= 3"' >&2; exit 1; }
	@$(SNAKEMAKE) --config ask='["$(A)", "$(B)"]' $(if $(TRIALS),trials=$(TRIALS)) \
	  $(if $(LAID_OVER),overrides='{$(LAID_OVER)}') -- ask

# CHAPTER is an option.
new: $(STAMP)
	@$(IN_VENV) -m quantlearn new "$(EXPERIMENT)" "$(A)" "$(B)" "$(CHAPTER)"

$(CHAPTERS): $(STAMP)
	@echo "Making the chapter $@ in full."
	@$(SNAKEMAKE) $@

# In the order of the files: those that take longest are not left for the end. One process more than
# there are processors, because tests of schedulers and browsers wait.
PYTEST := $(IN_VENV) -m pytest --numprocesses $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --dist loadfile --no-loadscope-reorder

test: $(TEST_STAMP)
	@$(PYTEST)

test-all: $(TEST_STAMP)
	@$(PYTEST) -m ""

test-crash: $(TEST_STAMP)
	@$(IN_VENV) tests/crash/crash.py

test-processors: $(TEST_STAMP)
	@for kind in $(PROCESSORS); do \
	  set -- $$(echo $$kind | tr / ' '); \
	  echo "As on a processor with $$1 in PyTorch and $$2 in compiled code, threads: $$3"; \
	  ATEN_CPU_CAPABILITY=$$1 NUMBA_CPU_NAME=$$2 NUMBA_CPU_FEATURES= OMP_NUM_THREADS=$$3 \
	  $(IN_VENV) -m pytest -m processor --numprocesses logical tests/unit || exit 1; \
	done

# Without .venv and without a network: with whichever Python has PyTorch for CUDA.
gpu:
	@PYTHONPATH=scripts $(PYTHON) -m quantlearn.figures.benchmark.gpu results/benchmark

$(STAMP):
	@case "$(CURDIR)" in *" "*) \
	  echo "Snakemake cannot run an environment in a folder with a space, such as $(CURDIR); move the clone" >&2; \
	  exit 1;; esac
	@test "$$(uname -sm)" != "Darwin x86_64" || { \
	  echo "there are no packages for a Mac with an Intel processor: take Linux, or a Mac with Apple silicon" >&2; \
	  exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || { \
	  echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13; name one that is, as in: make report PYTHON=python3.12" >&2; \
	  exit 1; }
	@echo "Setting up $(VENV) with the packages of $(LOCK), once: 2.2 GB, or 5.5 GB where PyTorch"
	@echo "comes with CUDA; one to two minutes and what the download takes$(if $(shell command -v uv),, (sooner where uv is installed))."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(INSTALL) --requirement $(LOCK)
	@packages=$$($(VENV)/bin/python -c 'import site; print(site.getsitepackages()[0])') && \
	  cp envs/without_the_shells.py "$$packages" && \
	  printf '%s\n' "$(CURDIR)/scripts" "import without_the_shells" >"$$packages/quantlearn.pth"
	@echo "Compiling what trains networks."
	@$(VENV)/bin/python -m quantlearn.figures.benchmark.first_use
	@touch $@

$(TEST_STAMP): $(STAMP)
	@echo "Adding the packages of $(TEST_LOCK) to $(VENV): 1 GB."
	@$(INSTALL) --constraint $(LOCK) --requirement $(TEST_LOCK)
	@touch $@

clean:
	@find results/. -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +
	@rm -rf .snakemake .pytest_cache .ruff_cache .hypothesis
	@find scripts tests -name __pycache__ -exec rm -rf {} +
	@echo "Results and caches are removed; $(VENV) stays."
