#include "smallest_keys.hpp"

#include <algorithm>
#include <bit>
#include <span>

#include "vector_width.hpp"

namespace oddjet {
namespace {

// Keys beyond the size count as infinite: they are where they belong.
ODDJET_VECTOR_WIDTHS
void run(std::span<const Comparator> network, float* keys, std::size_t size,
         std::size_t lanes) {
    for (const Comparator& comparator : network) {
        if (comparator.upper >= size) continue;
        float* __restrict lower = keys + comparator.lower * lanes;
        float* __restrict upper = keys + comparator.upper * lanes;
        for (std::size_t r = 0; r < lanes; ++r) {
            const float a = lower[r];
            const float b = upper[r];
            // Two comparisons, so that each is one instruction, min or max.
            lower[r] = a < b ? a : b;
            upper[r] = b < a ? a : b;
        }
    }
}

// Of two sorted runs, the lower of the ends that meet: the smallest keys of both, which
// rise and then fall.
ODDJET_VECTOR_WIDTHS
void keep_lower(float* keys, std::size_t width, const float* others, std::size_t size,
                std::size_t lanes) {
    for (std::size_t i = 0; i < size; ++i) {
        float* __restrict key = keys + (width - 1 - i) * lanes;
        const float* __restrict other = others + i * lanes;
        for (std::size_t r = 0; r < lanes; ++r) {
            key[r] = other[r] < key[r] ? other[r] : key[r];
        }
    }
}

}  // namespace

SmallestKeys::SmallestKeys(std::size_t count) : width_(std::bit_ceil(count)) {
    // Odd-even merges of sorted runs of 1, 2, 4, ... keys.
    for (std::size_t run = 1; run < width_; run *= 2) {
        for (std::size_t step = run; step >= 1; step /= 2) {
            const std::size_t first = step % run;
            for (std::size_t i = first; i + step < width_; ++i) {
                const bool is_lower = (i - first) / step % 2 == 0;
                const bool in_one_merge = i / (2 * run) == (i + step) / (2 * run);
                if (is_lower && in_one_merge) sort_.push_back({i, i + step});
            }
        }
    }
    for (std::size_t step = width_ / 2; step >= 1; step /= 2) {
        for (std::size_t i = 0; i < width_; ++i) {
            if (i / step % 2 == 0) sort_bitonic_.push_back({i, i + step});
        }
    }
}

void SmallestKeys::select(float* keys, std::size_t size, std::size_t lanes) const {
    run(sort_, keys, std::min(width_, size), lanes);
    for (std::size_t begin = width_; begin < size; begin += width_) {
        float* others = keys + begin * lanes;
        const std::size_t more = std::min(width_, size - begin);
        run(sort_, others, more, lanes);
        keep_lower(keys, width_, others, more, lanes);
        run(sort_bitonic_, keys, width_, lanes);
    }
}

}  // namespace oddjet
