#include "nearest.hpp"

#if defined(__x86_64__) && defined(__GNUC__)

// GCC 12 takes the undefined lanes inside its own intrinsics for mistakes (PR 105593).
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <numbers>

#include "places.hpp"

#define ODDJET_ENTRY __attribute__((target("avx512f,avx512dq,avx512vl")))
#define ODDJET_LAMBDA ODDJET_ENTRY __attribute__((always_inline))
#define ODDJET_LOOP ODDJET_LAMBDA inline

namespace oddjet {
namespace {

using Vector = __m512d;
using Mask = __mmask8;
constexpr std::size_t kWidth = 8;

ODDJET_LOOP Vector fill(double value) { return _mm512_set1_pd(value); }
ODDJET_LOOP Vector load(const double* values) { return _mm512_loadu_pd(values); }
ODDJET_LOOP void store(double* values, const Vector& v) { _mm512_storeu_pd(values, v); }
ODDJET_LOOP Vector add(const Vector& a, const Vector& b) { return _mm512_add_pd(a, b); }
ODDJET_LOOP Vector subtract(const Vector& a, const Vector& b) {
    return _mm512_sub_pd(a, b);
}
ODDJET_LOOP Vector multiply(const Vector& a, const Vector& b) {
    return _mm512_mul_pd(a, b);
}
ODDJET_LOOP Vector smaller(const Vector& a, const Vector& b) {
    return _mm512_min_pd(a, b);
}
ODDJET_LOOP Vector larger(const Vector& a, const Vector& b) {
    return _mm512_max_pd(a, b);
}
ODDJET_LOOP Vector magnitude(const Vector& a) { return _mm512_abs_pd(a); }
ODDJET_LOOP Mask less(const Vector& a, const Vector& b) {
    return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ);
}
ODDJET_LOOP Mask less_equal(const Vector& a, const Vector& b) {
    return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ);
}
ODDJET_LOOP Mask equal(const Vector& a, const Vector& b) {
    return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ);
}
ODDJET_LOOP Mask both(Mask a, Mask b) { return static_cast<Mask>(a & b); }
ODDJET_LOOP Mask either(Mask a, Mask b) { return static_cast<Mask>(a | b); }
ODDJET_LOOP unsigned bits(Mask mask) { return mask; }
ODDJET_LOOP Vector pick(Mask mask, const Vector& yes, const Vector& no) {
    return _mm512_mask_mov_pd(no, mask, yes);
}
ODDJET_LOOP double smallest_lane(const Vector& v) { return _mm512_reduce_min_pd(v); }
ODDJET_LOOP double largest_lane(const Vector& v) { return _mm512_reduce_max_pd(v); }

#include "nearest_loops.hpp"

__attribute__((target("avx512f,avx512dq,avx512vl,fma"))) void place(
    std::span<const FourMomentum> momenta, const Places& places) {
    settle_places(momenta, places);
}

}  // namespace

const NearestPath& avx512_path() {
    static const NearestPath path{"avx512", place, begin, nearest, meet, closest};
    return path;
}

}  // namespace oddjet
#endif
