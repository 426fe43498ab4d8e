#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "oddjet/kinematics.hpp"
#include "oddjet/particles.hpp"

namespace oddjet {

/// What one constituent tells of itself and its jet; the inputs of
/// Finke, Kraemer, Lipp and Mueck, arXiv:2204.11889. Logarithms are natural, of GeV.
enum class Feature {
    kDeltaRapidity,   // rapidity less that of the jet
    kDeltaAzimuth,    // azimuth less that of the jet, in [-pi, pi)
    kLogPt,           // log(pt)
    kLogPtRatio,      // log(pt / pt of the jet)
    kLogEnergy,       // log(energy)
    kLogEnergyRatio,  // log(energy / energy of the jet)
    kDeltaR,          // sqrt(delta rapidity^2 + delta azimuth^2)
};

/// A feature's name and the version of its definition, which changes with its values.
struct FeatureDefinition {
    Feature feature;
    std::string_view name;
    int version;
};

/// Every feature, in the order of the enumeration.
[[nodiscard]] std::span<const FeatureDefinition> feature_definitions();

/// The feature of that name; else std::invalid_argument, naming the known ones.
[[nodiscard]] Feature feature_from_name(std::string_view name);

struct FeatureOptions {
    std::vector<Feature> features;
    int num_constituents = 40;
};

/// Throws std::invalid_argument: no feature, one named twice, or num_constituents < 1.
void check_options(const FeatureOptions& options);

/// values[jet, slot, feature] and mask[jet, slot] in C order; zero where mask is zero.
struct FeatureTensor {
    std::vector<float> values;
    std::vector<std::uint8_t> mask;
};

/// A jet, in the coordinates in which it is known.
struct JetMomentum {
    Coordinates coordinates;
    std::array<double, 4> numbers;

    explicit(false) JetMomentum(const FourMomentum& p)
        : coordinates(Coordinates::kPxPyPzEnergy),
          numbers{p.px, p.py, p.pz, p.energy} {}
    explicit(false) JetMomentum(const ColliderMomentum& p)
        : coordinates(Coordinates::kPtEtaPhiMass),
          numbers{p.pt, p.eta, p.phi, p.mass} {}
};

/// Momenta of one jet's constituents by column, in double precision.
struct MomentumColumns {
    Coordinates coordinates;
    std::array<std::vector<double>, 4> columns;
};

/// One jet: the features of these constituents into a row of `values`, followed by
/// zeros, and ones into a row of `mask` that holds zeros. Computed in double. Gives the
/// first constituent with pt = 0, which has no logarithm, and then writes nothing.
[[nodiscard]] std::optional<std::size_t> fill_features(
    const JetMomentum& jet, const MomentumColumns& constituents,
    const FeatureOptions& options, std::span<float> values,
    std::span<std::uint8_t> mask);

/// Numbers that `fill_features` works with for so many constituents.
[[nodiscard]] std::size_t feature_scratch(std::size_t constituents);

/// The same in memory of the caller, at least `feature_scratch` numbers; allocates
/// nothing.
[[nodiscard]] std::optional<std::size_t> fill_features(
    const JetMomentum& jet, const MomentumColumns& constituents,
    const FeatureOptions& options, std::span<float> values,
    std::span<std::uint8_t> mask, std::span<double> scratch);

/// The features of the hardest constituents of jet i, which are the particles of list
/// i, for every i; hardest first, equal pt by index. Throws std::invalid_argument:
/// options, columns, offsets, momenta, a jet or kept constituent with pt = 0.
[[nodiscard]] FeatureTensor constituent_features(const MomentumView& jets,
                                                 const ParticleLists& constituents,
                                                 const FeatureOptions& options,
                                                 int threads = 1);

/// The same into values[jet, slot, feature] and mask[jet, slot] of the caller, which
/// may hold anything. Throws as well for another size of these; they are undefined
/// then.
void constituent_features(const MomentumView& jets, const ParticleLists& constituents,
                          const FeatureOptions& options, std::span<float> values,
                          std::span<std::uint8_t> mask, int threads = 1);

/// values[constituent, feature]; jet i has the rows offsets[i] to offsets[i + 1].
struct RaggedFeatures {
    std::vector<float> values;
    std::vector<std::int64_t> offsets;
};

/// The same without padding, bit for bit the values where the mask is one.
[[nodiscard]] RaggedFeatures ragged_constituent_features(
    const MomentumView& jets, const ParticleLists& constituents,
    const FeatureOptions& options, int threads = 1);

}  // namespace oddjet
