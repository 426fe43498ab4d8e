#include "arrays.hpp"
#include "bindings.hpp"
#include "oddjet/event_tensors.hpp"

namespace oddjet::bindings {

using namespace pybind11::literals;

void bind_event_tensors(py::module_& m) {
    m.def(
        "event_tensors",
        [](const std::string& coordinates, const Columns& columns,
           const py::array& offsets, const std::string& algorithm, double radius,
           const std::vector<std::string>& features, int num_constituents,
           std::optional<int> threads, bool flag_bad_events) {
            const ParticleLists events = as_lists(coordinates, columns, offsets);
            const ClusterOptions clustering{algorithm_from_name(algorithm), radius};
            const FeatureOptions options = as_features(features, num_constituents);
            const int workers = threads_or_default(threads);
            const BadEvent bad = flag_bad_events ? BadEvent::kFlag : BadEvent::kThrow;
            EventTensors result = without_gil([&] {
                return event_tensors(events, clustering, options, workers, bad);
            });
            auto [values, mask] = to_numpy(std::move(result.tensor), options);
            const auto size = static_cast<py::ssize_t>(result.found.size());
            return std::tuple(values, mask,
                              to_numpy_bool(std::move(result.found), {size}),
                              std::move(result.problems));
        },
        py::kw_only(), "coordinates"_a, "columns"_a, "offsets"_a, "algorithm"_a,
        "radius"_a, "features"_a, "num_constituents"_a.noconvert(),
        "threads"_a.noconvert(), "flag_bad_events"_a = false);
}

}  // namespace oddjet::bindings
