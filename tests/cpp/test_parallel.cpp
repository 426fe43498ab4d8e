#include <vector>

#include "expect.hpp"
#include "oddjet/parallel.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

void every_index_runs_once() {
    for (const std::size_t count : {0, 1, 2, 1000}) {
        for (const int threads : {1, 2, 7}) {
            std::vector<int> calls(count);
            for_each_index(count, threads, [&](std::size_t i) { ++calls[i]; });
            expect(calls == std::vector<int>(count, 1), "each index once");
        }
    }
}

void the_lowest_failure_is_reported() {
    for (int repetition = 0; repetition < 50; ++repetition) {
        expect_refusal(
            [] {
                for_each_index(200, 4, [](std::size_t i) {
                    if (i >= 3)
                        throw std::invalid_argument("index " + std::to_string(i));
                });
            },
            "index 3");
    }
}

}  // namespace

int main() {
    every_index_runs_once();
    the_lowest_failure_is_reported();
    expect_refusal([] { check_threads(0, "kernel"); }, "kernel: threads must be >= 1");
    return failures;
}
