#include "oddjet/substructure.hpp"

#include <cstddef>
#include <string_view>
#include <utility>

#include "oddjet/jet_clusterings.hpp"
#include "oddjet/parallel.hpp"

namespace oddjet {
namespace {

// The name under which a question is asked alone, and its answer for one jet.

std::string_view name_of(const SoftDropOptions&) { return "soft_drop"; }
std::string_view name_of(const TrimOptions&) { return "trim"; }
std::string_view name_of(const FilterOptions&) { return "filter_jets"; }
std::string_view name_of(const MassDropOptions&) { return "mass_drop"; }
std::string_view name_of(const PruneOptions&) { return "prune"; }
std::string_view name_of(const NsubjettinessOptions&) { return "nsubjettiness"; }
std::string_view name_of(const EnergyCorrelationOptions&) {
    return "energy_correlation";
}
std::string_view name_of(const JetShapeOptions&) { return "jet_shapes"; }
std::string_view name_of(const LundOptions&) { return "lund_tree"; }

Jet answer(const JetClusterings& jet, const SoftDropOptions& options) {
    return soft_drop(jet, options);
}
Jet answer(const JetClusterings& jet, const TrimOptions& options) {
    return trim(jet, options);
}
Jet answer(const JetClusterings& jet, const FilterOptions& options) {
    return filter(jet, options);
}
Jet answer(const JetClusterings& jet, const MassDropOptions& options) {
    return mass_drop(jet, options);
}
Jet answer(const JetClusterings& jet, const PruneOptions& options) {
    return prune(jet, options);
}
std::vector<double> answer(const JetClusterings& jet,
                           const NsubjettinessOptions& options) {
    return nsubjettiness(jet, options);
}
EnergyCorrelation answer(const JetClusterings& jet,
                         const EnergyCorrelationOptions& options) {
    return energy_correlation(jet.particles(), options);
}
JetShape answer(const JetClusterings& jet, const JetShapeOptions&) {
    return jet_shape(jet.particles());
}
std::vector<LundNode> answer(const JetClusterings& jet, const LundOptions& options) {
    return lund_tree(jet, options);
}

void check_options(const JetShapeOptions&) {}

/// A question and its answers, one a jet.
template <class Options>
struct Asked {
    using Answer = decltype(answer(std::declval<const JetClusterings&>(),
                                   std::declval<Options>()));

    const Options* options;
    std::vector<Answer> answers;
};

template <class Quantity>
struct AskedOneOf;
template <class... Options>
struct AskedOneOf<std::variant<Options...>> {
    using Type = std::variant<Asked<Options>...>;
};
using AnyAsked = AskedOneOf<Quantity>::Type;

AnyAsked ask(const Quantity& quantity, std::size_t num_jets) {
    return std::visit(
        [&]<class Options>(const Options& options) -> AnyAsked {
            check_options(options);
            using Answers = decltype(Asked<Options>::answers);
            return Asked<Options>{&options, Answers(num_jets)};
        },
        quantity);
}

// The answers for all jets, as they are handed out.

Measured together(std::vector<Jet>&& jets) {
    std::vector<std::vector<Jet>> one_each;
    one_each.reserve(jets.size());
    for (Jet& jet : jets) one_each.push_back({std::move(jet)});
    return flat_columns(one_each);
}

Measured together(std::vector<std::vector<double>>&& rows) {
    std::vector<double> values;
    for (const std::vector<double>& row : rows) {
        values.insert(values.end(), row.begin(), row.end());
    }
    return values;
}

Measured together(std::vector<std::vector<LundNode>>&& trees) {
    LundTrees flat{{0}, {}};
    for (const std::vector<LundNode>& tree : trees) {
        flat.nodes.insert(flat.nodes.end(), tree.begin(), tree.end());
        flat.offsets.push_back(static_cast<std::int64_t>(flat.nodes.size()));
    }
    return flat;
}

template <class Shape>
Measured together(std::vector<Shape>&& shapes) {
    return std::move(shapes);
}

}  // namespace

std::vector<Measured> measure(const ParticleLists& jets,
                              std::span<const Quantity> quantities, int threads) {
    const std::string_view kernel =
        quantities.size() == 1
            ? std::visit([](const auto& options) { return name_of(options); },
                         quantities.front())
            : "measure_jets";
    check_lists(jets, kernel);
    check_threads(threads, kernel);
    std::vector<AnyAsked> asked;
    for (const Quantity& quantity : quantities) {
        asked.push_back(ask(quantity, jets.size()));
    }
    for_each_index(jets.size(), threads, [&](std::size_t index) {
        const Particles particles = read_list(jets, index, kernel);
        const JetClusterings jet(particles);
        for (AnyAsked& one : asked) {
            std::visit([&](auto& of) { of.answers[index] = answer(jet, *of.options); },
                       one);
        }
    });
    std::vector<Measured> measured;
    for (AnyAsked& one : asked) {
        measured.push_back(
            std::visit([](auto& of) { return together(std::move(of.answers)); }, one));
    }
    return measured;
}

}  // namespace oddjet
