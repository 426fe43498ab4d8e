#include "arrays.hpp"
#include "bindings.hpp"
#include "oddjet/nsubjettiness.hpp"

namespace oddjet::bindings {

using namespace pybind11::literals;

void bind_nsubjettiness(py::module_& m) {
    m.def(
        "nsubjettiness",
        [](const std::string& coordinates, const Columns& columns,
           const py::array& offsets, const std::vector<int>& n, double radius,
           double beta, const std::string& axes, std::optional<int> threads) {
            const ParticleLists jets = as_jets(coordinates, columns, offsets);
            const NsubjettinessOptions options{n, radius, beta, axes_from_name(axes)};
            const int workers = threads_or_default(threads);
            auto taus =
                without_gil([&] { return nsubjettiness(jets, options, workers); });
            return to_numpy(std::move(taus), {static_cast<py::ssize_t>(jets.size()),
                                              static_cast<py::ssize_t>(n.size())});
        },
        py::kw_only(), "coordinates"_a, "columns"_a, "offsets"_a, "n"_a.noconvert(),
        "radius"_a, "beta"_a, "axes"_a, "threads"_a.noconvert());
}

}  // namespace oddjet::bindings
