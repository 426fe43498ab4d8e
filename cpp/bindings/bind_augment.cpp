#include "arrays.hpp"
#include "bindings.hpp"
#include "oddjet/augment.hpp"

namespace oddjet::bindings {

using namespace pybind11::literals;
using Momenta = std::tuple<std::string, Columns, py::array>;  // name, columns, offsets
using Randomness = std::tuple<std::uint64_t, std::int64_t, py::array>;

static ParticleLists as_lists(const Momenta& momenta, bool of_jets) {
    ParticleLists lists = std::apply(
        [](const auto&... parts) { return bindings::as_lists(parts...); }, momenta);
    if (of_jets) lists.particle_name = "constituent", lists.list_name = "jet";
    return lists;
}

static Draws as_draws(const Randomness& randomness) {
    const auto& [seed, copy, numbers] = randomness;
    return {seed, copy, as_span<std::uint64_t>(numbers, "numbers")};
}

static auto to_numpy(ColliderColumns&& columns) {
    return std::tuple(bindings::to_numpy(std::move(columns.pt)),
                      bindings::to_numpy(std::move(columns.eta)),
                      bindings::to_numpy(std::move(columns.phi)),
                      bindings::to_numpy(std::move(columns.mass)));
}

void bind_augment(py::module_& m) {
    m.def(
        "rotate_events",
        [](const Momenta& momenta, bool of_jets, const Randomness& randomness,
           std::optional<int> threads) {
            const ParticleLists lists = as_lists(momenta, of_jets);
            const Draws draws = as_draws(randomness);
            const int workers = threads_or_default(threads);
            return to_numpy(
                without_gil([&] { return rotate_events(lists, draws, workers); }));
        },
        py::kw_only(), "momenta"_a, "of_jets"_a, "randomness"_a,
        "threads"_a.noconvert());
    m.def(
        "rotate_jets",
        [](const std::string& jet_coordinates, const Columns& jet_columns,
           const Momenta& momenta, const Randomness& randomness,
           std::optional<int> threads) {
            const MomentumView jets = as_momenta(jet_coordinates, jet_columns);
            const ParticleLists lists = as_lists(momenta, true);
            const Draws draws = as_draws(randomness);
            const int workers = threads_or_default(threads);
            return to_numpy(
                without_gil([&] { return rotate_jets(jets, lists, draws, workers); }));
        },
        py::kw_only(), "jet_coordinates"_a, "jet_columns"_a, "momenta"_a,
        "randomness"_a, "threads"_a.noconvert());
    m.def(
        "smear_directions",
        [](const Momenta& momenta, bool of_jets, const Randomness& randomness,
           double scale_gev, std::optional<int> threads) {
            const ParticleLists lists = as_lists(momenta, of_jets);
            const Draws draws = as_draws(randomness);
            const int workers = threads_or_default(threads);
            return to_numpy(without_gil(
                [&] { return smear_directions(lists, draws, scale_gev, workers); }));
        },
        py::kw_only(), "momenta"_a, "of_jets"_a, "randomness"_a, "scale_gev"_a,
        "threads"_a.noconvert());
    m.def(
        "smear_pt",
        [](const Momenta& momenta, bool of_jets, const Randomness& randomness,
           const std::string& resolution, std::optional<int> threads) {
            const ParticleLists lists = as_lists(momenta, of_jets);
            const Draws draws = as_draws(randomness);
            const Resolution chosen = resolution_from_name(resolution);
            const int workers = threads_or_default(threads);
            return to_numpy(
                without_gil([&] { return smear_pt(lists, draws, chosen, workers); }));
        },
        py::kw_only(), "momenta"_a, "of_jets"_a, "randomness"_a, "resolution"_a,
        "threads"_a.noconvert());
}

}  // namespace oddjet::bindings
