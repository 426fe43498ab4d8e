#include "nearest.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#include <bit>
#include <numbers>

#define ODDJET_AVX2 __attribute__((target("avx2")))

namespace oddjet {
namespace {

constexpr std::size_t kHalf = kLanes / 2;  // what one vector holds

/// One slot in all lanes, to be compared with blocks of others.
struct Probe {
    __m256d rapidity, azimuth, slot;
};

ODDJET_AVX2 inline Probe probe(const Slots& slots, std::size_t slot) {
    return {_mm256_set1_pd(slots.rapidity[slot]), _mm256_set1_pd(slots.azimuth[slot]),
            _mm256_set1_pd(static_cast<double>(slot))};
}

// Slots as doubles, which lie in the lanes of the values.
ODDJET_AVX2 inline __m256d slots_from(std::size_t begin) {
    return _mm256_add_pd(_mm256_set1_pd(static_cast<double>(begin)),
                         _mm256_setr_pd(0.0, 1.0, 2.0, 3.0));
}

// As separation_squared; the slot itself is infinitely far.
ODDJET_AVX2 inline __m256d separations(const Slots& slots, const Probe& its,
                                       std::size_t begin) {
    const __m256d across =
        _mm256_sub_pd(_mm256_loadu_pd(slots.rapidity.data() + begin), its.rapidity);
    const __m256d direct = _mm256_andnot_pd(
        _mm256_set1_pd(-0.0),
        _mm256_sub_pd(_mm256_loadu_pd(slots.azimuth.data() + begin), its.azimuth));
    const __m256d around = _mm256_min_pd(
        _mm256_sub_pd(_mm256_set1_pd(2.0 * std::numbers::pi), direct), direct);
    const __m256d row =
        _mm256_add_pd(_mm256_mul_pd(across, across), _mm256_mul_pd(around, around));
    const __m256d self = _mm256_cmp_pd(slots_from(begin), its.slot, _CMP_EQ_OQ);
    return _mm256_blendv_pd(row, _mm256_set1_pd(kFar), self);
}

ODDJET_AVX2 inline __m256d smallest_lane(__m256d lanes) {
    const __m256d pairs = _mm256_min_pd(lanes, _mm256_permute2f128_pd(lanes, lanes, 1));
    return _mm256_min_pd(pairs, _mm256_permute_pd(pairs, 5));
}

ODDJET_AVX2 inline unsigned lanes_equal(const double* values, __m256d value) {
    return static_cast<unsigned>(
        _mm256_movemask_pd(_mm256_cmp_pd(_mm256_loadu_pd(values), value, _CMP_EQ_OQ)));
}

// The lanes' minimum, and of the values in the window those that are equal to it.
ODDJET_AVX2 inline Smallest among(const Slots& slots, const double* values,
                                  Window window, __m256d lanes, double limit) {
    const __m256d value = smallest_lane(lanes);
    Smallest best{kNobody, _mm256_cvtsd_f64(value)};
    if (!(best.value < limit)) return best;
    for (std::size_t begin = window.begin; begin < window.end; begin += kHalf) {
        take_lowest_rank(slots, begin, lanes_equal(values + begin, value), best);
    }
    return best;
}

ODDJET_AVX2 Smallest nearest(Slots& slots, std::size_t slot, Window window,
                             double limit) {
    const Probe its = probe(slots, slot);
    double* const values = slots.row.data();
    __m256d lanes = _mm256_set1_pd(limit);
    for (std::size_t begin = window.begin; begin < window.end; begin += kHalf) {
        const __m256d row = separations(slots, its, begin);
        _mm256_storeu_pd(values + begin, row);
        lanes = _mm256_min_pd(row, lanes);
    }
    return among(slots, values, window, lanes, limit);
}

ODDJET_AVX2 Smallest meet(Slots& slots, std::size_t slot, std::int32_t gone,
                          Window window, double limit, Concerned& found) {
    const Probe its = probe(slots, slot);
    const __m128i self = _mm_set1_epi32(static_cast<std::int32_t>(slot));
    const __m128i other = _mm_set1_epi32(gone);
    double* const values = slots.row.data();
    __m256d lanes = _mm256_set1_pd(limit);
    std::size_t count = 0;
    for (std::size_t begin = window.begin; begin < window.end; begin += kHalf) {
        const __m256d row = separations(slots, its, begin);
        _mm256_storeu_pd(values + begin, row);
        lanes = _mm256_min_pd(row, lanes);
        const __m256d separation = _mm256_loadu_pd(slots.separation.data() + begin);
        const __m128i neighbour = _mm_loadu_si128(
            reinterpret_cast<const __m128i*>(slots.neighbour.data() + begin));
        const __m128i lost = _mm_or_si128(_mm_cmpeq_epi32(neighbour, self),
                                          _mm_cmpeq_epi32(neighbour, other));
        const __m256d nearer = _mm256_cmp_pd(row, separation, _CMP_LE_OQ);
        auto mask = static_cast<unsigned>(_mm256_movemask_pd(nearer)) |
                    static_cast<unsigned>(_mm_movemask_ps(_mm_castsi128_ps(lost)));
        for (; mask != 0; mask &= mask - 1, ++count) {
            const auto k = begin + static_cast<std::size_t>(std::countr_zero(mask));
            found.slots[count] = static_cast<std::int32_t>(k);
            found.separations[count] = values[k];
        }
    }
    found.count = count;
    return among(slots, values, window, lanes, limit);
}

ODDJET_AVX2 Smallest closest(const Slots& slots) {
    const double* const blocks = slots.smallest_of_block.data();
    const std::size_t size = slots.smallest_of_block.size();
    __m256d lanes = _mm256_set1_pd(kFar);
    for (std::size_t b = 0; b < size; b += kHalf) {
        lanes = _mm256_min_pd(_mm256_loadu_pd(blocks + b), lanes);
    }
    const __m256d value = smallest_lane(lanes);
    Smallest best{kNobody, _mm256_cvtsd_f64(value)};
    for (std::size_t b = 0; b < size; b += kHalf) {
        unsigned holding = lanes_equal(blocks + b, value);
        for (; holding != 0; holding &= holding - 1) {
            const auto lane = static_cast<std::size_t>(std::countr_zero(holding));
            const std::size_t begin = (b + lane) * kLanes;
            const double* const distances = slots.distance.data() + begin;
            take_lowest_rank(slots, begin, lanes_equal(distances, value), best);
            take_lowest_rank(slots, begin + kHalf,
                             lanes_equal(distances + kHalf, value), best);
        }
    }
    return best;
}

}  // namespace

const NearestPath& avx2_path() {
    static const NearestPath path{"avx2", nearest, meet, closest};
    return path;
}

}  // namespace oddjet
#endif
