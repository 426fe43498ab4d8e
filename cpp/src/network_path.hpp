#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace oddjet {

/// Rows of numbers are padded to whole multiples of this, on every path.
inline constexpr std::size_t kPadding = 16;

[[nodiscard]] constexpr std::size_t padded(std::size_t width) {
    return (width + kPadding - 1) / kPadding * kPadding;
}

/// A linear map with its weights as a path wants them: panels of neighbouring outputs,
/// each [input, output of the panel], one after the other.
struct PackedLayer {
    std::size_t inputs = 0;
    std::size_t outputs = 0;  // padded; those beyond the real ones give zero
    std::vector<float> panels;
    std::vector<float> bias;
};

/// An activation is the identity above zero and has this slope below.
inline constexpr float kLinear = 1.0F;

/// One implementation of the inner loops of a network. Every number is a sum over the
/// inputs in their order, so that no bit depends on how many rows are mapped together.
/// Paths differ in the last bits: some round once a product and sum, others twice.
struct NetworkPath {
    std::string_view name;

    /// Outputs of the widest panel, kPadding times a power of two.
    std::size_t widest_panel;

    /// Map rows: from[row * from_stride + input] -> to[row * layer.outputs + output].
    void (*map)(const PackedLayer& layer, float slope, const float* from,
                std::size_t from_stride, std::size_t rows, float* to);

    /// The k nearest of each of n points, nearest first, equals by their index:
    /// neighbours[point, k], of distances[other * stride + point]. Needs k < n and
    /// infinity on the diagonal; `room` has 2 k kPadding numbers.
    void (*nearest)(const float* distances, std::size_t stride, std::size_t n,
                    std::size_t k, float* room, std::uint32_t* neighbours);
};

/// The path that `simd_path` names.
[[nodiscard]] const NetworkPath& network_path();

[[nodiscard]] const NetworkPath& scalar_network_path();
#if defined(__x86_64__) && defined(__GNUC__)
[[nodiscard]] const NetworkPath& avx2_network_path();
[[nodiscard]] const NetworkPath& avx512_network_path();
#endif

}  // namespace oddjet
