#include "arrays.hpp"
#include "bindings.hpp"
#include "oddjet/energy_fractions.hpp"

namespace oddjet::bindings {

using namespace pybind11::literals;

void bind_energy_fractions(py::module_& m) {
    m.def(
        "energy_fractions",
        [](const std::string& coordinates, const Columns& columns,
           const py::array& offsets, const py::array& pdg_id,
           std::optional<int> threads) {
            ParticleLists jets = as_lists(coordinates, columns, offsets);
            jets.particle_name = "constituent";
            jets.list_name = "jet";
            const auto codes = as_span<std::int64_t>(pdg_id, "pdg_id");
            const int workers = threads_or_default(threads);
            auto shares =
                without_gil([&] { return energy_fractions(jets, codes, workers); });
            const auto rows = static_cast<py::ssize_t>(shares.size()) / 4;
            return to_numpy(std::move(shares), {rows, 4});
        },
        py::kw_only(), "coordinates"_a, "columns"_a, "offsets"_a, "pdg_id"_a,
        "threads"_a.noconvert());
}

}  // namespace oddjet::bindings
