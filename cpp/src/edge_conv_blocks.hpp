#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "network_path.hpp"
#include "oddjet/edge_conv.hpp"

namespace oddjet {

/// Its weights as this machine's path wants them.
[[nodiscard]] PackedLayer pack(const LinearMap& map);

/// An EdgeConvBlock with its maps packed.
struct PackedBlock {
    PackedLayer center, neighbour;
    std::vector<PackedLayer> layers;
    PackedLayer shortcut;
    std::size_t width = 0;   // outputs
    std::size_t widest = 0;  // padded, of the messages
};

/// Works on the constituents of one jet after the other, which are the rows of a
/// matrix. One a thread.
class EdgeConvRoom {
  public:
    explicit EdgeConvRoom(std::size_t most_neighbours) : most_(most_neighbours) {}

    /// The next jet, of n >= 1 constituents, each with min(k, n - 1) neighbours.
    void start(std::size_t n);

    /// The rows become (features - mean) / scale.
    void standardise(const float* features, std::span<const float> mean,
                     std::span<const float> scale);

    /// Write the mean of the first `width` columns over the rows, which is kept as the
    /// centre of the jet, and return where the next means go.
    float* pool(std::size_t width, float* means);

    /// Neighbours by two columns of the features. Differences are squared and summed as
    /// in the graph, so that equal distances are equal.
    void find_in_plane(const float* features, std::size_t num_features,
                       const std::array<std::size_t, 2>& columns);

    /// Neighbours by all columns of the rows: of all b, that with the least
    /// b.b/2 - a.b is nearest to a. About the centre, where the cancellation is
    /// smallest.
    void find_in_space();

    /// neighbours[constituent, k].
    [[nodiscard]] const std::vector<std::uint32_t>& neighbours() const {
        return neighbours_;
    }
    void take(const std::vector<std::uint32_t>& neighbours) {
        neighbours_ = neighbours;
    }

    /// The rows become the outputs of the block.
    void apply(const PackedBlock& block, float slope);

  private:
    void find_nearest();

    std::size_t most_;
    std::size_t n_ = 0;
    std::size_t k_ = 0;
    std::size_t width_ = 0;   // columns of the rows
    std::size_t stride_ = 0;  // the same, padded
    std::vector<float> rows_, next_;
    std::vector<float> centre_, centred_;
    PackedLayer others_;  // the centred rows as a linear map
    std::vector<float> distances_, nearest_room_;
    std::vector<std::uint32_t> neighbours_;
    std::vector<float> center_, neighbour_, messages_, mapped_;
};

}  // namespace oddjet
