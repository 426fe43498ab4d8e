#include <algorithm>
#include <limits>

#include "network_path.hpp"

#define ODDJET_ENTRY
#define ODDJET_LOOP inline

namespace oddjet {
namespace {

// Four lanes, which compilers make of whatever instructions a machine has.
using Vector = float __attribute__((vector_size(16)));
using Mask = decltype(Vector{} < Vector{});
constexpr std::size_t kWidth = 4;
constexpr std::size_t kRows = 2;  // of four vectors: 8 sums in 16 registers
constexpr std::size_t kWidestPanel = 16;

ODDJET_LOOP Vector fill(float value) { return Vector{value, value, value, value}; }
ODDJET_LOOP Vector load(const float* values) {
    return Vector{values[0], values[1], values[2], values[3]};
}
ODDJET_LOOP void store(float* values, const Vector& v) {
    for (std::size_t lane = 0; lane < kWidth; ++lane) values[lane] = v[lane];
}
ODDJET_LOOP Vector multiply_add(const Vector& a, const Vector& b, const Vector& c) {
    return a * b + c;
}
ODDJET_LOOP Mask less(const Vector& a, const Vector& b) { return a < b; }
ODDJET_LOOP bool any(const Mask& mask) {
    return (mask[0] | mask[1] | mask[2] | mask[3]) != 0;
}
ODDJET_LOOP Vector pick(const Mask& mask, const Vector& yes, const Vector& no) {
    return mask ? yes : no;
}
ODDJET_LOOP Vector activated(const Vector& x, const Vector& slope) {
    return x < fill(0.0F) ? x * slope : x;
}

#include "network_loops.hpp"

}  // namespace

const NetworkPath& scalar_network_path() {
    static const NetworkPath path{"scalar", kWidestPanel, map, nearest};
    return path;
}

}  // namespace oddjet
