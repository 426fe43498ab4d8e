#include "arrays.hpp"
#include "bindings.hpp"
#include "oddjet/grooming.hpp"

namespace oddjet::bindings {

using namespace pybind11::literals;

static void bind_soft_drop(py::module_& m) {
    m.def(
        "soft_drop",
        [](const std::string& coordinates, const Columns& columns,
           const py::array& offsets, double z_cut, double beta, double radius,
           std::optional<int> threads) {
            const ParticleLists jets = as_jets(coordinates, columns, offsets);
            const SoftDropOptions options{z_cut, beta, radius};
            const int workers = threads_or_default(threads);
            return to_columns(
                without_gil([&] { return soft_drop(jets, options, workers); }));
        },
        py::kw_only(), "coordinates"_a, "columns"_a, "offsets"_a, "z_cut"_a, "beta"_a,
        "radius"_a, "threads"_a.noconvert());
}

static void bind_trim(py::module_& m) {
    m.def(
        "trim",
        [](const std::string& coordinates, const Columns& columns,
           const py::array& offsets, double subjet_radius, double pt_fraction,
           const std::string& algorithm, std::optional<int> threads) {
            const ParticleLists jets = as_jets(coordinates, columns, offsets);
            const TrimOptions options{subjet_radius, pt_fraction,
                                      algorithm_from_name(algorithm)};
            const int workers = threads_or_default(threads);
            return to_columns(
                without_gil([&] { return trim(jets, options, workers); }));
        },
        py::kw_only(), "coordinates"_a, "columns"_a, "offsets"_a, "subjet_radius"_a,
        "pt_fraction"_a, "algorithm"_a, "threads"_a.noconvert());
}

static void bind_filter(py::module_& m) {
    m.def(
        "filter_jets",
        [](const std::string& coordinates, const Columns& columns,
           const py::array& offsets, double subjet_radius, int num_subjets,
           const std::string& algorithm, std::optional<int> threads) {
            const ParticleLists jets = as_jets(coordinates, columns, offsets);
            const FilterOptions options{subjet_radius, num_subjets,
                                        algorithm_from_name(algorithm)};
            const int workers = threads_or_default(threads);
            return to_columns(
                without_gil([&] { return filter(jets, options, workers); }));
        },
        py::kw_only(), "coordinates"_a, "columns"_a, "offsets"_a, "subjet_radius"_a,
        "num_subjets"_a.noconvert(), "algorithm"_a, "threads"_a.noconvert());
}

static void bind_mass_drop(py::module_& m) {
    m.def(
        "mass_drop",
        [](const std::string& coordinates, const Columns& columns,
           const py::array& offsets, double mu, double y_cut,
           std::optional<int> threads) {
            const ParticleLists jets = as_jets(coordinates, columns, offsets);
            const MassDropOptions options{mu, y_cut};
            const int workers = threads_or_default(threads);
            return to_columns(
                without_gil([&] { return mass_drop(jets, options, workers); }));
        },
        py::kw_only(), "coordinates"_a, "columns"_a, "offsets"_a, "mu"_a, "y_cut"_a,
        "threads"_a.noconvert());
}

static void bind_prune(py::module_& m) {
    m.def(
        "prune",
        [](const std::string& coordinates, const Columns& columns,
           const py::array& offsets, double z_cut, double radius_cut_factor,
           const std::string& algorithm, std::optional<int> threads) {
            const ParticleLists jets = as_jets(coordinates, columns, offsets);
            const PruneOptions options{z_cut, radius_cut_factor,
                                       algorithm_from_name(algorithm)};
            const int workers = threads_or_default(threads);
            return to_columns(
                without_gil([&] { return prune(jets, options, workers); }));
        },
        py::kw_only(), "coordinates"_a, "columns"_a, "offsets"_a, "z_cut"_a,
        "radius_cut_factor"_a, "algorithm"_a, "threads"_a.noconvert());
}

void bind_grooming(py::module_& m) {
    bind_soft_drop(m);
    bind_trim(m);
    bind_filter(m);
    bind_mass_drop(m);
    bind_prune(m);
}

}  // namespace oddjet::bindings
