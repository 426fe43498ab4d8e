#pragma once

#include <iostream>
#include <random>
#include <stdexcept>
#include <string>

#include "oddjet/particles.hpp"

namespace oddjet::test {

/// Counts what failed; `main` returns it.
inline int failures = 0;

// Builtins of every compiler, where clang 14 has no std::source_location.
inline void expect(bool fine, const std::string& what,
                   const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    if (fine) return;
    ++failures;
    std::cerr << file << ":" << line << ": " << what << "\n";
}

/// The call must throw std::invalid_argument with this text in its message.
template <class Call>
void expect_refusal(const Call& call, const std::string& text,
                    const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    try {
        call();
        expect(false, "no error that says '" + text + "'", file, line);
    } catch (const std::invalid_argument& error) {
        const std::string message = error.what();
        expect(message.find(text) != std::string::npos,
               "'" + message + "' does not say '" + text + "'", file, line);
    }
}

/// Lists of random particles, owning their columns.
template <class Real>
struct RandomLists {
    RandomLists(std::size_t lists, std::size_t particles, unsigned number) {
        std::mt19937_64 engine(number);
        std::exponential_distribution<double> pt(0.2);
        std::normal_distribution<double> eta(0.0, 2.0);
        std::uniform_real_distribution<double> phi(-3.14, 3.14);
        for (std::size_t i = 0; i < lists * particles; ++i) {
            columns[0].push_back(static_cast<Real>(pt(engine) + 1e-3));
            columns[1].push_back(static_cast<Real>(eta(engine)));
            columns[2].push_back(static_cast<Real>(phi(engine)));
            columns[3].push_back(i % 3 == 0 ? Real(0.13957) : Real(0));
        }
        for (std::size_t i = 0; i <= lists; ++i) {
            offsets.push_back(static_cast<std::int64_t>(i * particles));
        }
    }

    [[nodiscard]] ParticleLists view() const {
        ParticleLists lists;
        lists.offsets = offsets;
        for (std::size_t c = 0; c < 4; ++c) {
            lists.particles.columns[c] = std::span<const Real>(columns[c]);
        }
        return lists;
    }

    std::array<std::vector<Real>, 4> columns;
    std::vector<std::int64_t> offsets;
};

}  // namespace oddjet::test
