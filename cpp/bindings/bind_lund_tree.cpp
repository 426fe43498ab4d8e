#include "arrays.hpp"
#include "bindings.hpp"
#include "oddjet/lund_tree.hpp"

namespace oddjet::bindings {

using namespace pybind11::literals;
using LundColumns = py::typing::Dict<py::str, py::array>;

template <class T, class Member>
static py::array column(const std::vector<LundNode>& nodes, Member member) {
    std::vector<T> values;
    values.reserve(nodes.size());
    for (const LundNode& node : nodes) values.push_back(static_cast<T>(node.*member));
    return to_numpy(std::move(values));
}

static LundColumns to_columns(LundTrees&& trees) {
    LundColumns columns;
    std::vector<std::int64_t> neighbours;
    neighbours.reserve(3 * trees.nodes.size());
    for (const LundNode& node : trees.nodes) {
        neighbours.insert(neighbours.end(), node.neighbours.begin(),
                          node.neighbours.end());
    }
    const auto size = static_cast<py::ssize_t>(trees.nodes.size());
    columns["offsets"] = to_numpy(std::move(trees.offsets));
    columns["z"] = column<double>(trees.nodes, &LundNode::z);
    columns["delta"] = column<double>(trees.nodes, &LundNode::delta);
    columns["psi"] = column<double>(trees.nodes, &LundNode::psi);
    columns["mass"] = column<double>(trees.nodes, &LundNode::mass);
    columns["kt"] = column<double>(trees.nodes, &LundNode::kt);
    columns["neighbours"] = to_numpy(std::move(neighbours), {size, 3});
    std::vector<std::uint8_t> primary;
    for (const LundNode& node : trees.nodes) primary.push_back(node.primary);
    columns["primary"] = to_numpy_bool(std::move(primary), {size});
    return columns;
}

void bind_lund_tree(py::module_& m) {
    m.def(
        "lund_tree",
        [](const std::string& coordinates, const Columns& columns,
           const py::array& offsets, const std::string& plane, const std::string& psi,
           const std::string& below_kt, double kt_min_gev, double delta_min,
           bool leaves, bool logarithms, std::optional<int> threads) {
            const ParticleLists jets = as_jets(coordinates, columns, offsets);
            const LundOptions options{lund_plane_from_name(plane),
                                      lund_psi_from_name(psi),
                                      lund_below_kt_from_name(below_kt),
                                      kt_min_gev,
                                      delta_min,
                                      leaves,
                                      logarithms};
            const int workers = threads_or_default(threads);
            return to_columns(
                without_gil([&] { return lund_trees(jets, options, workers); }));
        },
        py::kw_only(), "coordinates"_a, "columns"_a, "offsets"_a, "plane"_a, "psi"_a,
        "below_kt"_a, "kt_min_gev"_a, "delta_min"_a, "leaves"_a, "logarithms"_a,
        "threads"_a.noconvert());
}

}  // namespace oddjet::bindings
