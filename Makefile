# Every target sets up what it needs: a virtual environment with the tested versions.
VENV ?= .venv
PYTHON ?= python3
JOBS ?= 2
CLANG ?= clang++
FUZZ_SECONDS ?= 60
BIN := $(VENV)/bin
STUBGEN = $(BIN)/pybind11-stubgen oddjet._core --numpy-array-remove-parameters
SOURCES := $(shell find cpp python -type f -not -name '*.pyc' -not -name '*.so' 2>/dev/null)

# Real files from other chains, where somebody has put them (tests skip without).
ifneq ($(wildcard ../shared/data),)
export ODDJET_TEST_DATA ?= $(abspath ../shared/data)
endif

.PHONY: demo test test-cpp bench lint stubs test-sanitize have-clang test-asan test-tsan fuzz test-robustness clean

demo: $(VENV)/.all
	$(BIN)/oddjet demo --jobs $(JOBS)

test: test-cpp $(VENV)/.test
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

# The kernels without Python, as an embedding program has them.
test-cpp: $(VENV)/.test
	@mkdir -p build
	$(BIN)/cmake -S . -B build/cpp -DODDJET_PYTHON=OFF -DODDJET_CPP_TESTS=ON > build/cpp.log
	$(BIN)/cmake --build build/cpp --parallel $(JOBS) >> build/cpp.log
	$(BIN)/ctest --test-dir build/cpp --output-on-failure

bench: $(VENV)/.bench
	$(BIN)/python -m pytest bench --benchmark-only

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell README.md CHANGELOG.md docs python cpp tests bench
	$(BIN)/validate-pyproject pyproject.toml
	find cpp tests/cpp -name '*.?pp' | xargs $(BIN)/clang-format --dry-run --Werror
	$(STUBGEN) -o build/stubs && diff build/stubs/oddjet/_core.pyi python/oddjet/_core.pyi

# The stub of the compiled module is generated, never edited.
stubs: $(VENV)/.dev
	$(STUBGEN) -o python

# Sanitizers over the C++ tests, then FUZZ_SECONDS of each fuzzer. clang's runtimes
# are a package of their own: on Debian 12, apt-get install clang libclang-rt-14-dev.
SANITIZED := -DCMAKE_CXX_COMPILER=$(CLANG) -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DODDJET_PYTHON=OFF -DODDJET_CPP_TESTS=ON
FUZZ := -max_total_time=$(FUZZ_SECONDS) -timeout=20 -print_final_stats=1

test-sanitize: test-asan test-tsan fuzz

have-clang:
	@mkdir -p build; printf "int main() {}" > build/clang.cpp; for kind in address thread fuzzer-no-link; do \
	    $(CLANG) -fsanitize=$$kind build/clang.cpp -o build/clang.out 2> build/clang.log || \
	    { echo "$(CLANG) cannot build with -fsanitize=$$kind: install clang and its" \
	      "runtimes (Debian: apt-get install clang libclang-rt-14-dev), or name" \
	      "another one with CLANG=..."; exit 1; }; done

test-asan: have-clang
	cmake -S . -B build/asan $(SANITIZED) -DODDJET_FUZZ=ON \
	    -DODDJET_SANITIZE="address;undefined"
	cmake --build build/asan --parallel $(JOBS)
	ctest --test-dir build/asan --output-on-failure

test-tsan: have-clang
	cmake -S . -B build/tsan $(SANITIZED) -DODDJET_SANITIZE="thread"
	cmake --build build/tsan --parallel $(JOBS)
	ctest --test-dir build/tsan --output-on-failure

fuzz: test-asan $(VENV)/.fuzz
	build/asan/tests/fuzz/fuzz_clustering $(FUZZ) -max_len=2048
	build/asan/tests/fuzz/fuzz_offsets $(FUZZ) -max_len=600
	$(BIN)/python tests/fuzz/fuzz_arrays.py $(FUZZ) -max_len=2048
	$(BIN)/python tests/fuzz/fuzz_readers.py --seconds $(FUZZ_SECONDS)

# What must survive being killed, killed more often.
test-robustness: $(VENV)/.test
	ODDJET_TEST_KILLS=50 $(BIN)/python -m pytest tests/deploy/test_score_kills.py

clean:
	rm -rf build .venv

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

# .all .test .bench .dev: the extra of that name is installed, and up to date.
$(VENV)/.%: $(VENV)/bin/python pyproject.toml constraints.txt CMakeLists.txt $(SOURCES)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt ".[$*]"
	@touch $@
