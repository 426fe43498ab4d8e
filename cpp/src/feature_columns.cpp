#include "feature_columns.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "natural_log.hpp"
#include "vector_width.hpp"

namespace oddjet {
namespace {

enum Row : std::size_t { kPt, kEnergy, kRapidity, kAzimuth, kLogPt, kLogEnergy, kRows };

struct JetAxis {
    explicit JetAxis(const FourMomentum& jet)
        : log_pt(std::log(std::sqrt(pt_squared(jet)))),
          log_energy(std::log(jet.energy)),
          rapidity(oddjet::rapidity(jet)),
          azimuth(oddjet::azimuth(jet)) {}

    double log_pt;
    double log_energy;
    double rapidity;
    double azimuth;
};

// log((E + |pz|) / m_T), with a negative squared mass taken as zero (rounding).
inline double rapidity_of(double pz, double energy, double transverse_mass_squared) {
    const double magnitude =
        natural_log((energy + std::fabs(pz)) / std::sqrt(transverse_mass_squared));
    return pz < 0.0 ? -magnitude : magnitude;
}

ODDJET_VECTOR_WIDTHS
void read_collider(const double* __restrict pt, const double* __restrict eta,
                   const double* __restrict mass, std::size_t size,
                   double* __restrict energy, double* __restrict rapidity) {
    for (std::size_t i = 0; i < size; ++i) {
        const double steep = std::fabs(eta[i]);
        const double growth = exponential(steep < 709.0 ? steep : 709.0);
        const double size_z = 0.5 * pt[i] * (growth - 1.0 / growth);
        const double pz = eta[i] < 0.0 ? -size_z : size_z;
        const double mass_squared = mass[i] * std::fabs(mass[i]);
        const double pt_squared = pt[i] * pt[i];
        const double squared = pt_squared + pz * pz + mass_squared;
        energy[i] = std::sqrt(squared > 0.0 ? squared : 0.0);
        rapidity[i] = rapidity_of(
            pz, energy[i], pt_squared + (mass_squared > 0.0 ? mass_squared : 0.0));
    }
}

ODDJET_VECTOR_WIDTHS
void read_cartesian(const double* __restrict px, const double* __restrict py,
                    const double* __restrict pz, const double* __restrict energy,
                    std::size_t size, double* __restrict pt,
                    double* __restrict rapidity) {
    for (std::size_t i = 0; i < size; ++i) {
        const double pt_squared = px[i] * px[i] + py[i] * py[i];
        const double mass_squared =
            (energy[i] + pz[i]) * (energy[i] - pz[i]) - pt_squared;
        pt[i] = std::sqrt(pt_squared);
        rapidity[i] = rapidity_of(
            pz[i], energy[i], pt_squared + (mass_squared > 0.0 ? mass_squared : 0.0));
    }
}

// In [-pi, pi), as it is given where it is given so.
double wrapped_azimuth(const MomentumSpans& momenta, std::size_t i) {
    const auto& [pt, eta, phi, mass] = momenta.columns;
    const bool is_wrapped = phi[i] >= -std::numbers::pi && phi[i] < std::numbers::pi;
    return is_wrapped ? phi[i]
                      : azimuth(four_momentum({pt[i], eta[i], phi[i], mass[i]}));
}

ODDJET_VECTOR_WIDTHS
void take_logarithms(const double* __restrict numbers, std::size_t size,
                     double* __restrict logarithms) {
    for (std::size_t i = 0; i < size; ++i) logarithms[i] = natural_log(numbers[i]);
}

// Features are made by column, a few constituents at a time, and then put in rows.
constexpr std::size_t kFew = 64;

/// Where the columns of a few constituents begin.
struct FewConstituents {
    const double* rapidity;
    const double* azimuth;
    const double* log_pt;
    const double* log_energy;
    std::size_t size;
};

using FewFeatures = std::array<std::array<float, kFew>, 7>;  // as in the enumeration

ODDJET_VECTOR_WIDTHS
void compute(const JetAxis& jet, const FewConstituents& few, FewFeatures& features) {
    const auto [rapidity, azimuth, log_pt, log_energy, size] = few;
    for (std::size_t i = 0; i < size; ++i) {
        const double delta_rapidity = rapidity[i] - jet.rapidity;
        const double delta_azimuth = delta_phi(azimuth[i], jet.azimuth);
        const double delta_r =
            std::sqrt(delta_rapidity * delta_rapidity + delta_azimuth * delta_azimuth);
        features[0][i] = static_cast<float>(delta_rapidity);
        features[1][i] = static_cast<float>(delta_azimuth);
        features[2][i] = static_cast<float>(log_pt[i]);
        features[3][i] = static_cast<float>(log_pt[i] - jet.log_pt);
        features[4][i] = static_cast<float>(log_energy[i]);
        features[5][i] = static_cast<float>(log_energy[i] - jet.log_energy);
        features[6][i] = static_cast<float>(delta_r);
    }
}

}  // namespace

std::size_t FeatureColumns::scratch(std::size_t constituents) {
    return kRows * constituents;
}

FeatureColumns::FeatureColumns(const MomentumSpans& momenta, std::span<double> scratch)
    : columns_(momenta.columns[0].size()), rows_(scratch.data()) {
    const auto& [a, b, c, d] = momenta.columns;
    if (momenta.coordinates == Coordinates::kPtEtaPhiMass) {
        std::ranges::copy(a, row(kPt));
        read_collider(a.data(), b.data(), d.data(), columns_, row(kEnergy),
                      row(kRapidity));
        for (std::size_t i = 0; i < columns_; ++i) {
            row(kAzimuth)[i] = wrapped_azimuth(momenta, i);
        }
    } else {
        std::ranges::copy(d, row(kEnergy));
        read_cartesian(a.data(), b.data(), c.data(), d.data(), columns_, row(kPt),
                       row(kRapidity));
        for (std::size_t i = 0; i < columns_; ++i) {
            row(kAzimuth)[i] = azimuth({a[i], b[i], c[i], d[i]});
        }
    }
    take_logarithms(row(kPt), columns_, row(kLogPt));
    take_logarithms(row(kEnergy), columns_, row(kLogEnergy));
}

std::optional<std::size_t> FeatureColumns::first_without_pt() const {
    for (std::size_t i = 0; i < columns_; ++i) {
        const double pt = row(kPt)[i];
        if (!(pt * pt > 0.0)) return i;
    }
    return std::nullopt;
}

void FeatureColumns::write(const FourMomentum& jet, std::size_t begin, std::size_t size,
                           std::span<const Feature> features, float* values) const {
    const JetAxis axis(jet);
    FewFeatures made;
    const std::size_t end = begin + size;
    for (std::size_t first = begin; first < end; first += kFew) {
        const std::size_t few = std::min(kFew, end - first);
        compute(axis,
                {row(kRapidity) + first, row(kAzimuth) + first, row(kLogPt) + first,
                 row(kLogEnergy) + first, few},
                made);
        for (std::size_t i = 0; i < few; ++i) {
            for (const Feature feature : features) {
                *values++ = made[static_cast<std::size_t>(feature)][i];
            }
        }
    }
}

}  // namespace oddjet
