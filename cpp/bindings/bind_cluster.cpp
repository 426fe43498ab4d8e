#include "arrays.hpp"
#include "bindings.hpp"
#include "oddjet/cluster.hpp"
#include "oddjet/simd.hpp"

namespace oddjet::bindings {

using namespace pybind11::literals;

void bind_cluster(py::module_& m) {
    m.def("simd_path", [] { return std::string(simd_path()); });
    m.def(
        "cluster",
        [](const std::string& coordinates, const Columns& columns,
           const py::array& offsets, const std::string& algorithm, double radius,
           double pt_min_gev, double power, const std::string& recombination,
           std::optional<int> threads) {
            const ParticleLists events = as_lists(coordinates, columns, offsets);
            const ClusterOptions options{algorithm_from_name(algorithm), radius,
                                         pt_min_gev, power,
                                         recombination_from_name(recombination)};
            const int workers = threads_or_default(threads);
            return to_columns(
                without_gil([&] { return cluster(events, options, workers); }));
        },
        py::kw_only(), "coordinates"_a, "columns"_a, "offsets"_a, "algorithm"_a,
        "radius"_a, "pt_min_gev"_a, "power"_a, "recombination"_a,
        "threads"_a.noconvert());
    m.def(
        "exclusive_jets",
        [](const std::string& coordinates, const Columns& columns,
           const py::array& offsets, const std::string& algorithm, double radius,
           double power, const std::string& recombination,
           std::optional<std::int64_t> num_jets, std::optional<double> d_cut_gev2,
           std::optional<int> threads) {
            const ParticleLists events = as_lists(coordinates, columns, offsets);
            const ClusterOptions options{algorithm_from_name(algorithm), radius, 0.0,
                                         power, recombination_from_name(recombination)};
            const StopAt stop{num_jets, d_cut_gev2};
            const int workers = threads_or_default(threads);
            return to_columns(without_gil(
                [&] { return cluster_exclusive(events, options, stop, workers); }));
        },
        py::kw_only(), "coordinates"_a, "columns"_a, "offsets"_a, "algorithm"_a,
        "radius"_a, "power"_a, "recombination"_a, "num_jets"_a.noconvert(),
        "d_cut_gev2"_a, "threads"_a.noconvert());
}

}  // namespace oddjet::bindings
