#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "buffer.hpp"
#include "oddjet/distance_correlation.hpp"

namespace oddjet {

/// A running sum of many terms. Short stretches are added plainly, the stretches to the
/// whole with what their roundings lose: the error is that of a few hundred additions.
class RunningSum {
  public:
    void add(double term) {
        stretch_ += term;
        if (++terms_ == kStretch) close_stretch();
    }
    [[nodiscard]] double value() const { return sum_ + (lost_ + stretch_); }

  private:
    static constexpr int kStretch = 256;

    void close_stretch() {
        const double sum = sum_ + stretch_;
        const double part = sum - sum_;
        lost_ += (sum_ - (sum - part)) + (stretch_ - part);
        sum_ = sum;
        stretch_ = 0.0;
        terms_ = 0;
    }

    double stretch_ = 0.0;
    int terms_ = 0;
    double sum_ = 0.0;
    double lost_ = 0.0;
};

/// The fractions p = w / sum(w) that events count for. Refers to weights in double
/// precision.
class Fractions {
  public:
    explicit Fractions(std::size_t events)  // equal ones
        : events_(events), equal_(1.0 / static_cast<double>(events)) {}
    Fractions(const Column& weights, double total);
    Fractions(Fractions&&) = default;  // a copy would refer to this one's

    [[nodiscard]] std::size_t size() const { return events_; }
    [[nodiscard]] bool are_equal() const { return weights_.empty(); }
    [[nodiscard]] const double& equal() const { return equal_; }  // where they are
    [[nodiscard]] double operator[](std::size_t event) const {
        return are_equal() ? equal_ : weights_[event] / total_;
    }

    /// Those of some events.
    [[nodiscard]] Buffer<double> of(std::span<const std::uint32_t> events,
                                    Workspace& workspace) const;

  private:
    std::size_t events_;
    double equal_ = 0.0;
    std::vector<double> converted_;
    std::span<const double> weights_;
    double total_ = 1.0;
};

/// Throws std::invalid_argument: another size, a non-finite weight, a sum that is not
/// positive.
[[nodiscard]] Fractions as_fractions(const std::optional<Column>& weights,
                                     std::size_t events);

/// How either statistic centres distances. With the fractions p, the distances b_ij and
/// their means m_i = sum_j p_j b_ij, m = sum_i p_i m_i, the statistic dCov^2 is, up to
/// a factor that the ratio does not see,
///   sum_ij p_i p_j a_ij B_ij,
///   B_ij = b_ij (1 + linear (p_i + p_j) + product p_i p_j) - h_i - h_j + grand m,
///   h_i = (row + row_own p_i) m_i.
struct Centring {
    double row = 1.0;
    double row_own = 0.0;
    double grand = 1.0;
    double linear = 0.0;
    double product = 0.0;
    double rounding = 0.0;  // of dVar^2: see `variance`

    /// The factor of b_ij depends on the weights of i and j.
    [[nodiscard]] bool weighs_distances() const {
        return linear != 0.0 || product != 0.0;
    }
    [[nodiscard]] double row_term(double fraction, double mean) const {
        return (row + row_own * fraction) * mean;
    }
    /// dVar^2 from its sum. The unbiased one of a variable in which one event differs
    /// from all others is zero for equal weights: what its terms, of the size of the
    /// largest distance times the mean one, leave of each other is rounding.
    [[nodiscard]] double variance(double sum, double largest_mean,
                                  double grand_mean) const;
};

/// Throws std::invalid_argument: fewer than two events, or, for the unbiased statistic,
/// fewer than four of non-zero weight or no positive weight of four different ones.
[[nodiscard]] Centring centring_of(DistanceStatistic statistic,
                                   const Fractions& fractions);

/// The statistic as a function of dCov^2, dVar^2(x) and dVar^2(y), with derivatives.
struct Ratio {
    double value = 0.0;
    double by_covariance = 0.0;
    double by_first_variance = 0.0;
    double by_second_variance = 0.0;
};

[[nodiscard]] Ratio ratio_of(DistanceStatistic statistic, double covariance,
                             double first_variance, double second_variance);

}  // namespace oddjet
