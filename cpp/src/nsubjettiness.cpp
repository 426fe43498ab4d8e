#include "oddjet/nsubjettiness.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "message.hpp"
#include "oddjet/clustering_history.hpp"

namespace oddjet {
namespace {

// As in the reference implementation of the minimisation: axes rest when on average
// they move by less, and an axis on top of a particle is that far from it.
constexpr double kRest = 1e-4;
constexpr int kMostMoves = 1000;

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

struct Nearest {
    std::size_t axis;
    double distance_squared;
};

/// The nearest axis; of equally near ones the first.
Nearest nearest_axis(const Direction& particle, const std::vector<Direction>& axes) {
    Nearest nearest{0, std::numeric_limits<double>::infinity()};
    for (std::size_t k = 0; k < axes.size(); ++k) {
        const double squared = distance_squared(particle, axes[k]);
        if (squared < nearest.distance_squared) nearest = {k, squared};
    }
    return nearest;
}

/// Weighted sums over the particles of an axis: where they lie, seen from it.
struct Pull {
    double weight = 0.0;
    double across = 0.0;
    double around = 0.0;
};

/// Each axis at the weighted mean of its particles; one without particles stays.
std::vector<Direction> moved(const std::vector<Direction>& axes,
                             const std::vector<Weighted>& particles, double beta) {
    std::vector<Pull> pulls(axes.size());
    for (const Weighted& particle : particles) {
        const auto [k, squared] = nearest_axis(particle.direction, axes);
        const double weight =
            particle.pt * std::pow(squared + kRest * kRest, 0.5 * beta - 1.0);
        const double around = delta_phi(particle.direction.azimuth, axes[k].azimuth);
        pulls[k].weight += weight;
        pulls[k].across += weight * (particle.direction.rapidity - axes[k].rapidity);
        pulls[k].around += weight * around;
    }
    std::vector<Direction> result = axes;
    for (std::size_t k = 0; k < axes.size(); ++k) {
        if (pulls[k].weight == 0.0) continue;
        result[k].rapidity += pulls[k].across / pulls[k].weight;
        result[k].azimuth =
            wrapped_azimuth(result[k].azimuth + pulls[k].around / pulls[k].weight);
    }
    return result;
}

/// The axes where they come to rest.
std::vector<Direction> at_rest(std::vector<Direction> axes,
                               const std::vector<Weighted>& particles, double beta) {
    for (int move = 0; move < kMostMoves; ++move) {
        std::vector<Direction> next = moved(axes, particles, beta);
        double way = 0.0;
        for (std::size_t k = 0; k < axes.size(); ++k) {
            way += std::sqrt(distance_squared(axes[k], next[k]));
        }
        axes = std::move(next);
        if (way < kRest * static_cast<double>(axes.size())) break;
    }
    return axes;
}

bool minimises(Axes axes) {
    return axes == Axes::kOnePassKt || axes == Axes::kOnePassWinnerTakeAllKt;
}

Recombination recombination_of(Axes axes) {
    return axes == Axes::kKt || axes == Axes::kOnePassKt
               ? Recombination::kEScheme
               : Recombination::kWinnerTakeAllPt;
}

/// sum_i pt_i min_k dR_ik^beta.
double spread(const std::vector<Weighted>& particles,
              const std::vector<Direction>& axes, double beta) {
    double sum = 0.0;
    for (const Weighted& particle : particles) {
        const double squared = nearest_axis(particle.direction, axes).distance_squared;
        const double angle =
            beta == 1.0 ? std::sqrt(squared) : std::pow(squared, 0.5 * beta);
        sum += particle.pt * angle;
    }
    return sum;
}

}  // namespace

Axes axes_from_name(std::string_view name) {
    if (name == "kt") return Axes::kKt;
    if (name == "wta_kt") return Axes::kWinnerTakeAllKt;
    if (name == "onepass_kt") return Axes::kOnePassKt;
    if (name == "onepass_wta_kt") return Axes::kOnePassWinnerTakeAllKt;
    refuse(
        "nsubjettiness: axes must be kt, wta_kt, onepass_kt or onepass_wta_kt, got '",
        name, "'");
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
    // Elsewhere a move may lead uphill, or into one of many minima.
    if (minimises(options.axes) && !(options.beta >= 1.0 && options.beta <= 2.0)) {
        refuse("nsubjettiness: beta must be >= 1 and <= 2 with axes of one pass, got ",
               options.beta);
    }
}

std::vector<double> nsubjettiness(const JetClusterings& jet,
                                  const NsubjettinessOptions& options) {
    std::vector<double> taus(options.counts.size(), 0.0);
    const std::vector<Weighted> particles = weighted(jet.particles());
    if (particles.empty()) return taus;
    const ClusteringHistory& history =
        jet.history(Algorithm::kKt, kNoRadius, recombination_of(options.axes));
    double total_pt = 0.0;
    for (const Weighted& particle : particles) total_pt += particle.pt;
    const double scale = total_pt * std::pow(options.radius, options.beta);
    for (std::size_t n = 0; n < taus.size(); ++n) {
        const auto count = static_cast<std::size_t>(options.counts[n]);
        if (count >= jet.particles().momenta.size()) continue;  // an axis for each
        std::vector<Direction> axes;
        for (const std::int64_t node : exclusive_jets(history, count)) {
            axes.push_back(direction(history.momentum(node)));
        }
        if (minimises(options.axes)) axes = at_rest(axes, particles, options.beta);
        taus[n] = spread(particles, axes, options.beta) / scale;
    }
    return taus;
}

}  // namespace oddjet
