#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "oddjet/constituent_features.hpp"

namespace oddjet {

/// Constituents by column, in memory of somebody.
struct MomentumSpans {
    Coordinates coordinates;
    std::array<std::span<const double>, 4> columns;
};

/// What the features of constituents are made of, of one jet or of many in a row: long
/// loops for vector instructions.
class FeatureColumns {
  public:
    /// Numbers that it works with for so many constituents.
    [[nodiscard]] static std::size_t scratch(std::size_t constituents);

    /// Reads the momenta of `size` constituents. Uses the scratch as long as it lives.
    FeatureColumns(const MomentumSpans& momenta, std::span<double> scratch);

    /// The first constituent with pt = 0, which has no logarithm.
    [[nodiscard]] std::optional<std::size_t> first_without_pt() const;

    /// The features of constituents [begin, begin + size), those of this jet, in rows.
    void write(const FourMomentum& jet, std::size_t begin, std::size_t size,
               std::span<const Feature> features, float* values) const;

  private:
    [[nodiscard]] double* row(std::size_t i) const { return rows_ + i * columns_; }

    std::size_t columns_;
    double* rows_;
};

}  // namespace oddjet
