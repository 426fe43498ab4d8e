#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "oddjet/constituent_features.hpp"
#include "plain_momenta.hpp"

namespace oddjet {

/// Numbers are worked on in whole registers of this many.
inline constexpr std::size_t kLane = 8;

[[nodiscard]] constexpr std::size_t whole_lanes(std::size_t size) {
    return (size + kLane - 1) / kLane * kLane;
}

/// What the features of a constituent are differences to.
struct JetAxis {
    double log_pt;
    double log_energy;
    double rapidity;
    double azimuth;
};

/// What features are made of, of many momenta of pt > 0 in a row (constituents of one
/// jet or more, or jets): long loops for vector instructions.
class FeatureColumns {
  public:
    /// Numbers that it works with for so many momenta.
    [[nodiscard]] static constexpr std::size_t scratch(std::size_t momenta) {
        return 6 * whole_lanes(momenta);
    }

    /// Uses the momenta and the scratch as long as it lives.
    FeatureColumns(const MomentumSpans& momenta, std::span<double> scratch);

    /// The first with pt = 0, which has no logarithm.
    [[nodiscard]] std::optional<std::size_t> first_without_pt() const;

    /// Momentum i as an axis.
    [[nodiscard]] JetAxis axis(std::size_t i) const {
        return {log_pt_[i], log_energy_[i], rapidity_[i], azimuth_[i]};
    }

    /// The features of constituents [begin, begin + size), those of a jet with this
    /// axis, in rows; zeros to the end of `values`. A multiple of kLane begins it.
    void write(const JetAxis& axis, std::size_t begin, std::size_t size,
               std::span<const Feature> features, std::span<float> values) const;

  private:
    std::size_t size_;
    const double* pt_;
    const double* azimuth_;
    double* rapidity_;
    double* log_pt_;
    double* log_energy_;
};

}  // namespace oddjet
