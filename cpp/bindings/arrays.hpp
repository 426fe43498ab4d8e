#pragma once

// The one file that knows NumPy: it checks the form of what comes in (type, dimensions,
// layout; never converting), and hands out what the kernels return without a copy.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "oddjet/cluster.hpp"
#include "oddjet/constituent_features.hpp"
#include "oddjet/distance_correlation.hpp"
#include "oddjet/knn_graph.hpp"
#include "oddjet/particles.hpp"

namespace oddjet::bindings {

namespace py = pybind11;

inline std::string type_name(const py::array& array) {
    return py::str(static_cast<const py::object&>(array.dtype()));
}

inline void check_layout(const py::array& array, const std::string& name,
                         py::ssize_t dimensions) {
    if (array.ndim() != dimensions) {
        throw py::value_error(name + " must have " + std::to_string(dimensions) +
                              " dimension(s), got " + std::to_string(array.ndim()));
    }
    if (!(array.flags() & py::array::c_style)) {
        throw py::value_error(name + " must be contiguous in C order");
    }
}

template <class T>
bool holds(const py::array& array) {
    return array.dtype().equal(py::dtype::of<T>());
}

template <class T>
std::span<const T> span_of(const py::array& array) {
    return {static_cast<const T*>(array.data()),
            static_cast<std::size_t>(array.size())};
}

template <class T>
std::span<const T> as_span(const py::array& array, const std::string& name,
                           py::ssize_t dimensions = 1) {
    if (!holds<T>(array)) {
        throw py::type_error(name + " must be " +
                             std::string(py::str(py::dtype::of<T>())) + ", got " +
                             type_name(array));
    }
    check_layout(array, name, dimensions);
    return span_of<T>(array);
}

/// A view of float32 or float64 values as either alternative of `View`.
template <class View>
View as_real(const py::array& array, const std::string& name, py::ssize_t dimensions) {
    check_layout(array, name, dimensions);
    if (holds<double>(array)) return View(span_of<double>(array));
    if (holds<float>(array)) return View(span_of<float>(array));
    throw py::type_error(name + " must be float32 or float64, got " + type_name(array));
}

using Columns = std::array<py::array, 4>;

inline MomentumView as_momenta(const std::string& coordinates, const Columns& columns) {
    MomentumView view;
    view.coordinates = coordinates_from_name(coordinates);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        view.columns[i] = as_real<Column>(columns[i], "momentum column", 1);
    }
    return view;
}

inline ParticleLists as_lists(const std::string& coordinates, const Columns& columns,
                              const py::array& offsets) {
    return {as_momenta(coordinates, columns),
            as_span<std::int64_t>(offsets, "offsets")};
}

/// The same, for kernels that call the lists jets.
inline ParticleLists as_jets(const std::string& coordinates, const Columns& columns,
                             const py::array& offsets) {
    ParticleLists jets = as_lists(coordinates, columns, offsets);
    jets.particle_name = "constituent";
    jets.list_name = "jet";
    return jets;
}

inline FeatureOptions as_features(const std::vector<std::string>& names,
                                  int num_constituents) {
    FeatureOptions options{{}, num_constituents};
    for (const std::string& name : names) {
        options.features.push_back(feature_from_name(name));
    }
    return options;
}

inline std::optional<Column> as_weights(const std::optional<py::array>& weights) {
    if (!weights) return std::nullopt;
    return as_real<Column>(*weights, "weights", 1);
}

inline WeightedVariables as_variables(const std::vector<py::array>& variables,
                                      const std::optional<py::array>& weights) {
    WeightedVariables sample;
    for (const py::array& variable : variables) {
        sample.variables.push_back(as_real<Column>(variable, "a variable", 1));
    }
    sample.weights = as_weights(weights);
    return sample;
}

inline WeightedPoints as_weighted_points(const py::array& x, const py::array& y,
                                         const std::optional<py::array>& weights) {
    return {as_real<Column>(x, "x", 2), as_real<Column>(y, "y", 2),
            static_cast<std::size_t>(x.shape(1)), static_cast<std::size_t>(y.shape(1)),
            as_weights(weights)};
}

