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

constexpr const char* kKernel = "constituent_features";

constexpr std::array kDefinitions = {
    FeatureDefinition{Feature::kDeltaRapidity, "delta_rapidity", 1},
    FeatureDefinition{Feature::kDeltaAzimuth, "delta_azimuth", 1},
    FeatureDefinition{Feature::kLogPt, "log_pt", 1},
    FeatureDefinition{Feature::kLogPtRatio, "log_pt_ratio", 1},
    FeatureDefinition{Feature::kLogEnergy, "log_energy", 1},
    FeatureDefinition{Feature::kLogEnergyRatio, "log_energy_ratio", 1},
    FeatureDefinition{Feature::kDeltaR, "delta_r", 1},
};

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

// Jets that are looked at together: what they need stays in the cache.
constexpr std::size_t kTogether = 16;
// Enough to make memory once for many, few enough to share the work.
constexpr std::size_t kJetsOfTask = 8 * kTogether;

/// Jets, and what is wanted of them.
struct JetRows {
    const MomentumView& jets;
    const ParticleLists& constituents;
    const FeatureOptions& options;
};

/// The features of all jets, a few at a time. write(jet, count, write_row): the row of
/// this jet, with so many constituents, has to be given to write_row.
template <class Write>
void for_each_jet(const JetRows& rows, int threads, const Write& write) {
    const std::size_t jets = rows.jets.size();
    const auto most = static_cast<std::size_t>(rows.options.num_constituents);
    const auto run = [&](std::size_t task) {
        HardestConstituents kept(rows.jets, rows.constituents, most, kKernel);
        std::vector<double> scratch;
        const std::size_t end = std::min(jets, (task + 1) * kJetsOfTask);
        for (std::size_t first = task * kJetsOfTask; first < end; first += kTogether) {
            kept.take(first, std::min(end, first + kTogether));
            const MomentumSpans momenta = kept.momenta();
            const std::size_t axis_scratch = FeatureColumns::scratch(kTogether);
            const std::size_t needed =
                axis_scratch + FeatureColumns::scratch(momenta.size());
            if (scratch.size() < needed) scratch.resize(needed);
            const auto memory = std::span(scratch);
            const FeatureColumns axes(kept.axes(), memory.first(axis_scratch));
            const FeatureColumns columns(momenta, memory.subspan(axis_scratch));
            for (std::size_t i = 0; i < kept.axes().size(); ++i) {
                write(first + i, kept.count(i), [&](std::span<float> row) {
                    columns.write(axes.axis(i), kept.begin(i), kept.count(i),
                                  rows.options.features, row);
                });
            }
        }
    };
    for_each_index((jets + kJetsOfTask - 1) / kJetsOfTask, threads, run);
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
    for (auto each = options.features.begin(); each != options.features.end(); ++each) {
        if (std::find(options.features.begin(), each, *each) == each) continue;
        refuse("constituent_features: the feature '",
               kDefinitions[static_cast<std::size_t>(*each)].name, "' is named twice");
    }
}

std::size_t feature_scratch(std::size_t constituents) {
    return FeatureColumns::scratch(constituents);
}

std::optional<std::size_t> fill_features(const JetMomentum& jet,
                                         const MomentumColumns& constituents,
                                         const FeatureOptions& options,
                                         std::span<float> values,
                                         std::span<std::uint8_t> mask) {
    const std::size_t needed = feature_scratch(constituents.columns[0].size());
    const auto scratch = std::make_unique_for_overwrite<double[]>(needed);
    return fill_features(jet, constituents, options, values, mask,
                         {scratch.get(), needed});
}

std::optional<std::size_t> fill_features(const JetMomentum& jet,
                                         const MomentumColumns& constituents,
                                         const FeatureOptions& options,
                                         std::span<float> values,
                                         std::span<std::uint8_t> mask,
                                         std::span<double> scratch) {
    const auto& [w, x, y, z] = constituents.columns;
    const FeatureColumns columns({constituents.coordinates, {w, x, y, z}}, scratch);
    if (const auto slot = columns.first_without_pt()) return slot;
    std::array<double, FeatureColumns::scratch(1)> axis_scratch;
    const auto number = [&](std::size_t c) { return std::span(&jet.numbers[c], 1); };
    const FeatureColumns axis(
        {jet.coordinates, {number(0), number(1), number(2), number(3)}}, axis_scratch);
    columns.write(axis.axis(0), 0, w.size(), options.features, values);
    std::fill_n(mask.begin(), w.size(), std::uint8_t{1});
    return std::nullopt;
}

FeatureTensor constituent_features(const MomentumView& jets,
                                   const ParticleLists& constituents,
                                   const FeatureOptions& options, int threads) {
    check_options(options);
    const auto slots = static_cast<std::size_t>(options.num_constituents);
    const std::size_t rows = jets.size() * slots;
    FeatureTensor tensor{std::vector<float>(rows * options.features.size()),
                         std::vector<std::uint8_t>(rows)};
    constituent_features(jets, constituents, options, tensor.values, tensor.mask,
                         threads);
    return tensor;
}

void constituent_features(const MomentumView& jets, const ParticleLists& constituents,
                          const FeatureOptions& options, std::span<float> values,
                          std::span<std::uint8_t> mask, int threads) {
    check(jets, constituents, options, threads);
    const auto slots = static_cast<std::size_t>(options.num_constituents);
    const std::size_t row = slots * options.features.size();
    if (mask.size() != jets.size() * slots || values.size() != jets.size() * row) {
        refuse("constituent_features: values and mask must hold ", jets.size() * row,
               " and ", jets.size() * slots, ", got ", values.size(), " and ",
               mask.size());
    }
    for_each_jet({jets, constituents, options}, threads,
                 [&](std::size_t j, std::size_t count, const auto& write_row) {
                     write_row(values.subspan(j * row, row));
                     const auto real = mask.subspan(j * slots, slots);
                     std::ranges::fill(real.first(count), std::uint8_t{1});
                     std::ranges::fill(real.subspan(count), std::uint8_t{0});
                 });
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
    for_each_jet(
        {jets, constituents, options}, threads,
        [&](std::size_t j, std::size_t count, const auto& write_row) {
            const auto begin = static_cast<std::size_t>(ragged.offsets[j]);
            write_row(std::span(ragged.values).subspan(begin * step, count * step));
        });
    return ragged;
}

}  // namespace oddjet
