#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "buffer.hpp"
#include "distance_statistic.hpp"
#include "signed_distances.hpp"
#include "sorted_variable.hpp"

namespace oddjet {

/// What the pairs of a variable ask it for; nothing else is kept.
struct AskedFor {
    bool looked_at = false;  // by the events of the other variable
    bool gradient = false;
};

/// A variable, and what it brings to every pair.
struct KnownVariable {
    SortedVariable sorted;         // but for its values
    Buffer<double> own_fractions;  // where they differ
    Weights fractions;             // by position; refer to the events' or to these
    VariableSums sums;             // but for each, where nobody looks
    Numbers values;                // by position

    KnownVariable(SortedVariable variable, const Fractions& events,
                  const Centring& centring, const AskedFor& asked,
                  Workspace& workspace);
    KnownVariable(KnownVariable&&) = default;  // a copy would refer to this one's
    KnownVariable& operator=(KnownVariable&&) = default;
};

/// The events of a pair in the order of either variable. Among equal values the events
/// are in the order of the other variable, which makes the sums over ties simple.
class PairOrder {
  public:
    PairOrder(const KnownVariable& first, const KnownVariable& second,
              const Fractions& fractions, Workspace& workspace);

    /// By position in one variable (side 0 or 1): the position in the other.
    [[nodiscard]] std::span<const std::uint32_t> partners(std::size_t side) const {
        return partners_[side];
    }
    [[nodiscard]] std::span<const std::uint32_t> events(std::size_t side) const {
        return events_[side];
    }
    [[nodiscard]] Weights fractions(std::size_t side) const { return fractions_[side]; }

  private:
    void order_ties(const SortedVariable& first, const SortedVariable& second,
                    Workspace& workspace);

    std::array<Buffer<std::uint32_t>, 2> partners_;
    std::array<std::span<const std::uint32_t>, 2> events_;
    std::array<Weights, 2> fractions_;
    // What the spans refer to where there are ties; else to what the variables have.
    std::array<Buffer<std::uint32_t>, 2> reordered_;
    std::array<Buffer<double>, 2> reordered_fractions_;
};

/// The derivatives of dCov^2 of two variables, and so dCov^2 itself. Refers to its
/// arguments as long as it lives.
class PairBrackets {
  public:
    PairBrackets(const KnownVariable& first, const KnownVariable& second,
                 const Fractions& fractions, const Centring& centring,
                 Workspace& workspace);
    PairBrackets(const PairBrackets&) = delete;  // its order refers to itself
    PairBrackets& operator=(const PairBrackets&) = delete;

    /// Find the brackets of the first side (0), of the second (1) or of both.
    void find(bool first, bool second, int threads);

    /// dCov^2, from the brackets of that side.
    [[nodiscard]] double covariance(std::size_t side) const {
        return covariances_[side];
    }

    /// d statistic / d input of that side, by event.
    [[nodiscard]] std::vector<double> gradient(std::size_t side,
                                               const Ratio& ratio) const;

  private:
    using Sides = std::array<Buffer<double>, 2>;  // by position in each

    void look_at_partners(std::size_t side);

    [[nodiscard]] Sides distances(std::array<Weights, 2> weights, std::size_t side,
                                  bool both, int threads) const;

    void correct_ties(std::size_t side, Weights weights,
                      std::span<double> distances) const;

    void set_brackets(std::size_t side, const Buffer<double>& square_distances);

    std::array<const KnownVariable*, 2> variables_;
    PairOrder order_;
    const Centring& centring_;
    Workspace& workspace_;
    Sides partner_values_;
    Sides partner_rows_;  // h_i of `Centring`
    Sides brackets_;      // G_i
    std::array<double, 2> covariances_{};
};

}  // namespace oddjet
