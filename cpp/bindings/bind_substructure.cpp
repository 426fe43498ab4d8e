#include "arrays.hpp"
#include "bindings.hpp"
#include "oddjet/substructure.hpp"

namespace oddjet::bindings {

using namespace pybind11::literals;
using AnswerColumns = py::typing::Dict<py::str, py::array>;

template <class T, class Row, class Member>
static py::array column(const std::vector<Row>& rows, Member member) {
    std::vector<T> values;
    values.reserve(rows.size());
    for (const Row& row : rows) values.push_back(static_cast<T>(row.*member));
    return to_numpy(std::move(values));
}

static AnswerColumns answer(Jets&& jets, std::size_t) {
    return to_columns(std::move(jets));
}

static AnswerColumns answer(std::vector<double>&& taus, std::size_t num_jets) {
    AnswerColumns columns;
    const std::size_t counts = num_jets > 0 ? taus.size() / num_jets : 0;
    columns["tau"] = to_numpy(std::move(taus), {static_cast<py::ssize_t>(num_jets),
                                                static_cast<py::ssize_t>(counts)});
    return columns;
}

static AnswerColumns answer(std::vector<EnergyCorrelation>&& found, std::size_t) {
    AnswerColumns columns;
    columns["e2"] = column<double>(found, &EnergyCorrelation::e2);
    columns["e3"] = column<double>(found, &EnergyCorrelation::e3);
    columns["c2"] = column<double>(found, &EnergyCorrelation::c2);
    columns["d2"] = column<double>(found, &EnergyCorrelation::d2);
    columns["n2"] = column<double>(found, &EnergyCorrelation::n2);
    return columns;
}

static AnswerColumns answer(std::vector<JetShape>&& found, std::size_t) {
    AnswerColumns columns;
    columns["girth"] = column<double>(found, &JetShape::girth);
    columns["pt_dispersion"] = column<double>(found, &JetShape::pt_dispersion);
    return columns;
}

static AnswerColumns answer(LundTrees&& trees, std::size_t) {
    AnswerColumns columns;
    const auto size = static_cast<py::ssize_t>(trees.nodes.size());
    std::vector<std::int64_t> neighbours;
    neighbours.reserve(3 * trees.nodes.size());
    std::vector<std::uint8_t> primary;
    primary.reserve(trees.nodes.size());
    for (const LundNode& node : trees.nodes) {
        neighbours.insert(neighbours.end(), node.neighbours.begin(),
                          node.neighbours.end());
        primary.push_back(node.primary);
    }
    columns["offsets"] = to_numpy(std::move(trees.offsets));
    columns["z"] = column<double>(trees.nodes, &LundNode::z);
    columns["delta"] = column<double>(trees.nodes, &LundNode::delta);
    columns["psi"] = column<double>(trees.nodes, &LundNode::psi);
    columns["mass"] = column<double>(trees.nodes, &LundNode::mass);
    columns["kt"] = column<double>(trees.nodes, &LundNode::kt);
    columns["neighbours"] = to_numpy(std::move(neighbours), {size, 3});
    columns["primary"] = to_numpy_bool(std::move(primary), {size});
    return columns;
}

static void bind_groomers(py::module_& m) {
    py::class_<SoftDropOptions>(m, "SoftDropOptions")
        .def(py::init([](double z_cut, double beta, double radius) {
                 return SoftDropOptions{z_cut, beta, radius};
             }),
             py::kw_only(), "z_cut"_a, "beta"_a, "radius"_a);
    py::class_<TrimOptions>(m, "TrimOptions")
        .def(py::init([](double subjet_radius, double pt_fraction,
                         const std::string& algorithm) {
                 return TrimOptions{subjet_radius, pt_fraction,
                                    algorithm_from_name(algorithm)};
             }),
             py::kw_only(), "subjet_radius"_a, "pt_fraction"_a, "algorithm"_a);
    py::class_<FilterOptions>(m, "FilterOptions")
        .def(py::init([](double subjet_radius, int num_subjets,
                         const std::string& algorithm) {
                 return FilterOptions{subjet_radius, num_subjets,
                                      algorithm_from_name(algorithm)};
             }),
             py::kw_only(), "subjet_radius"_a, "num_subjets"_a.noconvert(),
             "algorithm"_a);
    py::class_<MassDropOptions>(m, "MassDropOptions")
        .def(py::init(
                 [](double mu, double y_cut) { return MassDropOptions{mu, y_cut}; }),
             py::kw_only(), "mu"_a, "y_cut"_a);
    py::class_<PruneOptions>(m, "PruneOptions")
        .def(py::init([](double z_cut, double radius_cut_factor,
                         const std::string& algorithm) {
                 return PruneOptions{z_cut, radius_cut_factor,
                                     algorithm_from_name(algorithm)};
             }),
             py::kw_only(), "z_cut"_a, "radius_cut_factor"_a, "algorithm"_a);
}

static void bind_shapes(py::module_& m) {
    py::class_<NsubjettinessOptions>(m, "NsubjettinessOptions")
        .def(py::init([](const std::vector<int>& n, double radius, double beta,
                         const std::string& axes) {
                 return NsubjettinessOptions{n, radius, beta, axes_from_name(axes)};
             }),
             py::kw_only(), "n"_a.noconvert(), "radius"_a, "beta"_a, "axes"_a);
    py::class_<EnergyCorrelationOptions>(m, "EnergyCorrelationOptions")
        .def(py::init([](double beta) { return EnergyCorrelationOptions{beta}; }),
             py::kw_only(), "beta"_a);
    py::class_<JetShapeOptions>(m, "JetShapeOptions").def(py::init<>());
}

static void bind_lund_options(py::module_& m) {
    py::class_<LundOptions>(m, "LundOptions")
        .def(py::init([](const std::string& plane, const std::string& psi,
                         const std::string& below_kt, const std::string& empty,
                         double kt_min_gev, double delta_min, bool leaves,
                         bool logarithms) {
                 return LundOptions{lund_plane_from_name(plane),
                                    lund_psi_from_name(psi),
                                    lund_below_kt_from_name(below_kt),
                                    lund_empty_from_name(empty),
                                    kt_min_gev,
                                    delta_min,
                                    leaves,
                                    logarithms};
             }),
             py::kw_only(), "plane"_a, "psi"_a, "below_kt"_a, "empty"_a, "kt_min_gev"_a,
             "delta_min"_a, "leaves"_a, "logarithms"_a);
}

void bind_substructure(py::module_& m) {
    bind_groomers(m);
    bind_shapes(m);
    bind_lund_options(m);
    m.def(
        "measure",
        [](const std::string& coordinates, const Columns& columns,
           const py::array& offsets, const std::vector<Quantity>& quantities,
           std::optional<int> threads) {
            const ParticleLists jets = as_jets(coordinates, columns, offsets);
            const int workers = threads_or_default(threads);
            auto measured =
                without_gil([&] { return measure(jets, quantities, workers); });
            std::vector<AnswerColumns> answers;
            for (Measured& one : measured) {
                answers.push_back(std::visit(
                    [&](auto&& found) { return answer(std::move(found), jets.size()); },
                    std::move(one)));
            }
            return answers;
        },
        py::kw_only(), "coordinates"_a, "columns"_a, "offsets"_a, "quantities"_a,
        "threads"_a.noconvert());
}

}  // namespace oddjet::bindings
