#include "arrays.hpp"
#include "bindings.hpp"
#include "oddjet/cluster.hpp"
#include "oddjet/simd.hpp"

namespace oddjet::bindings {

using namespace pybind11::literals;
using JetColumns = py::typing::Dict<py::str, py::array>;

static JetColumns to_columns(Jets&& jets) {
    JetColumns columns;
    columns["pt"] = to_numpy(std::move(jets.pt));
    columns["eta"] = to_numpy(std::move(jets.eta));
    columns["phi"] = to_numpy(std::move(jets.phi));
    columns["mass"] = to_numpy(std::move(jets.mass));
    columns["event_offsets"] = to_numpy(std::move(jets.event_offsets));
    columns["constituent_offsets"] = to_numpy(std::move(jets.constituent_offsets));
    columns["constituent_index"] = to_numpy(std::move(jets.constituent_index));
    return columns;
}

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
}

}  // namespace oddjet::bindings
