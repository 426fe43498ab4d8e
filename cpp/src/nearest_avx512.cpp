#include "nearest.hpp"

#if defined(__x86_64__) && defined(__GNUC__)

// GCC 12 takes the undefined lanes inside its own intrinsics for mistakes (PR 105593).
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include <bit>
#include <numbers>

#define ODDJET_AVX512 __attribute__((target("avx512f,avx512dq,avx512vl")))

namespace oddjet {
namespace {

/// One slot in all lanes, to be compared with blocks of others.
struct Probe {
    __m512d rapidity, azimuth;
    std::size_t slot;
};

ODDJET_AVX512 inline Probe probe(const Slots& slots, std::size_t slot) {
    return {_mm512_set1_pd(slots.rapidity[slot]), _mm512_set1_pd(slots.azimuth[slot]),
            slot};
}

// As separation_squared; the slot itself is infinitely far.
ODDJET_AVX512 inline __m512d separations(const Slots& slots, const Probe& its,
                                         std::size_t begin) {
    const __m512d across =
        _mm512_sub_pd(_mm512_loadu_pd(slots.rapidity.data() + begin), its.rapidity);
    const __m512d direct = _mm512_abs_pd(
        _mm512_sub_pd(_mm512_loadu_pd(slots.azimuth.data() + begin), its.azimuth));
    const __m512d around = _mm512_min_pd(
        _mm512_sub_pd(_mm512_set1_pd(2.0 * std::numbers::pi), direct), direct);
    const __m512d row =
        _mm512_add_pd(_mm512_mul_pd(across, across), _mm512_mul_pd(around, around));
    const std::size_t lane = its.slot - begin;
    const auto self = static_cast<__mmask8>(lane < kLanes ? 1U << lane : 0U);
    return _mm512_mask_mov_pd(row, self, _mm512_set1_pd(kFar));
}

// Those of the values in the window that are the smallest of the lanes.
ODDJET_AVX512 inline Smallest among(const Slots& slots, const double* values,
                                    Window window, __m512d lanes, double limit) {
    Smallest best{kNobody, _mm512_reduce_min_pd(lanes)};
    if (!(best.value < limit)) return best;
    const __m512d value = _mm512_set1_pd(best.value);
    for (std::size_t begin = window.begin; begin < window.end; begin += kLanes) {
        const unsigned mask =
            _mm512_cmp_pd_mask(_mm512_loadu_pd(values + begin), value, _CMP_EQ_OQ);
        take_lowest_rank(slots, begin, mask, best);
    }
    return best;
}

ODDJET_AVX512 Smallest nearest(Slots& slots, std::size_t slot, Window window,
                               double limit) {
    const Probe its = probe(slots, slot);
    double* const values = slots.row.data();
    __m512d lanes = _mm512_set1_pd(limit);
    for (std::size_t begin = window.begin; begin < window.end; begin += kLanes) {
        const __m512d row = separations(slots, its, begin);
        _mm512_storeu_pd(values + begin, row);
        lanes = _mm512_min_pd(row, lanes);
    }
    return among(slots, values, window, lanes, limit);
}

ODDJET_AVX512 Smallest meet(Slots& slots, std::size_t slot, std::int32_t gone,
                            Window window, double limit, Concerned& found) {
    const Probe its = probe(slots, slot);
    const __m256i self = _mm256_set1_epi32(static_cast<std::int32_t>(slot));
    const __m256i other = _mm256_set1_epi32(gone);
    double* const values = slots.row.data();
    __m512d lanes = _mm512_set1_pd(limit);
    std::size_t count = 0;
    for (std::size_t begin = window.begin; begin < window.end; begin += kLanes) {
        const __m512d row = separations(slots, its, begin);
        _mm512_storeu_pd(values + begin, row);
        lanes = _mm512_min_pd(row, lanes);
        const __m256i neighbour = _mm256_loadu_si256(
            reinterpret_cast<const __m256i*>(slots.neighbour.data() + begin));
        const __m512d separation = _mm512_loadu_pd(slots.separation.data() + begin);
        unsigned mask =
            _mm512_cmp_pd_mask(row, separation, _CMP_LE_OQ) |
            static_cast<unsigned>(_mm256_cmpeq_epi32_mask(neighbour, self) |
                                  _mm256_cmpeq_epi32_mask(neighbour, other));
        for (; mask != 0; mask &= mask - 1, ++count) {
            const auto k = begin + static_cast<std::size_t>(std::countr_zero(mask));
            found.slots[count] = static_cast<std::int32_t>(k);
            found.separations[count] = values[k];
        }
    }
    found.count = count;
    return among(slots, values, window, lanes, limit);
}

ODDJET_AVX512 Smallest closest(const Slots& slots) {
    const double* const blocks = slots.smallest_of_block.data();
    const std::size_t size = slots.smallest_of_block.size();
    __m512d lanes = _mm512_set1_pd(kFar);
    for (std::size_t b = 0; b < size; b += kLanes) {
        lanes = _mm512_min_pd(_mm512_loadu_pd(blocks + b), lanes);
    }
    Smallest best{kNobody, _mm512_reduce_min_pd(lanes)};
    const __m512d value = _mm512_set1_pd(best.value);
    for (std::size_t b = 0; b < size; b += kLanes) {
        unsigned holding =
            _mm512_cmp_pd_mask(_mm512_loadu_pd(blocks + b), value, _CMP_EQ_OQ);
        for (; holding != 0; holding &= holding - 1) {
            const auto lane = static_cast<std::size_t>(std::countr_zero(holding));
            const std::size_t begin = (b + lane) * kLanes;
            const __m512d distances = _mm512_loadu_pd(slots.distance.data() + begin);
            take_lowest_rank(slots, begin,
                             _mm512_cmp_pd_mask(distances, value, _CMP_EQ_OQ), best);
        }
    }
    return best;
}

}  // namespace

const NearestPath& avx512_path() {
    static const NearestPath path{"avx512", nearest, meet, closest};
    return path;
}

}  // namespace oddjet
#endif
