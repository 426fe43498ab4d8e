#include "arrays.hpp"
#include "bindings.hpp"
#include "oddjet/knn_graph.hpp"

namespace oddjet::bindings {

using namespace pybind11::literals;

void bind_knn_graph(py::module_& m) {
    m.def(
        "knn_graph",
        [](const py::array& points, int k, const std::optional<py::array>& mask,
           const std::vector<std::int64_t>& periodic, std::optional<int> threads) {
            PointView view = as_points(points, mask);
            view.azimuths = periodic;
            const int workers = threads_or_default(threads);
            auto found = without_gil([&] { return knn_graph(view, k, workers); });
            const std::vector<py::ssize_t> shape = {points.shape(0), points.shape(1),
                                                    k};
            return std::tuple(to_numpy(std::move(found.indices), shape),
                              to_numpy_bool(std::move(found.valid), shape));
        },
        py::kw_only(), "points"_a, "k"_a.noconvert(), "mask"_a, "periodic"_a,
        "threads"_a.noconvert());
}

}  // namespace oddjet::bindings
