#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "oddjet/jet_images.hpp"
#include "oddjet/kinematics.hpp"

namespace oddjet {

/// The constituents of one jet on their way to its image. It works in the memory of
/// former jets. Sums are over eight interleaved parts, whatever the processor.
class ImagePoints {
  public:
    explicit ImagePoints(const ImageOptions& options) : options_(options) {}

    /// Take constituents, measured from the axis of their jet. Gives their pt.
    double take(std::span<const double> pt, std::span<const double> eta,
                std::span<const double> phi, const ColliderMomentum& axis);

    /// Center, rotate and flip them as the options say, and find their pixels. They
    /// have pt.
    void prepare();

    [[nodiscard]] std::span<const double> pt() const { return {pt_.data(), size_}; }

    /// The pixel of each, row times bins plus column; that after the last for a point
    /// outside the box.
    [[nodiscard]] std::span<const std::int32_t> pixels() const {
        return {pixels_.data(), size_};
    }

  private:
    ImageOptions options_;
    std::size_t size_ = 0;
    // Up to a whole number of lanes there are points without pt.
    std::vector<double> pt_, eta_, phi_;
    std::vector<std::int32_t> pixels_;
    std::array<double, 3> sums_{};  // of pt, pt eta, pt phi
};

}  // namespace oddjet
