#include "oddjet/nsubjettiness.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "message.hpp"
#include "oddjet/clustering_history.hpp"
#include "oddjet/parallel.hpp"

namespace oddjet {
namespace {

constexpr double kNoRadius = 1000.0;

struct Direction {
    double rapidity;
    double azimuth;
};

Direction direction(const FourMomentum& p) { return {rapidity(p), azimuth(p)}; }

double distance_squared(const Direction& a, const Direction& b) {
    const double across = a.rapidity - b.rapidity;
    const double around = delta_phi(a.azimuth, b.azimuth);
    return across * across + around * around;
}

/// pt_i and direction of the particles that have a pt.
struct Weighted {
    double pt;
    Direction direction;
};

std::vector<Weighted> weighted(const Particles& jet) {
    std::vector<Weighted> found;
    for (std::size_t i = 0; i < jet.pt.size(); ++i) {
        if (jet.pt[i] > 0.0) found.push_back({jet.pt[i], direction(jet.momenta[i])});
    }
    return found;
}

double angle_to_nearest(const Direction& particle, const std::vector<Direction>& axes,
                        double beta) {
    double nearest = std::numeric_limits<double>::infinity();
    for (const Direction& axis : axes) {
        nearest = std::min(nearest, distance_squared(particle, axis));
    }
    return beta == 1.0 ? std::sqrt(nearest) : std::pow(nearest, 0.5 * beta);
}

}  // namespace

Axes axes_from_name(std::string_view name) {
    if (name == "kt") return Axes::kKt;
    if (name == "wta_kt") return Axes::kWinnerTakeAllKt;
    refuse("nsubjettiness: axes must be kt or wta_kt, got '", name, "'");
}

void check_options(const NsubjettinessOptions& options) {
    if (options.counts.empty()) refuse("nsubjettiness: n must not be empty");
    for (const int count : options.counts) {
        if (count < 1) refuse("nsubjettiness: n must be >= 1, got ", count);
    }
    if (!(options.radius > 0.0 && options.radius <= kNoRadius)) {
        refuse("nsubjettiness: radius must be > 0 and <= 1000, got ", options.radius);
    }
    // Powers of the widest angles remain finite.
    if (!(options.beta > 0.0 && options.beta <= 10.0)) {
        refuse("nsubjettiness: beta must be > 0 and <= 10, got ", options.beta);
    }
}

std::vector<double> nsubjettiness(const Particles& jet,
                                  const NsubjettinessOptions& options) {
    std::vector<double> taus(options.counts.size(), 0.0);
    const std::vector<Weighted> particles = weighted(jet);
    if (particles.empty()) return taus;
    const Recombination recombination = options.axes == Axes::kKt
                                            ? Recombination::kEScheme
                                            : Recombination::kWinnerTakeAllPt;
    const ClusteringHistory history =
        clustering_history(jet, {Algorithm::kKt, kNoRadius, 0.0, 1.0, recombination});
    double total_pt = 0.0;
    for (const Weighted& particle : particles) total_pt += particle.pt;
    const double scale = total_pt * std::pow(options.radius, options.beta);
    for (std::size_t n = 0; n < taus.size(); ++n) {
        const auto count = static_cast<std::size_t>(options.counts[n]);
        std::vector<Direction> axes;
        for (const std::int64_t node : exclusive_jets(history, count)) {
            axes.push_back(direction(history.momentum(node)));
        }
        double sum = 0.0;
        for (const Weighted& particle : particles) {
            sum +=
                particle.pt * angle_to_nearest(particle.direction, axes, options.beta);
        }
        taus[n] = sum / scale;
    }
    return taus;
}

std::vector<double> nsubjettiness(const ParticleLists& jets,
                                  const NsubjettinessOptions& options, int threads) {
    check_options(options);
    check_lists(jets, "nsubjettiness");
    check_threads(threads, "nsubjettiness");
    const std::size_t width = options.counts.size();
    std::vector<double> values(jets.size() * width);
    for_each_index(jets.size(), threads, [&](std::size_t jet) {
        const auto row = static_cast<std::ptrdiff_t>(jet * width);
        std::ranges::copy(nsubjettiness(read_list(jets, jet, "nsubjettiness"), options),
                          values.begin() + row);
    });
    return values;
}

}  // namespace oddjet
