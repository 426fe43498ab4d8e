#include "oddjet/constituent_features.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "message.hpp"
#include "oddjet/parallel.hpp"

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

struct JetAxis {
    explicit JetAxis(const FourMomentum& jet)
        : pt(std::sqrt(pt_squared(jet))),
          energy(jet.energy),
          rapidity(oddjet::rapidity(jet)),
          azimuth(oddjet::azimuth(jet)) {}

    double pt;
    double energy;
    double rapidity;
    double azimuth;
};

// All features of one constituent, in the order of the enumeration.
std::array<double, kDefinitions.size()> all_features(const FourMomentum& constituent,
                                                     const JetAxis& jet) {
    const double pt = std::sqrt(pt_squared(constituent));
    const double delta_rapidity = rapidity(constituent) - jet.rapidity;
    const double delta_azimuth = delta_phi(azimuth(constituent), jet.azimuth);
    return {delta_rapidity,
            delta_azimuth,
            std::log(pt),
            std::log(pt / jet.pt),
            std::log(constituent.energy),
            std::log(constituent.energy / jet.energy),
            std::sqrt(delta_rapidity * delta_rapidity + delta_azimuth * delta_azimuth)};
}

std::vector<std::size_t> hardest_first(std::span<const std::int64_t> constituents,
                                       const Particles& particles, std::size_t most) {
    std::vector<std::int64_t> indices(constituents.begin(), constituents.end());
    sort_hardest_first(indices, particles.pt);
    indices.resize(std::min(indices.size(), most));
    return {indices.begin(), indices.end()};
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

std::optional<std::size_t> fill_features(const FourMomentum& jet,
                                         const Particles& particles,
                                         std::span<const std::int64_t> constituents,
                                         const FeatureOptions& options,
                                         std::span<float> values,
                                         std::span<std::uint8_t> mask) {
    const JetAxis axis(jet);
    const auto kept = hardest_first(constituents, particles, mask.size());
    for (const std::size_t i : kept) {
        if (!(pt_squared(particles.momenta[i]) > 0.0)) return i;
    }
    for (std::size_t slot = 0; slot < kept.size(); ++slot) {
        const auto features = all_features(particles.momenta[kept[slot]], axis);
        for (std::size_t f = 0; f < options.features.size(); ++f) {
            const auto feature = static_cast<std::size_t>(options.features[f]);
            values[slot * options.features.size() + f] =
                static_cast<float>(features[feature]);
        }
        mask[slot] = 1;
    }
    return std::nullopt;
}

FeatureTensor constituent_features(const MomentumView& jets,
                                   const ParticleLists& constituents,
                                   const FeatureOptions& options, int threads) {
    check_options(options);
    check_columns(jets, "constituent_features: jets");
    check_lists(constituents, "constituent_features");
    check_threads(threads, "constituent_features");
    if (jets.size() != constituents.size()) {
        refuse("constituent_features: needs one list of constituents a jet, got ",
               constituents.size(), " lists and ", jets.size(), " jets");
    }
    const auto slots = static_cast<std::size_t>(options.num_constituents);
    const std::size_t row = slots * options.features.size();
    FeatureTensor tensor{std::vector<float>(jets.size() * row),
                         std::vector<std::uint8_t>(jets.size() * slots)};
    for_each_index(jets.size(), threads, [&](std::size_t j) {
        const std::string name = message("constituent_features: jet ", j);
        const FourMomentum jet = jets.momentum(j);
        if (const auto problem = momentum_problem(jets, j, jet)) {
            refuse(name, " has ", *problem);
        }
        if (!(pt_squared(jet) > 0.0)) {
            refuse(name, " has pt 0, so no axis to measure from");
        }
        const Particles particles = read_list(constituents, j, "constituent_features");
        std::vector<std::int64_t> all(particles.pt.size());
        std::iota(all.begin(), all.end(), std::int64_t{0});
        const auto without_pt =
            fill_features(jet, particles, all, options,
                          std::span(tensor.values).subspan(j * row, row),
                          std::span(tensor.mask).subspan(j * slots, slots));
        if (without_pt) {
            refuse(name, ": constituent ", *without_pt,
                   " has pt 0, which has no logarithm");
        }
    });
    return tensor;
}

}  // namespace oddjet
