#include "network_path.hpp"

#if defined(__x86_64__) && defined(__GNUC__)

// GCC 12 takes the undefined lanes inside its own intrinsics for mistakes (PR 105593).
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include <algorithm>
#include <limits>

#define ODDJET_ENTRY __attribute__((target("avx512f")))
#define ODDJET_LOOP ODDJET_ENTRY __attribute__((always_inline)) inline

namespace oddjet {
namespace {

using Vector = __m512;
using Mask = __mmask16;
constexpr std::size_t kWidth = 16;
constexpr std::size_t kRows = 6;  // of four vectors: 24 sums in 32 registers
constexpr std::size_t kWidestPanel = 64;

ODDJET_LOOP Vector fill(float value) { return _mm512_set1_ps(value); }
ODDJET_LOOP Vector load(const float* values) { return _mm512_loadu_ps(values); }
ODDJET_LOOP void store(float* values, const Vector& v) { _mm512_storeu_ps(values, v); }
ODDJET_LOOP Vector multiply_add(const Vector& a, const Vector& b, const Vector& c) {
    return _mm512_fmadd_ps(a, b, c);
}
ODDJET_LOOP Mask less(const Vector& a, const Vector& b) {
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
ODDJET_LOOP bool any(Mask mask) { return mask != 0; }
ODDJET_LOOP Vector pick(Mask mask, const Vector& yes, const Vector& no) {
    return _mm512_mask_mov_ps(no, mask, yes);
}
ODDJET_LOOP Vector activated(const Vector& x, const Vector& slope) {
    const Mask negative = less(x, _mm512_setzero_ps());
    return _mm512_mask_mul_ps(x, negative, x, slope);
}

#include "network_loops.hpp"

}  // namespace

const NetworkPath& avx512_network_path() {
    static const NetworkPath path{"avx512", kWidestPanel, map, nearest};
    return path;
}

}  // namespace oddjet
#endif
