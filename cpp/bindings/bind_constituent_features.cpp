#include <map>

#include "arrays.hpp"
#include "bindings.hpp"
#include "oddjet/constituent_features.hpp"

namespace oddjet::bindings {

using namespace pybind11::literals;

static std::map<std::string, int> feature_versions() {
    std::map<std::string, int> versions;
    for (const FeatureDefinition& definition : feature_definitions()) {
        versions.emplace(definition.name, definition.version);
    }
    return versions;
}

void bind_constituent_features(py::module_& m) {
    m.def("feature_versions", &feature_versions);
    m.def(
        "constituent_features",
        [](const std::string& jet_coordinates, const Columns& jet_columns,
           const std::string& coordinates, const Columns& columns,
           const py::array& offsets, const std::vector<std::string>& features,
           int num_constituents, std::optional<int> threads) {
            const MomentumView jets = as_momenta(jet_coordinates, jet_columns);
            const ParticleLists lists = as_jets(coordinates, columns, offsets);
            const FeatureOptions options = as_features(features, num_constituents);
            check_options(options);  // before memory is asked for
            const int workers = threads_or_default(threads);
            const auto rows = static_cast<py::ssize_t>(jets.size());
            const auto width = static_cast<py::ssize_t>(options.features.size());
            auto [tensor, values] =
                made_by<float>("empty", {rows, num_constituents, width});
            auto [mask, real] = made_by<std::uint8_t>("empty", {rows, num_constituents},
                                                      py::dtype::of<bool>());
            without_gil([&, values = values, real = real] {
                constituent_features(jets, lists, options, values, real, workers);
            });
            return std::tuple(tensor, mask);
        },
        py::kw_only(), "jet_coordinates"_a, "jet_columns"_a, "coordinates"_a,
        "columns"_a, "offsets"_a, "features"_a, "num_constituents"_a.noconvert(),
        "threads"_a.noconvert());
    m.def(
        "ragged_constituent_features",
        [](const std::string& jet_coordinates, const Columns& jet_columns,
           const std::string& coordinates, const Columns& columns,
           const py::array& offsets, const std::vector<std::string>& features,
           int num_constituents, std::optional<int> threads) {
            const MomentumView jets = as_momenta(jet_coordinates, jet_columns);
            const ParticleLists lists = as_jets(coordinates, columns, offsets);
            const FeatureOptions options = as_features(features, num_constituents);
            const int workers = threads_or_default(threads);
            RaggedFeatures ragged = without_gil([&] {
                return ragged_constituent_features(jets, lists, options, workers);
            });
            const auto width = static_cast<py::ssize_t>(options.features.size());
            const py::ssize_t rows = ragged.offsets.back();
            return std::tuple(to_numpy(std::move(ragged.values), {rows, width}),
                              to_numpy(std::move(ragged.offsets)));
        },
        py::kw_only(), "jet_coordinates"_a, "jet_columns"_a, "coordinates"_a,
        "columns"_a, "offsets"_a, "features"_a, "num_constituents"_a.noconvert(),
        "threads"_a.noconvert());
}

}  // namespace oddjet::bindings
