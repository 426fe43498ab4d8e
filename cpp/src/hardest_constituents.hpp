#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "oddjet/particles.hpp"
#include "plain_momenta.hpp"

namespace oddjet {

/// A few jets at a time, and the hardest constituents of each by column: hardest first,
/// equal pt by index. It works in the memory of former jets.
class HardestConstituents {
  public:
    /// At most so many of each list, of which there is one a jet.
    HardestConstituents(const MomentumView& jets, const ParticleLists& lists,
                        std::size_t most, std::string_view kernel)
        : jets_(jets), lists_(lists), most_(most), kernel_(kernel) {}

    /// Take jets [first, last). Throws for the first of them with a momentum_problem or
    /// pt = 0, or with a constituent that has the one or is kept with the other.
    void take(std::size_t first, std::size_t last);

    [[nodiscard]] const MomentumSpans& axes() const { return axes_; }

    /// The kept ones, and after those of each jet some of pt 1 up to a multiple of
    /// kLane: long loops over all jets, and whole vector registers of each.
    [[nodiscard]] MomentumSpans momenta() const;

    /// Of the i-th jet taken: where its constituents begin in the columns, and how many
    /// they are.
    [[nodiscard]] std::size_t begin(std::size_t i) const { return begins_[i]; }
    [[nodiscard]] std::size_t count(std::size_t i) const { return counts_[i]; }

  private:
    void look_closely(std::size_t j) const;
    void make_room(std::size_t first, std::size_t last);
    void keep(std::size_t j, std::size_t offset);
    void pad();
    void sort(std::span<const double> pt);
    void count_places(std::span<const double> pt);
    [[noreturn]] void refuse_without_pt(std::size_t j, std::span<const double> pt,
                                        bool in_order) const;

    const MomentumView& jets_;
    const ParticleLists& lists_;
    std::size_t most_;
    std::string_view kernel_;

    MomentumSpans axes_{};
    MomentumSpans all_{};  // constituents of the jets at hand
    SpanMemory axis_memory_, memory_;
    std::vector<double> transverse_;
    std::span<const double> pt_;  // of all
    std::vector<double> few_;
    std::vector<std::int64_t> places_, order_;  // of one list

    std::array<std::vector<double>, 4> columns_;  // what is kept
    std::size_t size_ = 0;                        // of it
    std::vector<std::size_t> begins_, counts_;
};

}  // namespace oddjet
