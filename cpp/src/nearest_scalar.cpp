#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "nearest.hpp"
#include "places.hpp"

#define ODDJET_ENTRY
#define ODDJET_LAMBDA
#define ODDJET_LOOP inline

namespace oddjet {
namespace {

// Two lanes, which compilers make of whatever instructions a machine has.
using Vector = double __attribute__((vector_size(16)));
using Mask = decltype(Vector{} < Vector{});
constexpr std::size_t kWidth = 2;

ODDJET_LOOP Vector fill(double value) { return Vector{value, value}; }
ODDJET_LOOP Vector load(const double* values) { return Vector{values[0], values[1]}; }
ODDJET_LOOP void store(double* values, const Vector& v) {
    values[0] = v[0];
    values[1] = v[1];
}
ODDJET_LOOP Vector add(const Vector& a, const Vector& b) { return a + b; }
ODDJET_LOOP Vector subtract(const Vector& a, const Vector& b) { return a - b; }
ODDJET_LOOP Vector multiply(const Vector& a, const Vector& b) { return a * b; }
ODDJET_LOOP Vector smaller(const Vector& a, const Vector& b) { return a < b ? a : b; }
ODDJET_LOOP Vector larger(const Vector& a, const Vector& b) { return a > b ? a : b; }
ODDJET_LOOP Vector magnitude(const Vector& a) {
    return Vector{std::fabs(a[0]), std::fabs(a[1])};
}
ODDJET_LOOP Mask less(const Vector& a, const Vector& b) { return a < b; }
ODDJET_LOOP Mask less_equal(const Vector& a, const Vector& b) { return a <= b; }
ODDJET_LOOP Mask equal(const Vector& a, const Vector& b) { return a == b; }
ODDJET_LOOP Mask both(const Mask& a, const Mask& b) { return a & b; }
ODDJET_LOOP Mask either(const Mask& a, const Mask& b) { return a | b; }
ODDJET_LOOP unsigned bits(const Mask& mask) {
    return static_cast<unsigned>(mask[0] & 1) | static_cast<unsigned>(mask[1] & 2);
}
ODDJET_LOOP Vector pick(const Mask& mask, const Vector& yes, const Vector& no) {
    return mask ? yes : no;
}
ODDJET_LOOP double smallest_lane(const Vector& v) { return std::min(v[0], v[1]); }
ODDJET_LOOP double largest_lane(const Vector& v) { return std::max(v[0], v[1]); }

#include "nearest_loops.hpp"

void place(std::span<const FourMomentum> momenta, const Places& places) {
    for (std::size_t i = 0; i < momenta.size(); ++i) {
        places.rapidity[i] = rapidity(momenta[i]);
        places.azimuth[i] = from_zero(azimuth(momenta[i]));
    }
}

}  // namespace

const NearestPath& scalar_path() {
    static const NearestPath path{"scalar", place, begin, nearest, meet, closest};
    return path;
}

}  // namespace oddjet
