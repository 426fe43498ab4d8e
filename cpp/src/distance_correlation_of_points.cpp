#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "distance_statistic.hpp"
#include "message.hpp"
#include "oddjet/distance_correlation.hpp"
#include "oddjet/parallel.hpp"

// Two sweeps over all pairs of events, neither of which stores them: the first finds
// the mean distance of every event, the second the centred distances B_ij (see
// `Centring`), and with them the sums dCov^2 = sum_ij p_i p_j a_ij B_ij and the
// derivatives d dCov^2 / d x_i = 2 p_i sum_j p_j (x_i - x_j) / a_ij B_ij. A sweep goes
// by blocks of rows; the other events pass in tiles that stay in the cache while a
// block meets them.

namespace oddjet {
namespace {

constexpr const char* kKernel = "distance_correlation";
constexpr std::size_t kRows = 32;
constexpr std::size_t kTile = 256;

/// Points of one side by dimension, so that distances to a tile are vector operations.
class Points {
  public:
    Points(const Column& values, std::size_t events, std::size_t dimensions,
           std::size_t side)
        : coordinates_(dimensions, std::vector<double>(events)) {
        double largest = 0.0;
        for (std::size_t i = 0; i < events * dimensions; ++i) {
            const double value = values[i];
            if (!std::isfinite(value)) {
                refuse(kKernel, ": dimension ", i % dimensions, " of value ",
                       i / dimensions, " of variable ", side, " is non-finite, ",
                       value);
            }
            coordinates_[i % dimensions][i / dimensions] = value;
            largest = std::max(largest, std::fabs(value));
        }
        int exponent = 0;
        (void)std::frexp(largest, &exponent);
        scale_ = std::ldexp(1.0, -std::max(exponent, -1000));
        for (auto& axis : coordinates_) {
            for (double& value : axis) value *= scale_;
        }
    }

    [[nodiscard]] std::size_t dimensions() const { return coordinates_.size(); }
    [[nodiscard]] double scale() const { return scale_; }
    [[nodiscard]] const std::vector<double>& axis(std::size_t d) const {
        return coordinates_[d];
    }

    /// From event i to the events of a tile.
    void distances(std::size_t i, std::size_t begin, std::span<double> out) const {
        std::ranges::fill(out, 0.0);
        for (const auto& axis : coordinates_) {
            for (std::size_t j = 0; j < out.size(); ++j) {
                const double difference = axis[i] - axis[begin + j];
                out[j] += difference * difference;
            }
        }
        for (double& distance : out) distance = std::sqrt(distance);
    }

  private:
    std::vector<std::vector<double>> coordinates_;
    double scale_ = 1.0;
};

/// The means of one side's distances.
struct Means {
    std::vector<double> by_event;
    double grand = 0.0;
};

/// What the second sweep finds for one event: its terms of the three sums, and the
/// derivatives of dCov^2 and dVar^2, but for factors, of each side that wants them.
struct EventTerms {
    double covariance = 0.0;
    std::array<double, 2> variances{};
};

class Sweeps {
  public:
    using Tile = std::array<double, kTile>;

    Sweeps(std::array<Points, 2> points, std::array<bool, 2> wanted,
           const Fractions& fractions, Centring centring, int threads)
        : points_(std::move(points)),
          wanted_(wanted),
          fractions_(fractions.size()),
          centring_(centring),
          events_(fractions.size()),
          threads_(threads),
          terms_(fractions.size()) {
        for (std::size_t i = 0; i < events_; ++i) fractions_[i] = fractions[i];
        for (std::size_t side = 0; side < 2; ++side) {
            find_means(side);
            if (!wanted_[side]) continue;
            const std::size_t size = events_ * points_[side].dimensions();
            by_covariance_[side].resize(size);
            by_variance_[side].resize(size);
        }
        find_terms();
    }

    [[nodiscard]] Ratio ratio(DistanceStatistic statistic) const {
        RunningSum covariance;
        std::array<RunningSum, 2> variances;
        for (std::size_t i = 0; i < events_; ++i) {
            const double p = fractions_[i];
            covariance.add(p * terms_[i].covariance);
            for (std::size_t side = 0; side < 2; ++side) {
                variances[side].add(p * terms_[i].variances[side]);
            }
        }
        return ratio_of(statistic, covariance.value(), variance(0, variances[0]),
                        variance(1, variances[1]));
    }

    [[nodiscard]] std::vector<double> gradient(std::size_t side,
                                               const Ratio& ratio) const {
        std::vector<double> gradient(by_covariance_[side].size(), 0.0);
        if (!wanted_[side] || ratio.by_covariance == 0.0) return gradient;
        const double scale = points_[side].scale();
        const double by_covariance = 2.0 * scale * ratio.by_covariance;
        const double by_variance =
            4.0 * scale *
            (side == 0 ? ratio.by_first_variance : ratio.by_second_variance);
        const std::size_t dimensions = points_[side].dimensions();
        for (std::size_t i = 0; i < gradient.size(); ++i) {
            gradient[i] =
                fractions_[i / dimensions] * (by_covariance * by_covariance_[side][i] +
                                              by_variance * by_variance_[side][i]);
        }
        return gradient;
    }

  private:
    [[nodiscard]] double variance(std::size_t side, const RunningSum& sum) const {
        const Means& means = means_[side];
        const double largest = std::max(0.0, std::ranges::max(means.by_event));
        return centring_.variance(sum.value(), largest, means.grand);
    }

