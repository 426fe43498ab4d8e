# Every target sets up what it needs: a virtual environment with the tested versions.
VENV ?= .venv
PYTHON ?= python3
JOBS ?= 2
BIN := $(VENV)/bin
STUBGEN = $(BIN)/pybind11-stubgen oddjet._core --numpy-array-remove-parameters
SOURCES := $(shell find cpp python -type f -not -name '*.pyc' -not -name '*.so' 2>/dev/null)

# Real files from other chains, where somebody has put them (tests skip without).
ifneq ($(wildcard ../shared/data),)
export ODDJET_TEST_DATA ?= $(abspath ../shared/data)
endif

.PHONY: demo test bench lint stubs test-sanitize clean

demo: $(VENV)/.all
	$(BIN)/oddjet demo --jobs $(JOBS)

test: $(VENV)/.test
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

bench: $(VENV)/.bench
	$(BIN)/python -m pytest bench --benchmark-only

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell README.md CHANGELOG.md python cpp tests bench
	$(BIN)/validate-pyproject pyproject.toml
	find cpp tests/cpp -name '*.?pp' | xargs $(BIN)/clang-format --dry-run --Werror
	$(STUBGEN) -o build/stubs && diff build/stubs/oddjet/_core.pyi python/oddjet/_core.pyi

# The stub of the compiled module is generated, never edited.
stubs: $(VENV)/.dev
	$(STUBGEN) -o python

test-sanitize:
	cmake -S . -B build/sanitize -DODDJET_PYTHON=OFF -DODDJET_CPP_TESTS=ON \
	    -DODDJET_SANITIZE="address;undefined" -DCMAKE_BUILD_TYPE=RelWithDebInfo
	cmake --build build/sanitize --parallel $(JOBS)
	ctest --test-dir build/sanitize --output-on-failure

clean:
	rm -rf build .venv

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

# .all .test .bench .dev: the extra of that name is installed, and up to date.
$(VENV)/.%: $(VENV)/bin/python pyproject.toml constraints.txt CMakeLists.txt $(SOURCES)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt ".[$*]"
	@touch $@
