#include "arrays.hpp"
#include "bindings.hpp"
#include "oddjet/edge_conv.hpp"

namespace oddjet::bindings {

using namespace pybind11::literals;

void bind_edge_conv(py::module_& m) {
    py::class_<EdgeConvScorer>(m, "EdgeConvScorer")
        .def_static(
            "of_model",
            [](const py::bytes& model) -> std::optional<EdgeConvScorer> {
                const auto found = edge_conv_model(std::string_view(model));
                if (!found) return std::nullopt;
                return EdgeConvScorer(*found);
            },
            "model"_a)
        .def_property_readonly("folds", &EdgeConvScorer::folds)
        .def(
            "score",
            [](const EdgeConvScorer& scorer, const py::array& values,
               const py::array& counts, std::optional<int> threads) {
                const ConstituentRows jets{as_span<float>(values, "values", 3),
                                           static_cast<std::size_t>(values.shape(1)),
                                           as_span<std::int64_t>(counts, "counts")};
                const auto folds = static_cast<py::ssize_t>(scorer.folds());
                auto [score, means] = made_by<float>("empty", {counts.shape(0)});
                auto [fold_scores, by_fold] =
                    made_by<float>("empty", {counts.shape(0), folds});
                const int workers = threads_or_default(threads);
                without_gil([&, means = means, by_fold = by_fold] {
                    scorer.score(jets, workers, means, by_fold);
                });
                return std::tuple(score, fold_scores);
            },
            py::kw_only(), "values"_a, "counts"_a, "threads"_a.noconvert());
}

}  // namespace oddjet::bindings