    /// meet(i, begin, size) for every event i and every tile, rows in parallel. An
    /// event meets the tiles in order.
    template <class Meet>
    void sweep(const Meet& meet) const {
        for_each_index((events_ + kRows - 1) / kRows, threads_, [&](std::size_t block) {
            const std::size_t last = std::min(events_, (block + 1) * kRows);
            for (std::size_t begin = 0; begin < events_; begin += kTile) {
                const std::size_t size = std::min(kTile, events_ - begin);
                for (std::size_t i = block * kRows; i < last; ++i) meet(i, begin, size);
            }
        });
    }

    void find_means(std::size_t side) {
        Means& means = means_[side];
        means.by_event.assign(events_, 0.0);
        sweep([&](std::size_t i, std::size_t begin, std::size_t size) {
            Tile distance;
            points_[side].distances(i, begin, {distance.data(), size});
            double sum = 0.0;
            for (std::size_t j = 0; j < size; ++j) {
                sum += fractions_[begin + j] * distance[j];
            }
            means.by_event[i] += sum;
        });
        RunningSum grand;
        for (std::size_t i = 0; i < events_; ++i) {
            grand.add(fractions_[i] * means.by_event[i]);
        }
        means.grand = grand.value();
    }

    /// p_j B_ij for the tile, from its distances; zero where j is i, as a_ii is.
    void centre(std::size_t side, std::size_t i, std::size_t begin,
                std::span<double> distance) const {
        const Means& means = means_[side];
        const double p_i = fractions_[i];
        const double row =
            centring_.grand * means.grand - centring_.row_term(p_i, means.by_event[i]);
        for (std::size_t j = 0; j < distance.size(); ++j) {
            const double p = fractions_[begin + j];
            const double factor =
                1.0 + centring_.linear * (p_i + p) + centring_.product * p_i * p;
            distance[j] = p * (distance[j] * factor + row -
                               centring_.row_term(p, means.by_event[begin + j]));
        }
    }

    void find_terms() {
        sweep([&](std::size_t i, std::size_t begin, std::size_t size) {
            std::array<Tile, 2> distances;
            std::array<Tile, 2> centred;
            for (std::size_t side = 0; side < 2; ++side) {
                points_[side].distances(i, begin, {distances[side].data(), size});
                std::copy_n(distances[side].begin(), size, centred[side].begin());
                centre(side, i, begin, {centred[side].data(), size});
            }
            EventTerms& terms = terms_[i];
            for (std::size_t side = 0; side < 2; ++side) {
                terms.variances[side] += product(distances[side], centred[side], size);
                if (wanted_[side]) {
                    add_derivatives(side, i, begin, {distances[side].data(), size},
                                    centred);
                }
            }
            terms.covariance += product(distances[0], centred[1], size);
        });
    }

    static double product(const Tile& a, const Tile& b, std::size_t size) {
        double sum = 0.0;
        for (std::size_t j = 0; j < size; ++j) sum += a[j] * b[j];
        return sum;
    }

    void add_derivatives(std::size_t side, std::size_t i, std::size_t begin,
                         std::span<const double> distance,
                         const std::array<Tile, 2>& centred) {
        const std::size_t dimensions = points_[side].dimensions();
        for (std::size_t d = 0; d < dimensions; ++d) {
            const auto& axis = points_[side].axis(d);
            double by_covariance = 0.0;
            double by_variance = 0.0;
            for (std::size_t j = 0; j < distance.size(); ++j) {
                if (distance[j] == 0.0) continue;  // no direction: sgn(0) = 0
                const double along = (axis[i] - axis[begin + j]) / distance[j];
                by_covariance += along * centred[1 - side][j];
                by_variance += along * centred[side][j];
            }
            by_covariance_[side][i * dimensions + d] += by_covariance;
            by_variance_[side][i * dimensions + d] += by_variance;
        }
    }

    std::array<Points, 2> points_;
    std::array<bool, 2> wanted_;
    std::vector<double> fractions_;
    Centring centring_;
    std::size_t events_;
    int threads_;
    std::array<Means, 2> means_;
    std::vector<EventTerms> terms_;
    std::array<std::vector<double>, 2> by_covariance_;  // [event, dimension]
    std::array<std::vector<double>, 2> by_variance_;
};

std::size_t checked_events(const WeightedPoints& sample) {
    if (sample.x_dimensions < 1 || sample.y_dimensions < 1) {
        refuse(kKernel, ": points must have >= 1 dimension");
    }
    const std::size_t events = sample.x.size() / sample.x_dimensions;
    if (sample.x.size() != events * sample.x_dimensions ||
        sample.y.size() != events * sample.y_dimensions) {
        refuse(kKernel, ": there must be a point an event, got ", sample.x.size(),
               " values of ", sample.x_dimensions, " dimension(s) and ",
               sample.y.size(), " of ", sample.y_dimensions);
    }
    if (events < 2) refuse(kKernel, ": there must be >= 2 events, got ", events);
    return events;
}

}  // namespace

PairCorrelation distance_correlation_of_points(const WeightedPoints& sample,
                                               const VariablePair& wanted,
                                               DistanceStatistic statistic,
                                               int threads) {
    check_threads(threads, kKernel);
    const std::size_t events = checked_events(sample);
    const Fractions fractions = as_fractions(sample.weights, events);
    const Centring centring = centring_of(statistic, fractions);
    const Sweeps sweeps({Points(sample.x, events, sample.x_dimensions, 0),
                         Points(sample.y, events, sample.y_dimensions, 1)},
                        {wanted.first_gradient, wanted.second_gradient}, fractions,
                        centring, threads);
    const Ratio ratio = sweeps.ratio(statistic);
    return {ratio.value, sweeps.gradient(0, ratio), sweeps.gradient(1, ratio)};
}

}  // namespace oddjet
