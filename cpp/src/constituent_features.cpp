#include "oddjet/constituent_features.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include "feature_columns.hpp"
#include "hardest_constituents.hpp"
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

// Jets whose constituents are looked at together: what they need stays in the cache.
constexpr std::size_t kTogether = 16;

template <class Task>
void for_jets_together(std::size_t jets, int threads, const Task& task) {
    for_each_index((jets + kTogether - 1) / kTogether, threads, [&](std::size_t i) {
        task(i * kTogether, std::min(jets, (i + 1) * kTogether));
    });
}

/// Jets, and what is wanted of them.
struct JetRows {
    const MomentumView& jets;
    const ParticleLists& constituents;
    const FeatureOptions& options;
    std::size_t most;  // constituents of a jet
};

/// The features of jets [first, last): those of jet j at place(j), in constituents.
template <class Place>
void fill_jets(const JetRows& rows, std::size_t first, std::size_t last,
               const Place& place, std::span<float> values) {
    HardestConstituents kept(rows.constituents, rows.most, "constituent_features");
    kept.reserve(first, last);
    std::vector<FourMomentum> axes;
    std::vector<std::size_t> ends;
    std::size_t end = 0;
    for (std::size_t j = first; j < last; ++j) {
        axes.push_back(read_jet(rows.jets, j));
        end += kept.add(j);
        ends.push_back(end);
    }
    const std::size_t needed = FeatureColumns::scratch(end);
    const auto scratch = std::make_unique_for_overwrite<double[]>(needed);
    const FeatureColumns columns(kept.momenta(), {scratch.get(), needed});
    const std::size_t step = rows.options.features.size();
    for (std::size_t i = 0, begin = 0; i < ends.size(); begin = ends[i++]) {
        columns.write(axes[i], begin, ends[i] - begin, rows.options.features,
                      &values[place(first + i) * step]);
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
    return FeatureColumns::scratch(constituents);
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
    const auto& [a, b, c, d] = constituents.columns;
    const FeatureColumns columns({constituents.coordinates, {a, b, c, d}}, scratch);
    if (const auto slot = columns.first_without_pt()) return slot;
    columns.write(jet, 0, a.size(), options.features, values.data());
    std::fill_n(mask.begin(), a.size(), std::uint8_t{1});
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
    for_jets_together(jets.size(), threads, [&](std::size_t first, std::size_t last) {
        fill_jets(
            {jets, constituents, options, slots}, first, last,
            [&](std::size_t j) { return j * slots; }, tensor.values);
        for (std::size_t j = first; j < last; ++j) {
            const auto size = static_cast<std::size_t>(constituents.offsets[j + 1] -
                                                       constituents.offsets[j]);
            std::fill_n(tensor.mask.begin() + static_cast<std::ptrdiff_t>(j * slots),
                        std::min(size, slots), std::uint8_t{1});
        }
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
    const auto most = static_cast<std::size_t>(options.num_constituents);
    ragged.values.resize(static_cast<std::size_t>(ragged.offsets.back()) * step);
    for_jets_together(jets.size(), threads, [&](std::size_t first, std::size_t last) {
        fill_jets(
            {jets, constituents, options, most}, first, last,
            [&](std::size_t j) { return static_cast<std::size_t>(ragged.offsets[j]); },
            ragged.values);
    });
    return ragged;
}

}  // namespace oddjet
