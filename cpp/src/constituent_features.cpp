#include "oddjet/constituent_features.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <numbers>
#include <numeric>

#include "message.hpp"
#include "natural_log.hpp"
#include "oddjet/parallel.hpp"
#include "plain_momenta.hpp"
#include "vector_width.hpp"

namespace oddjet {
namespace {

constexpr std::array kDefinitions = {
    FeatureDefinition{Feature::kDeltaRapidity, "delta_rapidity", 1},
    FeatureDefinition{Feature::kDeltaAzimuth, "delta_azimuth", 1},
    FeatureDefinition{Feature::kLogPt, "log_pt", 1},
    FeatureDefinition{Feature::kLogPtRatio, "log_pt_ratio", 1},
    FeatureDefinition{Feature::kLogEnergy, "log_energy", 1},
    FeatureDefinition{Feature::kLogEnergyRatio, "log_energy_ratio", 1},
    FeatureDefinition{Feature::kDeltaR, "delta_r", 1},
};

/// Rows of numbers, one column a constituent, in memory of the caller.
struct Table {
    std::size_t columns;
    double* values;

    [[nodiscard]] double* row(std::size_t i) const { return values + i * columns; }
};

// The rows that features are made of.
enum Quantity : std::size_t { kPt, kEnergy, kRapidity, kAzimuth, kQuantities };

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
double wrapped_azimuth(const MomentumColumns& momenta, std::size_t i) {
    const auto& [pt, eta, phi, mass] = momenta.columns;
    const bool is_wrapped = phi[i] >= -std::numbers::pi && phi[i] < std::numbers::pi;
    return is_wrapped ? phi[i]
                      : azimuth(four_momentum({pt[i], eta[i], phi[i], mass[i]}));
}

void fill_quantities(const MomentumColumns& momenta, const Table& made) {
    const auto& [a, b, c, d] = momenta.columns;
    const std::size_t size = a.size();
    if (momenta.coordinates == Coordinates::kPtEtaPhiMass) {
        std::ranges::copy(a, made.row(kPt));
        read_collider(a.data(), b.data(), d.data(), size, made.row(kEnergy),
                      made.row(kRapidity));
        for (std::size_t i = 0; i < size; ++i) {
            made.row(kAzimuth)[i] = wrapped_azimuth(momenta, i);
        }
    } else {
        std::ranges::copy(d, made.row(kEnergy));
        read_cartesian(a.data(), b.data(), c.data(), d.data(), size, made.row(kPt),
                       made.row(kRapidity));
        for (std::size_t i = 0; i < size; ++i) {
            made.row(kAzimuth)[i] = azimuth({a[i], b[i], c[i], d[i]});
        }
    }
}

ODDJET_VECTOR_WIDTHS
void compute(const JetAxis& jet, const double* __restrict pt,
             const double* __restrict energy, const double* __restrict rapidity,
             const double* __restrict azimuth, std::size_t size,
             double* __restrict features) {
    double* __restrict delta_rapidity = features;
    double* __restrict delta_azimuth = features + size;
    double* __restrict log_pt = features + 2 * size;
    double* __restrict log_pt_ratio = features + 3 * size;
    double* __restrict log_energy = features + 4 * size;
    double* __restrict log_energy_ratio = features + 5 * size;
    double* __restrict delta_r = features + 6 * size;
    for (std::size_t i = 0; i < size; ++i) {
        delta_rapidity[i] = rapidity[i] - jet.rapidity;
        delta_azimuth[i] = delta_phi(azimuth[i], jet.azimuth);
        delta_r[i] = std::sqrt(delta_rapidity[i] * delta_rapidity[i] +
                               delta_azimuth[i] * delta_azimuth[i]);
    }
    for (std::size_t i = 0; i < size; ++i) {
        log_pt[i] = natural_log(pt[i]);
        log_pt_ratio[i] = log_pt[i] - jet.log_pt;
    }
    for (std::size_t i = 0; i < size; ++i) {
        log_energy[i] = natural_log(energy[i]);
        log_energy_ratio[i] = log_energy[i] - jet.log_energy;
    }
}

/// The momenta of list j, as they stand. Throws for a momentum_problem.
MomentumColumns read_columns(const ParticleLists& lists, std::size_t j) {
    const auto begin = static_cast<std::size_t>(lists.offsets[j]);
    const auto size = static_cast<std::size_t>(lists.offsets[j + 1]) - begin;
    MomentumColumns momenta{lists.particles.coordinates, {}};
    for (std::size_t c = 0; c < 4; ++c) {
        momenta.columns[c] = lists.particles.columns[c].copy(begin, size);
    }
    if (!all_plain(momenta.coordinates, momenta.columns)) {
        (void)read_list(lists, j, "constituent_features");
    }
    return momenta;
}

// Longer lists are sorted: counting takes a time that grows as the square.
constexpr std::size_t kMostCounted = 256;

ODDJET_VECTOR_WIDTHS
void count_harder(const double* __restrict pt, std::size_t size,
                  double* __restrict harder) {
    std::fill_n(harder, size, 0.0);
    for (std::size_t j = 0; j < size; ++j) {
        for (std::size_t i = 0; i < size; ++i) harder[i] += pt[j] > pt[i] ? 1.0 : 0.0;
    }
}

// sort_hardest_first for few constituents, without a branch that has to be guessed.
std::vector<std::int64_t> order_of_few(std::span<const double> pt) {
    std::vector<double> harder(pt.size());
    count_harder(pt.data(), pt.size(), harder.data());
    std::vector<std::int64_t> order(pt.size(), -1);
    for (std::size_t i = 0; i < pt.size(); ++i) {
        auto place = static_cast<std::size_t>(harder[i]);
        while (order[place] >= 0) ++place;  // of equal pt the lower index came first
        order[place] = static_cast<std::int64_t>(i);
    }
    return order;
}

/// The first `most` momenta by decreasing pt, equal pt by index, and their indices.
struct Hardest {
    MomentumColumns momenta;
    std::vector<std::int64_t> indices;
};

std::vector<double> pt_of(const MomentumColumns& momenta) {
    if (momenta.coordinates == Coordinates::kPtEtaPhiMass) return momenta.columns[0];
    const auto& [px, py, pz, energy] = momenta.columns;
    std::vector<double> pt(px.size());
    for (std::size_t i = 0; i < pt.size(); ++i) {
        pt[i] = std::sqrt(px[i] * px[i] + py[i] * py[i]);
    }
    return pt;
}

std::vector<std::int64_t> hardest_first(std::span<const double> pt) {
    std::vector<std::int64_t> order(pt.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
    if (std::ranges::is_sorted(pt, std::greater())) return order;  // as after cluster
    if (pt.size() <= kMostCounted) return order_of_few(pt);
    sort_hardest_first(order, pt);
    return order;
}

Hardest hardest(const MomentumColumns& momenta, std::size_t most) {
    std::vector<std::int64_t> indices = hardest_first(pt_of(momenta));
    indices.resize(std::min(indices.size(), most));
    MomentumColumns kept{momenta.coordinates, {}};
    for (std::size_t c = 0; c < 4; ++c) {
        kept.columns[c].resize(indices.size());
        for (std::size_t i = 0; i < indices.size(); ++i) {
            kept.columns[c][i] =
                momenta.columns[c][static_cast<std::size_t>(indices[i])];
        }
    }
    return {std::move(kept), std::move(indices)};
}

/// The axis of jet j. Throws for a momentum_problem or pt = 0.
FourMomentum read_jet(const MomentumView& jets, std::size_t j) {
    const FourMomentum jet = jets.momentum(j);
    if (const auto problem = momentum_problem(jets, j, jet)) {
        refuse("constituent_features: jet ", j, " has ", *problem);
    }
    if (!(pt_squared(jet) > 0.0)) {
        refuse("constituent_features: jet ", j,
               " has pt 0, so no axis to measure from");
    }
    return jet;
}

void check(const MomentumView& jets, const ParticleLists& constituents,
           const FeatureOptions& options, int threads) {
    check_options(options);
    check_columns(jets, "constituent_features: jets");
    check_lists(constituents, "constituent_features");
    check_threads(threads, "constituent_features");
    if (jets.size() != constituents.size()) {
        refuse("constituent_features: needs one list of constituents a jet, got ",
               constituents.size(), " lists and ", jets.size(), " jets");
    }
}

/// The features of one jet of many into its rows.
void fill_jet(const MomentumView& jets, const ParticleLists& constituents,
              std::size_t j, const FeatureOptions& options, std::span<float> values,
              std::span<std::uint8_t> mask) {
    const FourMomentum jet = read_jet(jets, j);
    const Hardest kept = hardest(read_columns(constituents, j), mask.size());
    if (const auto slot = fill_features(jet, kept.momenta, options, values, mask)) {
        refuse("constituent_features: jet ", j, ": constituent ", kept.indices[*slot],
               " has pt 0, which has no logarithm");
    }
}

}  // namespace

std::span<const FeatureDefinition> feature_definitions() { return kDefinitions; }

Feature feature_from_name(std::string_view name) {
    for (const FeatureDefinition& definition : kDefinitions) {
        if (definition.name == name) return definition.feature;
    }
    std::string known;
    for (const FeatureDefinition& definition : kDefinitions) {
        known += (known.empty() ? "" : ", ") + std::string(definition.name);
    }
    refuse("constituent_features: unknown feature '", name, "'; known are ", known);
}

void check_options(const FeatureOptions& options) {
    if (options.features.empty()) {
        refuse("constituent_features: at least one feature is needed");
    }
    if (options.num_constituents < 1) {
        refuse("constituent_features: num_constituents must be >= 1, got ",
               options.num_constituents);
    }
}

MomentumColumns gather(const MomentumView& view, std::size_t first,
                       std::span<const std::int64_t> indices, std::size_t most) {
    MomentumColumns momenta{view.coordinates, {}};
    const std::size_t kept = std::min(indices.size(), most);
    for (std::size_t c = 0; c < 4; ++c) {
        momenta.columns[c].reserve(kept);
        for (const std::int64_t i : indices.first(kept)) {
            const std::size_t place = first + static_cast<std::size_t>(i);
            momenta.columns[c].push_back(view.columns[c][place]);
        }
    }
    return momenta;
}

std::size_t feature_scratch(std::size_t constituents) {
    return (kQuantities + kDefinitions.size()) * constituents;
}

std::optional<std::size_t> fill_features(const FourMomentum& jet,
                                         const MomentumColumns& constituents,
                                         const FeatureOptions& options,
                                         std::span<float> values,
                                         std::span<std::uint8_t> mask) {
    const std::size_t needed = feature_scratch(constituents.columns[0].size());
    const auto scratch = std::make_unique_for_overwrite<double[]>(needed);
    return fill_features(jet, constituents, options, values, mask,
                         {scratch.get(), needed});
}

std::optional<std::size_t> fill_features(const FourMomentum& jet,
                                         const MomentumColumns& constituents,
                                         const FeatureOptions& options,
                                         std::span<float> values,
                                         std::span<std::uint8_t> mask,
                                         std::span<double> scratch) {
    const std::size_t size = constituents.columns[0].size();
    const Table made{size, scratch.data()};
    fill_quantities(constituents, made);
    for (std::size_t i = 0; i < size; ++i) {
        const double pt = made.row(kPt)[i];
        if (!(pt * pt > 0.0)) return i;
    }
    const Table features{size, made.row(kQuantities)};
    compute(JetAxis(jet), made.row(kPt), made.row(kEnergy), made.row(kRapidity),
            made.row(kAzimuth), size, features.row(0));
    const std::size_t step = options.features.size();
    for (std::size_t f = 0; f < step; ++f) {
        const double* feature =
            features.row(static_cast<std::size_t>(options.features[f]));
        for (std::size_t i = 0; i < size; ++i) {
            values[i * step + f] = static_cast<float>(feature[i]);
        }
    }
    std::fill_n(mask.begin(), size, std::uint8_t{1});
    return std::nullopt;
}

FeatureTensor constituent_features(const MomentumView& jets,
                                   const ParticleLists& constituents,
                                   const FeatureOptions& options, int threads) {
    check(jets, constituents, options, threads);
    const auto slots = static_cast<std::size_t>(options.num_constituents);
    const std::size_t row = slots * options.features.size();
    FeatureTensor tensor{std::vector<float>(jets.size() * row),
                         std::vector<std::uint8_t>(jets.size() * slots)};
    for_each_index(jets.size(), threads, [&](std::size_t j) {
        fill_jet(jets, constituents, j, options,
                 std::span(tensor.values).subspan(j * row, row),
                 std::span(tensor.mask).subspan(j * slots, slots));
    });
    return tensor;
}

RaggedFeatures ragged_constituent_features(const MomentumView& jets,
                                           const ParticleLists& constituents,
                                           const FeatureOptions& options, int threads) {
    check(jets, constituents, options, threads);
    RaggedFeatures ragged;
    ragged.offsets.push_back(0);
    for (std::size_t j = 0; j < jets.size(); ++j) {
        const std::int64_t all = constituents.offsets[j + 1] - constituents.offsets[j];
        const std::int64_t kept = std::min<std::int64_t>(all, options.num_constituents);
        ragged.offsets.push_back(ragged.offsets.back() + kept);
    }
    const std::size_t step = options.features.size();
    ragged.values.resize(static_cast<std::size_t>(ragged.offsets.back()) * step);
    for_each_index(jets.size(), threads, [&](std::size_t j) {
        const auto begin = static_cast<std::size_t>(ragged.offsets[j]);
        const auto end = static_cast<std::size_t>(ragged.offsets[j + 1]);
        std::vector<std::uint8_t> mask(end - begin);
        fill_jet(jets, constituents, j, options,
                 std::span(ragged.values).subspan(begin * step, (end - begin) * step),
                 mask);
    });
    return ragged;
}

}  // namespace oddjet
