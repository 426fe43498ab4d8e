#include "oddjet/augment.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "buffer.hpp"
#include "collider_particles.hpp"
#include "message.hpp"
#include "oddjet/kinematics.hpp"
#include "oddjet/parallel.hpp"
#include "oddjet/philox.hpp"

namespace oddjet {
namespace {

constexpr double kTwoPi = 2.0 * std::numbers::pi;
constexpr std::int64_t kCopies = std::int64_t{1} << 24;

// Lists that follow each other share memory: enough to forget the cost of asking for
// it, few enough to keep all workers busy.
constexpr std::size_t kListsPerTask = 64;

// Part of the counter: the numbers of one purpose say nothing about those of another.
enum class Purpose : std::uint32_t { kEventRotation, kJetRotation, kDirections, kPt };

std::uint32_t low_word(std::uint64_t value) {
    return static_cast<std::uint32_t>(value);
}

std::uint32_t high_word(std::uint64_t value) {
    return static_cast<std::uint32_t>(value >> 32);
}

// In (0, 1], whose logarithm is finite: the upper 53 bits.
double uniform(std::uint32_t low, std::uint32_t high) {
    const std::uint64_t bits = (std::uint64_t{high} << 32) | low;
    return static_cast<double>((bits >> 11) + 1) * 0x1p-53;
}

/// The random numbers of the particles of one list.
class ListDraws {
  public:
    ListDraws(const Draws& draws, std::size_t list, Purpose purpose)
        : number_(draws.numbers[list]),
          key_({low_word(draws.seed), high_word(draws.seed)}),
          copy_and_purpose_((static_cast<std::uint32_t>(draws.copy) << 8) |
                            static_cast<std::uint32_t>(purpose)) {}

    [[nodiscard]] std::array<double, 2> uniforms(std::size_t particle) const {
        const PhiloxCounter words = philox({low_word(number_), high_word(number_),
                                            low_word(particle), copy_and_purpose_},
                                           key_);
        return {uniform(words[0], words[1]), uniform(words[2], words[3])};
    }

    /// Two independent standard Gaussians (Box and Muller).
    [[nodiscard]] std::array<double, 2> gaussians(std::size_t particle) const {
        const auto [first, second] = uniforms(particle);
        const double radius = std::sqrt(-2.0 * std::log(first));
        return {radius * std::cos(kTwoPi * second), radius * std::sin(kTwoPi * second)};
    }

    /// One angle for the whole list, uniform over a turn.
    [[nodiscard]] double angle() const { return kTwoPi * uniforms(0)[0]; }

