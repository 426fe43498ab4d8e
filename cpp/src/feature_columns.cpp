#include "feature_columns.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numbers>

#include "natural_log.hpp"
#include "oddjet/kinematics.hpp"
#include "transpose.hpp"
#include "vector_width.hpp"

namespace oddjet {
namespace {

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

ODDJET_VECTOR_WIDTHS
bool all_wrapped(const double* azimuths, std::size_t size) {
    std::int64_t outside = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const bool inside =
            (azimuths[i] >= -std::numbers::pi) & (azimuths[i] < std::numbers::pi);
        outside |= inside ? 0 : 1;
    }
    return outside == 0;
}

ODDJET_VECTOR_WIDTHS
void take_logarithms(const double* __restrict numbers, std::size_t size,
                     double* __restrict logarithms) {
    for (std::size_t i = 0; i < size; ++i) logarithms[i] = natural_log(numbers[i]);
}

// Features are made by column, a few constituents at a time, and then put in rows.
constexpr std::size_t kFew = 64;
constexpr std::size_t kFeatures = 7;  // as in the enumeration

/// Where the columns of a few constituents begin.
struct FewConstituents {
    const double* rapidity;
    const double* azimuth;
    const double* log_pt;
    const double* log_energy;
    std::size_t size;
};

struct alignas(64) FewFeatures {
    std::array<std::array<float, kFew>, kFeatures> columns;
};

ODDJET_VECTOR_WIDTHS
void compute(const JetAxis& jet, const FewConstituents& few, FewFeatures& made) {
    const auto [rapidity, azimuth, log_pt, log_energy, size] = few;
    auto& features = made.columns;
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

static_assert(kRegister<float> == kLane);

/// The features of kLane constituents in rows, and up to kLane - 1 numbers more.
ODDJET_VECTOR_WIDTHS
void put_rows(const FewFeatures& made, std::size_t first,
              std::span<const Feature> features, std::size_t blocks, float* rows) {
    for (std::size_t block = 0; block < blocks; ++block, first += kLane) {
        Register<float> each[kLane] = {};
        for (std::size_t f = 0; f < features.size(); ++f) {
            const auto& column = made.columns[static_cast<std::size_t>(features[f])];
            std::memcpy(&each[f], &column[first], sizeof each[f]);
        }
        transpose(each);
        // What a row has too much the next one overwrites.
        for (const Register<float>& row : each) {
            std::memcpy(rows, &row, sizeof row);
            rows += features.size();
        }
    }
}

}  // namespace

FeatureColumns::FeatureColumns(const MomentumSpans& momenta, std::span<double> scratch)
    : size_(momenta.size()) {
    const std::size_t whole = whole_lanes(size_);
    const auto row = [&](std::size_t i) { return scratch.data() + i * whole; };
    rapidity_ = row(0);
    log_pt_ = row(1);
    log_energy_ = row(2);
    double* const azimuths = row(3);
    const auto& [a, b, c, d] = momenta.columns;
    const double* energy = nullptr;
    azimuth_ = azimuths;
    if (momenta.coordinates == Coordinates::kPtEtaPhiMass) {
        pt_ = a.data();
        read_collider(pt_, b.data(), d.data(), size_, row(4), rapidity_);
        energy = row(4);
        if (size_ == whole && all_wrapped(c.data(), size_)) {
            azimuth_ = c.data();
        } else {
            std::ranges::transform(c, azimuths, wrapped_azimuth);
        }
    } else {
        energy = d.data();
        read_cartesian(a.data(), b.data(), c.data(), energy, size_, row(4), rapidity_);
        pt_ = row(4);
        for (std::size_t i = 0; i < size_; ++i) {
            azimuths[i] = azimuth({a[i], b[i], c[i], d[i]});
        }
    }
    take_logarithms(pt_, size_, log_pt_);
    take_logarithms(energy, size_, log_energy_);
    for (double* const each : {rapidity_, log_pt_, log_energy_, azimuths}) {
        if (size_ < whole) std::fill(each + size_, each + whole, 0.0);
    }
}

std::optional<std::size_t> FeatureColumns::first_without_pt() const {
    for (std::size_t i = 0; i < size_; ++i) {
        if (!(pt_[i] * pt_[i] > 0.0)) return i;
    }
    return std::nullopt;
}

void FeatureColumns::write(const JetAxis& axis, std::size_t begin, std::size_t size,
                           std::span<const Feature> features,
                           std::span<float> values) const {
    FewFeatures made;
    const std::size_t step = features.size();
    for (std::size_t done = 0; done < size; done += kFew) {
        const std::size_t few = std::min(kFew, size - done);
        const std::size_t first = begin + done;
        compute(axis,
                {rapidity_ + first, azimuth_ + first, log_pt_ + first,
                 log_energy_ + first, whole_lanes(few)},
                made);
        const auto fits = [&](std::size_t row) {
            return (done + row + kLane - 1) * step + kLane <= values.size();
        };
        std::size_t put = 0;
        while (put < few && fits(put)) put += kLane;
        put_rows(made, 0, features, put / kLane, &values[done * step]);
        for (; put < few; put += kLane) {
            std::array<float, kLane * kLane> rows;
            put_rows(made, put, features, 1, rows.data());
            const std::size_t left = std::min(kLane, few - put);
            std::copy_n(rows.begin(), left * step, &values[(done + put) * step]);
        }
    }
    std::ranges::fill(values.subspan(size * step), 0.0F);
}

}  // namespace oddjet
