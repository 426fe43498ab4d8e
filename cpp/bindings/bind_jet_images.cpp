#include "arrays.hpp"
#include "bindings.hpp"
#include "oddjet/jet_images.hpp"

namespace oddjet::bindings {

using namespace pybind11::literals;

void bind_jet_images(py::module_& m) {
    m.def(
        "jet_images",
        [](const std::string& jet_coordinates, const Columns& jet_columns,
           const std::string& coordinates, const Columns& columns,
           const py::array& offsets, int bins, double half_width, bool center,
           bool rotate, bool flip, bool normalise, std::optional<int> threads) {
            const MomentumView jets = as_momenta(jet_coordinates, jet_columns);
            ParticleLists lists = as_lists(coordinates, columns, offsets);
            lists.particle_name = "constituent";
            lists.list_name = "jet";
            const ImageOptions options{bins,   half_width, center,
                                       rotate, flip,       normalise};
            check_options(options);  // before memory is asked for
            const int workers = threads_or_default(threads);
            auto [images, pixels] = made_by<float>(
                "zeros", {static_cast<py::ssize_t>(jets.size()), bins, bins});
            without_gil([&, pixels = pixels] {
                jet_images(jets, lists, options, pixels, workers);
            });
            return images;
        },
        py::kw_only(), "jet_coordinates"_a, "jet_columns"_a, "coordinates"_a,
        "columns"_a, "offsets"_a, "bins"_a.noconvert(), "half_width"_a, "center"_a,
        "rotate"_a, "flip"_a, "normalise"_a, "threads"_a.noconvert());
}

}  // namespace oddjet::bindings
