#include "arrays.hpp"
#include "bindings.hpp"
#include "oddjet/jet_shapes.hpp"

namespace oddjet::bindings {

using namespace pybind11::literals;
using ShapeColumns = py::typing::Dict<py::str, py::array>;

template <class Shape>
static py::array column(const std::vector<Shape>& shapes, double Shape::* member) {
    std::vector<double> values;
    values.reserve(shapes.size());
    for (const Shape& shape : shapes) values.push_back(shape.*member);
    return to_numpy(std::move(values));
}

static ShapeColumns to_columns(const std::vector<EnergyCorrelation>& found) {
    ShapeColumns columns;
    columns["e2"] = column(found, &EnergyCorrelation::e2);
    columns["e3"] = column(found, &EnergyCorrelation::e3);
    columns["c2"] = column(found, &EnergyCorrelation::c2);
    columns["d2"] = column(found, &EnergyCorrelation::d2);
    columns["n2"] = column(found, &EnergyCorrelation::n2);
    return columns;
}

static ShapeColumns to_columns(const std::vector<JetShape>& found) {
    ShapeColumns columns;
    columns["girth"] = column(found, &JetShape::girth);
    columns["pt_dispersion"] = column(found, &JetShape::pt_dispersion);
    return columns;
}

void bind_jet_shapes(py::module_& m) {
    m.def(
        "energy_correlation",
        [](const std::string& coordinates, const Columns& columns,
           const py::array& offsets, double beta, std::optional<int> threads) {
            const ParticleLists jets = as_jets(coordinates, columns, offsets);
            const int workers = threads_or_default(threads);
            return to_columns(
                without_gil([&] { return energy_correlation(jets, beta, workers); }));
        },
        py::kw_only(), "coordinates"_a, "columns"_a, "offsets"_a, "beta"_a,
        "threads"_a.noconvert());
    m.def(
        "jet_shapes",
        [](const std::string& coordinates, const Columns& columns,
           const py::array& offsets, std::optional<int> threads) {
            const ParticleLists jets = as_jets(coordinates, columns, offsets);
            const int workers = threads_or_default(threads);
            return to_columns(without_gil([&] { return jet_shapes(jets, workers); }));
        },
        py::kw_only(), "coordinates"_a, "columns"_a, "offsets"_a,
        "threads"_a.noconvert());
}

}  // namespace oddjet::bindings
