#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "concordance_sums.hpp"
#include "distance_statistic.hpp"
#include "sorted_variable.hpp"

namespace oddjet {

/// A variable, and what it brings to every pair.
struct KnownVariable {
    SortedVariable sorted;
    std::vector<double> own_fractions;  // where they differ
    Weights fractions;                  // by position; refer to the events' or to these
    VariableSums sums;

    KnownVariable(SortedVariable variable, const Fractions& events,
                  const Centring& centring);
    KnownVariable(KnownVariable&&) = default;  // a copy would refer to this one's
    KnownVariable& operator=(KnownVariable&&) = default;
};

/// The events of a pair in the order of either variable. Among equal values the events
/// are in the order of the other variable, which makes the sums over ties simple.
class PairOrder {
  public:
    PairOrder(const KnownVariable& first, const KnownVariable& second,
              const Fractions& fractions);

    /// By position in one variable (side 0 or 1): the position in the other.
    [[nodiscard]] const std::vector<std::uint32_t>& partners(std::size_t side) const {
        return partners_[side];
    }
    [[nodiscard]] std::span<const std::uint32_t> events(std::size_t side) const {
        return events_[side];
    }
    [[nodiscard]] Weights fractions(std::size_t side) const { return fractions_[side]; }

  private:
    void order_ties(const SortedVariable& first, const SortedVariable& second);

    std::array<std::vector<std::uint32_t>, 2> partners_;
    std::array<std::span<const std::uint32_t>, 2> events_;
    std::array<Weights, 2> fractions_;
    // What the spans refer to where there are ties; else to what the variables have.
    std::array<std::vector<std::uint32_t>, 2> reordered_;
    std::array<std::vector<double>, 2> reordered_fractions_;
};

/// The derivatives of dCov^2 of two variables, and so dCov^2 itself. Refers to its
/// arguments as long as it lives.
class PairBrackets {
  public:
    PairBrackets(const KnownVariable& first, const KnownVariable& second,
                 const Fractions& fractions, const Centring& centring);
    PairBrackets(const PairBrackets&) = delete;  // its order refers to itself
    PairBrackets& operator=(const PairBrackets&) = delete;

    /// Find the brackets of the first side (0), of the second (1) or of both.
    void find(bool first, bool second, int threads);

    /// dCov^2, from the brackets of that side.
    [[nodiscard]] double covariance(std::size_t side) const;

    /// d statistic / d input of that side, by event.
    [[nodiscard]] std::vector<double> gradient(std::size_t side,
                                               const Ratio& ratio) const;

  private:
    template <std::size_t Columns>
    using Nodes = std::vector<ConcordanceNode<Columns>>;
    using Sides = std::array<std::vector<double>, 2>;  // by position in each

    template <std::size_t Columns>
    void find_sides(std::span<const std::size_t> sides, int threads);

    template <std::size_t Columns>
    Sides signed_distances(Weights weights, std::span<const std::size_t> sides,
                           int threads) const;

    template <std::size_t Columns>
    Nodes<Columns> payloads(Weights weights, std::span<const std::size_t> sides) const;

    template <std::size_t Columns>
    void correct_ties(std::size_t side, std::size_t column, const Nodes<Columns>& nodes,
                      std::span<double> distances) const;

    std::vector<double> brackets(std::size_t side, std::vector<double> distances,
                                 const std::vector<double>& square_distances) const;

    std::array<const KnownVariable*, 2> variables_;
    PairOrder order_;
    const Centring& centring_;
    std::array<std::vector<double>, 2> brackets_;  // G_i by position
};

}  // namespace oddjet
