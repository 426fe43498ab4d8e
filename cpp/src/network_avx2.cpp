#include "network_path.hpp"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#include <algorithm>
#include <limits>

#define ODDJET_ENTRY __attribute__((target("avx2,fma")))
#define ODDJET_LOOP ODDJET_ENTRY __attribute__((always_inline)) inline

namespace oddjet {
namespace {

using Vector = __m256;
using Mask = __m256;
constexpr std::size_t kWidth = 8;
constexpr std::size_t kRows = 6;  // of two vectors: 12 sums in 16 registers
constexpr std::size_t kWidestPanel = 16;

ODDJET_LOOP Vector fill(float value) { return _mm256_set1_ps(value); }
ODDJET_LOOP Vector load(const float* values) { return _mm256_loadu_ps(values); }
ODDJET_LOOP void store(float* values, const Vector& v) { _mm256_storeu_ps(values, v); }
ODDJET_LOOP Vector multiply_add(const Vector& a, const Vector& b, const Vector& c) {
    return _mm256_fmadd_ps(a, b, c);
}
ODDJET_LOOP Mask less(const Vector& a, const Vector& b) {
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}
ODDJET_LOOP bool any(const Mask& mask) { return _mm256_movemask_ps(mask) != 0; }
ODDJET_LOOP Vector pick(const Mask& mask, const Vector& yes, const Vector& no) {
    return _mm256_blendv_ps(no, yes, mask);
}
ODDJET_LOOP Vector activated(const Vector& x, const Vector& slope) {
    // The sign bit of x is the mask.
    return _mm256_blendv_ps(x, _mm256_mul_ps(x, slope), x);
}

#include "network_loops.hpp"

}  // namespace

const NetworkPath& avx2_network_path() {
    static const NetworkPath path{"avx2", kWidestPanel, map, nearest};
    return path;
}

}  // namespace oddjet
#endif
