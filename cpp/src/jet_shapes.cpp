#include "oddjet/jet_shapes.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "message.hpp"

namespace oddjet {
namespace {

/// pt fractions of the particles that have a pt, and dR_ij^beta of every two of them.
struct Correlated {
    std::vector<double> fraction;
    std::vector<double> angle;  // [i, j] in C order

    [[nodiscard]] std::size_t size() const { return fraction.size(); }
    [[nodiscard]] std::span<const double> row(std::size_t i) const {
        return std::span(angle).subspan(i * size(), size());
    }
};

double total(const std::vector<double>& values) {
    double sum = 0.0;
    for (const double value : values) sum += value;
    return sum;
}

Correlated correlated(const Particles& jet, double beta) {
    Correlated found;
    std::vector<double> rapidities, azimuths;
    const double total_pt = total(jet.pt);
    for (std::size_t i = 0; i < jet.pt.size(); ++i) {
        if (jet.pt[i] == 0.0) continue;  // infinitely far away, and without weight
        found.fraction.push_back(jet.pt[i] / total_pt);
        rapidities.push_back(rapidity(jet.momenta[i]));
        azimuths.push_back(azimuth(jet.momenta[i]));
    }
    const std::size_t size = found.size();
    found.angle.assign(size * size, 0.0);
    for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t j = i + 1; j < size; ++j) {
            const double across = rapidities[i] - rapidities[j];
            const double around = delta_phi(azimuths[i], azimuths[j]);
            const double squared = across * across + around * around;
            const double angle =
                beta == 1.0 ? std::sqrt(squared) : std::pow(squared, 0.5 * beta);
            found.angle[i * size + j] = angle;
            found.angle[j * size + i] = angle;
        }
    }
    return found;
}

double ratio(double numerator, double denominator) {
    return denominator > 0.0 ? numerator / denominator : 0.0;
}

}  // namespace

void check_options(const EnergyCorrelationOptions& options) {
    // Products of three powers of the widest angles remain finite.
    if (!(options.beta > 0.0 && options.beta <= 10.0)) {
        refuse("energy_correlation: beta must be > 0 and <= 10, got ", options.beta);
    }
}

EnergyCorrelation energy_correlation(const Particles& jet,
                                     const EnergyCorrelationOptions& options) {
    const Correlated particles = correlated(jet, options.beta);
    const std::vector<double>& z = particles.fraction;
    EnergyCorrelation found;
    double smallest_two = 0.0;
    for (std::size_t i = 0; i < z.size(); ++i) {
        const std::span<const double> from_i = particles.row(i);
        for (std::size_t j = i + 1; j < z.size(); ++j) {
            const std::span<const double> from_j = particles.row(j);
            const double pair = from_i[j];
            double three_angles = 0.0;
            double two_angles = 0.0;
            for (std::size_t k = j + 1; k < z.size(); ++k) {
                const double far_side = from_i[k] * from_j[k];
                const double near_side = pair * std::min(from_i[k], from_j[k]);
                three_angles += z[k] * far_side;
                two_angles += z[k] * std::min(far_side, near_side);
            }
            const double weight = z[i] * z[j];
            found.e2 += weight * pair;
            found.e3 += weight * pair * three_angles;
            smallest_two += weight * two_angles;
        }
    }
    found.c2 = ratio(found.e3, found.e2 * found.e2);
    found.d2 = ratio(found.e3, found.e2 * found.e2 * found.e2);
    found.n2 = ratio(smallest_two, found.e2 * found.e2);
    return found;
}

JetShape jet_shape(const Particles& jet) {
    FourMomentum whole{0.0, 0.0, 0.0, 0.0};
    for (const FourMomentum& p : jet.momenta) whole = whole + p;
    double first_moment = 0.0;
    double squares = 0.0;
    for (std::size_t i = 0; i < jet.pt.size(); ++i) {
        if (jet.pt[i] == 0.0) continue;
        first_moment += jet.pt[i] * std::sqrt(delta_r_squared(jet.momenta[i], whole));
        squares += jet.pt[i] * jet.pt[i];
    }
    const double total_pt = total(jet.pt);
    return {ratio(first_moment, total_pt), ratio(std::sqrt(squares), total_pt)};
}

}  // namespace oddjet