inline PointView as_points(const py::array& points,
                           const std::optional<py::array>& mask) {
    PointView view;
    view.values = as_real<decltype(view.values)>(points, "points", 3);
    view.jets = static_cast<std::size_t>(points.shape(0));
    view.particles = static_cast<std::size_t>(points.shape(1));
    view.dimensions = static_cast<std::size_t>(points.shape(2));
    if (!mask) return view;
    view.mask = as_span<bool>(*mask, "mask", 2);
    if (mask->shape(0) != points.shape(0) || mask->shape(1) != points.shape(1)) {
        const auto text = [](py::ssize_t rows, py::ssize_t columns) {
            return "(" + std::to_string(rows) + ", " + std::to_string(columns) + ")";
        };
        throw py::value_error("mask must have shape " +
                              text(points.shape(0), points.shape(1)) + ", got " +
                              text(mask->shape(0), mask->shape(1)));
    }
    return view;
}

/// The memory of the vector as an array of that shape, and of type bool if asked for.
template <class T>
py::array to_numpy(std::vector<T>&& values, std::vector<py::ssize_t> shape,
                   const py::dtype& type = py::dtype::of<T>()) {
    auto owner = std::make_unique<std::vector<T>>(std::move(values));
    const T* data = owner->data();
    const py::capsule capsule(owner.release(), [](void* vector) {
        delete static_cast<std::vector<T>*>(vector);
    });
    return py::array(type, std::move(shape), data, capsule);
}

template <class T>
py::array to_numpy(std::vector<T>&& values) {
    const auto size = static_cast<py::ssize_t>(values.size());
    return to_numpy(std::move(values), {size});
}

inline py::array to_numpy_bool(std::vector<std::uint8_t>&& values,
                               std::vector<py::ssize_t> shape) {
    return to_numpy(std::move(values), std::move(shape), py::dtype::of<bool>());
}

/// The tensor as (values[row, slot, feature], mask[row, slot]).
inline std::tuple<py::array, py::array> to_numpy(FeatureTensor&& tensor,
                                                 const FeatureOptions& options) {
    const auto slots = static_cast<py::ssize_t>(options.num_constituents);
    const auto features = static_cast<py::ssize_t>(options.features.size());
    const auto rows = static_cast<py::ssize_t>(tensor.mask.size()) / slots;
    return {to_numpy(std::move(tensor.values), {rows, slots, features}),
            to_numpy_bool(std::move(tensor.mask), {rows, slots})};
}

/// An array made by that function of NumPy, which asks for huge pages where it is
/// large: "zeros", whose memory is taken when it is written to, or "empty". Its values.
template <class T>
std::pair<py::array, std::span<T>> made_by(const char* function,
                                           const std::vector<py::ssize_t>& shape,
                                           const py::dtype& type = py::dtype::of<T>()) {
    const py::object make = py::module_::import("numpy").attr(function);
    py::array array = make(py::cast(shape), type);
    const std::span<T> values(static_cast<T*>(array.mutable_data()),
                              static_cast<std::size_t>(array.size()));
    return {std::move(array), values};
}

using JetColumns = py::typing::Dict<py::str, py::array>;

inline JetColumns to_columns(Jets&& jets) {
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

/// Safe: the kernels touch no Python object.
template <class Kernel>
auto without_gil(const Kernel& kernel) {
    const py::gil_scoped_release release;
    return kernel();
}

/// The workers asked for, else those of the environment's ODDJET_THREADS, else one.
inline int threads_or_default(std::optional<int> threads) {
    if (threads) return *threads;
    const char* text = std::getenv("ODDJET_THREADS");
    if (text == nullptr || *text == '\0') return 1;
    char* end = nullptr;
    const long value = std::strtol(text, &end, 10);
    if (*end != '\0' || value < 1 || value > 1'000'000) {
        throw py::value_error("ODDJET_THREADS must be an integer >= 1, got '" +
                              std::string(text) + "'");
    }
    return static_cast<int>(value);
}

}  // namespace oddjet::bindings
