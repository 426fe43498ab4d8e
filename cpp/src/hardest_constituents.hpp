#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "feature_columns.hpp"
#include "oddjet/particles.hpp"

namespace oddjet {

/// The hardest constituents of a few jets by column, one jet after another; hardest
/// first, equal pt by index.
class HardestConstituents {
  public:
    /// At most so many of each list.
    HardestConstituents(const ParticleLists& lists, std::size_t most,
                        std::string_view kernel)
        : lists_(lists), most_(most), kernel_(kernel) {}

    /// Make room for those of lists [first, last).
    void reserve(std::size_t first, std::size_t last);

    /// Add those of list j; gives how many. Throws for a momentum_problem, and for one
    /// that is kept with pt = 0.
    std::size_t add(std::size_t j);

    [[nodiscard]] MomentumSpans momenta() const;

  private:
    void read(std::size_t j);
    void sort();
    void count_places();
    void check_pt(std::size_t j, std::size_t kept) const;

    const ParticleLists& lists_;
    std::size_t most_;
    std::string_view kernel_;
    // Of the list at hand.
    std::array<std::vector<double>, 4> all_;
    std::vector<double> pt_;
    std::vector<double> harder_;
    std::vector<std::int64_t> order_;
    std::array<std::vector<double>, 4> columns_;  // what is kept
};

}  // namespace oddjet
