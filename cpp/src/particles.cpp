#include "oddjet/particles.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "message.hpp"
#include "plain_momenta.hpp"

namespace oddjet {
namespace {

// Single precision, or six printed digits, leave up to this much of E^2 in E^2 - p^2.
constexpr double kRelativeRounding = 1e-5;

constexpr std::array<std::array<std::string_view, 4>, 2> kColumnNames = {
    {{"pt", "eta", "phi", "mass"}, {"px", "py", "pz", "energy"}}};

double p_squared(const FourMomentum& p) { return pt_squared(p) + p.pz * p.pz; }

// Squares up to 1e280 leave a factor of 1e28 to the largest double, for pt^2 R^2 with
// R <= 1000 and for sums of many particles: nothing downstream overflows, and an
// infinite distance means a dead pseudo-jet, never a live one.
constexpr double kLargestMomentum = 1e140;

bool is_too_large(const FourMomentum& p) {
    constexpr double largest = kLargestMomentum * kLargestMomentum;
    // Negated, so that a square which overflowed to NaN is too large as well.
    return !(p_squared(p) <= largest && p.energy * p.energy <= largest);
}

bool is_space_like(const FourMomentum& p) {
    return p.energy < 0.0 ||
           p_squared(p) > (1.0 + kRelativeRounding) * p.energy * p.energy;
}

}  // namespace

std::size_t Column::size() const {
    return std::visit([](const auto& values) { return values.size(); }, values_);
}

void Column::read(std::size_t begin, std::span<double> into) const {
    std::visit(
        [&](const auto& values) {
            std::ranges::copy(values.subspan(begin, into.size()), into.begin());
        },
        values_);
}

std::span<const double> Column::doubles(std::size_t begin, std::size_t count,
                                        std::vector<double>& memory) const {
    if (const auto* values = std::get_if<std::span<const double>>(&values_)) {
        return values->subspan(begin, count);
    }
    if (memory.size() < count) memory.resize(count);
    const std::span<double> converted(memory.data(), count);
    read(begin, converted);
    return converted;
}

std::vector<double> Column::copy(std::size_t begin, std::size_t count) const {
    std::vector<double> values(count);
    read(begin, values);
    return values;
}

Coordinates coordinates_from_name(std::string_view name) {
    if (name == "pt_eta_phi_mass") return Coordinates::kPtEtaPhiMass;
    if (name == "px_py_pz_energy") return Coordinates::kPxPyPzEnergy;
    refuse("coordinates must be pt_eta_phi_mass or px_py_pz_energy, got '", name, "'");
}

FourMomentum MomentumView::momentum(std::size_t i) const {
    const std::array<double, 4> row = {columns[0][i], columns[1][i], columns[2][i],
                                       columns[3][i]};
    if (coordinates == Coordinates::kPxPyPzEnergy) {
        return {row[0], row[1], row[2], row[3]};
    }
    return four_momentum({row[0], row[1], row[2], row[3]});
}

double MomentumView::pt(std::size_t i) const {
    return coordinates == Coordinates::kPtEtaPhiMass
               ? columns[0][i]
               : std::sqrt(pt_squared(momentum(i)));
}

void check_columns(const MomentumView& view, std::string_view kernel) {
    for (const Column& column : view.columns) {
        if (column.size() != view.size()) {
            refuse(kernel, ": columns must have one length, got ", view.size(), " and ",
                   column.size());
        }
    }
}

void check_lists(const ParticleLists& lists, std::string_view kernel) {
    check_columns(lists.particles, kernel);
    const std::size_t size = lists.particles.size();
    const auto offsets = lists.offsets;
    if (offsets.empty()) refuse(kernel, ": offsets must not be empty");
    if (offsets[0] != 0) refuse(kernel, ": offsets must start at 0, got ", offsets[0]);
    for (std::size_t i = 1; i < offsets.size(); ++i) {
        if (offsets[i] < offsets[i - 1]) {
            refuse(kernel, ": offsets must not decrease, got ", offsets[i], " after ",
                   offsets[i - 1], " at index ", i);
        }
    }
    if (static_cast<std::size_t>(offsets.back()) != size) {
        refuse(kernel, ": offsets must end at the number of particles, ", size,
               ", got ", offsets.back());
    }
}

std::optional<std::string> momentum_problem(const MomentumView& view, std::size_t i,
                                            const FourMomentum& p) {
    const auto& names = kColumnNames[static_cast<std::size_t>(view.coordinates)];
    for (std::size_t c = 0; c < 4; ++c) {
        const double value = view.columns[c][i];
        if (!std::isfinite(value)) return message("non-finite ", names[c], " ", value);
    }
    if (view.pt(i) < 0.0) return message("negative pt ", view.pt(i));
    if (is_too_large(p)) {
        return message("a momentum or energy above ", kLargestMomentum,
                       " GeV: ", names[0], " ", view.columns[0][i], ", ", names[1], " ",
                       view.columns[1][i], ", ", names[2], " ", view.columns[2][i],
                       ", ", names[3], " ", view.columns[3][i]);
    }
    if (is_space_like(p)) {
        return message("|p| ", std::sqrt(p_squared(p)), " above its energy ", p.energy);
    }
    return std::nullopt;
}

namespace {

void refuse_problems(const ParticleLists& lists, std::size_t list,
                     const std::vector<FourMomentum>& momenta,
                     std::string_view kernel) {
    const auto begin = static_cast<std::size_t>(lists.offsets[list]);
    for (std::size_t i = 0; i < momenta.size(); ++i) {
        if (const auto problem =
                momentum_problem(lists.particles, begin + i, momenta[i])) {
            refuse(kernel, ": ", lists.particle_name, " ", i, " of ", lists.list_name,
                   " ", list, " has ", *problem);
        }
    }
}

}  // namespace

Particles read_list(const ParticleLists& lists, std::size_t list,
                    std::string_view kernel) {
    Particles particles;
    read_list(lists, list, kernel, particles);
    return particles;
}

void read_list(const ParticleLists& lists, std::size_t list, std::string_view kernel,
               Particles& particles) {
    const auto begin = static_cast<std::size_t>(lists.offsets[list]);
    const auto size = static_cast<std::size_t>(lists.offsets[list + 1]) - begin;
    const Coordinates coordinates = lists.particles.coordinates;
    for (std::size_t c = 0; c < 4; ++c) {
        particles.columns[c].resize(size);
        lists.particles.columns[c].read(begin, particles.columns[c]);
    }
    const auto& [w, x, y, z] = particles.columns;
    particles.momenta.resize(size);
    if (coordinates == Coordinates::kPtEtaPhiMass) {
        for (std::size_t i = 0; i < size; ++i) {
            particles.momenta[i] = four_momentum({w[i], x[i], y[i], z[i]});
        }
        particles.pt = w;
    } else {
        particles.pt.resize(size);
        for (std::size_t i = 0; i < size; ++i) {
            particles.momenta[i] = {w[i], x[i], y[i], z[i]};
            particles.pt[i] = std::sqrt(pt_squared(particles.momenta[i]));
        }
    }
    if (!all_plain({coordinates, {w, x, y, z}})) {
        refuse_problems(lists, list, particles.momenta, kernel);
    }
}

void sort_hardest_first(std::span<std::int64_t> indices, std::span<const double> pt) {
    std::ranges::sort(indices, [pt](std::int64_t a, std::int64_t b) {
        const double pt_a = pt[static_cast<std::size_t>(a)];
        const double pt_b = pt[static_cast<std::size_t>(b)];
        return pt_a > pt_b || (pt_a == pt_b && a < b);
    });
}

}  // namespace oddjet
