#include "nearest.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <numbers>

#include "places.hpp"

#define ODDJET_ENTRY __attribute__((target("avx2")))
#define ODDJET_LAMBDA ODDJET_ENTRY __attribute__((always_inline))
#define ODDJET_LOOP ODDJET_LAMBDA inline

namespace oddjet {
namespace {

using Vector = __m256d;
using Mask = __m256d;
constexpr std::size_t kWidth = 4;

ODDJET_LOOP Vector fill(double value) { return _mm256_set1_pd(value); }
ODDJET_LOOP Vector load(const double* values) { return _mm256_loadu_pd(values); }
ODDJET_LOOP void store(double* values, const Vector& v) { _mm256_storeu_pd(values, v); }
ODDJET_LOOP Vector add(const Vector& a, const Vector& b) { return _mm256_add_pd(a, b); }
ODDJET_LOOP Vector subtract(const Vector& a, const Vector& b) {
    return _mm256_sub_pd(a, b);
}
ODDJET_LOOP Vector multiply(const Vector& a, const Vector& b) {
    return _mm256_mul_pd(a, b);
}
ODDJET_LOOP Vector smaller(const Vector& a, const Vector& b) {
    return _mm256_min_pd(a, b);
}
ODDJET_LOOP Vector larger(const Vector& a, const Vector& b) {
    return _mm256_max_pd(a, b);
}
ODDJET_LOOP Vector magnitude(const Vector& a) {
    return _mm256_andnot_pd(_mm256_set1_pd(-0.0), a);
}
ODDJET_LOOP Mask less(const Vector& a, const Vector& b) {
    return _mm256_cmp_pd(a, b, _CMP_LT_OQ);
}
ODDJET_LOOP Mask less_equal(const Vector& a, const Vector& b) {
    return _mm256_cmp_pd(a, b, _CMP_LE_OQ);
}
ODDJET_LOOP Mask equal(const Vector& a, const Vector& b) {
    return _mm256_cmp_pd(a, b, _CMP_EQ_OQ);
}
ODDJET_LOOP Mask both(const Mask& a, const Mask& b) { return _mm256_and_pd(a, b); }
ODDJET_LOOP Mask either(const Mask& a, const Mask& b) { return _mm256_or_pd(a, b); }
ODDJET_LOOP unsigned bits(const Mask& mask) {
    return static_cast<unsigned>(_mm256_movemask_pd(mask));
}
ODDJET_LOOP Vector pick(const Mask& mask, const Vector& yes, const Vector& no) {
    return _mm256_blendv_pd(no, yes, mask);
}
ODDJET_LOOP double smallest_lane(const Vector& v) {
    const __m128d pair =
        _mm_min_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
    return _mm_cvtsd_f64(_mm_min_sd(pair, _mm_unpackhi_pd(pair, pair)));
}
ODDJET_LOOP double largest_lane(const Vector& v) {
    const __m128d pair =
        _mm_max_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
    return _mm_cvtsd_f64(_mm_max_sd(pair, _mm_unpackhi_pd(pair, pair)));
}

#include "nearest_loops.hpp"

__attribute__((target("avx2,fma"))) void place(std::span<const FourMomentum> momenta,
                                               const Places& places) {
    settle_places(momenta, places);
}

}  // namespace

const NearestPath& avx2_path() {
    static const NearestPath path{"avx2", place, begin, nearest, meet, closest};
    return path;
}

}  // namespace oddjet
#endif