  private:
    std::uint64_t number_;
    PhiloxKey key_;
    std::uint32_t copy_and_purpose_;
};

void check_draws(const Draws& draws, std::size_t lists, std::string_view kernel) {
    if (draws.copy < 0 || draws.copy >= kCopies) {
        refuse(kernel, ": copy must be >= 0 and < ", kCopies, ", got ", draws.copy);
    }
    if (draws.numbers.size() != lists) {
        refuse(kernel, ": needs one number a list, got ", draws.numbers.size(),
               " numbers and ", lists, " lists");
    }
}

void check_directions(const ColliderColumns& particles, const ParticleLists& lists,
                      std::size_t list, std::string_view kernel) {
    for (std::size_t i = 0; i < particles.pt.size(); ++i) {
        if (std::isfinite(particles.eta[i])) continue;
        refuse(kernel, ": ", lists.particle_name, " ", i, " of ", lists.list_name, " ",
               list, " moves along the beam, where eta is infinite");
    }
}

void check_results(const ColliderColumns& particles, const ParticleLists& lists,
                   std::size_t list, std::string_view kernel) {
    for (std::size_t i = 0; i < particles.pt.size(); ++i) {
        const double pt = particles.pt[i];
        const double eta = particles.eta[i];
        if (std::isfinite(pt) && std::isfinite(eta)) continue;
        refuse(kernel, ": ", lists.particle_name, " ", i, " of ", lists.list_name, " ",
               list, " would get pt ", pt, " and eta ", eta, "; its pt is too small");
    }
}

// Columns of zeros: writing to memory for the first time is what takes long.
ColliderColumns columns_of(std::size_t size, int threads) {
    ColliderColumns columns;
    const std::array all{&columns.pt, &columns.eta, &columns.phi, &columns.mass};
    for_each_index(all.size(), threads,
                   [&](std::size_t c) { *all[c] = lasting(size, 0.0); });
    return columns;
}

// Every list read and checked, changed in place by change(list, particles) unless the
// copy is the original, and put together again.
template <class Change>
ColliderColumns changed(const ParticleLists& lists, const Draws& draws, int threads,
                        std::string_view kernel, const Change& change) {
    check_lists(lists, kernel);
    check_draws(draws, lists.size(), kernel);
    check_threads(threads, kernel);
    ColliderColumns result = columns_of(lists.particles.size(), threads);
    const std::size_t tasks = (lists.size() + kListsPerTask - 1) / kListsPerTask;
    for_each_index(tasks, threads, [&](std::size_t task) {
        ColliderColumns particles;
        const std::size_t end = std::min(lists.size(), (task + 1) * kListsPerTask);
        for (std::size_t list = task * kListsPerTask; list < end; ++list) {
            read_collider_list(lists, list, kernel, particles);
            check_directions(particles, lists, list, kernel);
            if (draws.copy > 0) change(list, particles);
            check_results(particles, lists, list, kernel);
            const std::int64_t begin = lists.offsets[list];
            std::ranges::copy(particles.pt, result.pt.begin() + begin);
            std::ranges::copy(particles.eta, result.eta.begin() + begin);
            std::ranges::copy(particles.phi, result.phi.begin() + begin);
            std::ranges::copy(particles.mass, result.mass.begin() + begin);
        }
    });
    return result;
}

ColliderMomentum jet_axis(const MomentumView& jets, std::size_t j) {
    if (const auto problem = momentum_problem(jets, j)) {
        refuse("rotate_jets: jet ", j, " has ", *problem);
    }
    const ColliderMomentum axis = collider_momentum(jets, j);
    if (!(axis.pt > 0.0)) {
        refuse("rotate_jets: jet ", j, " has pt 0, so no axis to turn about");
    }
    return axis;
}

void turn_about(const ColliderMomentum& axis, double angle,
                ColliderColumns& particles) {
    const double cosine = std::cos(angle);
    const double sine = std::sin(angle);
    for (std::size_t i = 0; i < particles.pt.size(); ++i) {
        const double eta = particles.eta[i] - axis.eta;
        const double phi = wrapped_azimuth(particles.phi[i] - axis.phi);
        particles.eta[i] = axis.eta + (cosine * eta - sine * phi);
        particles.phi[i] = wrapped_azimuth(axis.phi + (sine * eta + cosine * phi));
    }
}

}  // namespace

Resolution resolution_from_name(std::string_view name) {
    if (name == "cms_hcal") return Resolution::kCmsHcal;
    if (name == "cms_hcal_literal") return Resolution::kCmsHcalLiteral;
    if (name == "atlas_hcal") return Resolution::kAtlasHcal;
    refuse("resolution must be cms_hcal, cms_hcal_literal or atlas_hcal, got '", name,
           "'");
}

double deviation(Resolution resolution, double pt_gev) {
    // constant^2 pt^2 + stochastic^2 pt + noise^2
    const auto [constant, stochastic, noise] = [resolution] {
        switch (resolution) {
            case Resolution::kCmsHcal:
                return std::array{0.050 * 0.050, 1.50 * 1.50, 0.0};
            case Resolution::kCmsHcalLiteral:
                return std::array{0.052, 1.502, 0.0};
            default:
                return std::array{0.0302 * 0.0302, 0.5205 * 0.5205, 1.59 * 1.59};
        }
    }();
    return std::sqrt(constant * (pt_gev * pt_gev) + stochastic * pt_gev + noise);
}

ColliderColumns rotate_events(const ParticleLists& events, const Draws& draws,
                              int threads) {
    return changed(events, draws, threads, "rotate_events",
                   [&](std::size_t list, ColliderColumns& particles) {
                       const double angle =
                           ListDraws(draws, list, Purpose::kEventRotation).angle();
                       for (double& phi : particles.phi)
                           phi = wrapped_azimuth(phi + angle);
                   });
}

ColliderColumns rotate_jets(const MomentumView& jets, const ParticleLists& constituents,
                            const Draws& draws, int threads) {
    check_columns(jets, "rotate_jets: jets");
    if (jets.size() + 1 != constituents.offsets.size()) {
        refuse("rotate_jets: needs one list of constituents a jet, got ",
               constituents.offsets.size(), " offsets and ", jets.size(), " jets");
    }
    return changed(constituents, draws, threads, "rotate_jets",
                   [&](std::size_t list, ColliderColumns& particles) {
                       const ListDraws random(draws, list, Purpose::kJetRotation);
                       turn_about(jet_axis(jets, list), random.angle(), particles);
                   });
}

ColliderColumns smear_directions(const ParticleLists& lists, const Draws& draws,
                                 double scale_gev, int threads) {
    if (!(scale_gev >= 0.0) || !std::isfinite(scale_gev)) {
        refuse("smear_directions: scale_gev must be >= 0 and finite, got ", scale_gev);
    }
    return changed(lists, draws, threads, "smear_directions",
                   [&](std::size_t list, ColliderColumns& particles) {
                       const ListDraws random(draws, list, Purpose::kDirections);
                       for (std::size_t i = 0; i < particles.pt.size(); ++i) {
                           if (particles.pt[i] == 0.0) continue;
                           const double sigma = scale_gev / particles.pt[i];
                           const auto [eta, phi] = random.gaussians(i);
                           particles.eta[i] += sigma * eta;
                           particles.phi[i] =
                               wrapped_azimuth(particles.phi[i] + sigma * phi);
                       }
                   });
}

ColliderColumns smear_pt(const ParticleLists& lists, const Draws& draws,
                         Resolution resolution, int threads) {
    return changed(lists, draws, threads, "smear_pt",
                   [&](std::size_t list, ColliderColumns& particles) {
                       const ListDraws random(draws, list, Purpose::kPt);
                       for (std::size_t i = 0; i < particles.pt.size(); ++i) {
                           const double pt = particles.pt[i];
                           particles.pt[i] +=
                               deviation(resolution, pt) * random.gaussians(i)[0];
                       }
                   });
}

}  // namespace oddjet
