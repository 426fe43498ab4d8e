#include "collider_particles.hpp"

#include <array>
#include <cmath>
#include <limits>

#include "message.hpp"

namespace oddjet {
namespace {

// Such a momentum has no problem, which is seen without its Cartesian components: at
// |eta| < 10 they are below 1e105 GeV, and a mass >= 0 keeps |p| below the energy. What
// is not plain is looked at closely.
bool is_plain(double pt, double eta, double phi, double mass) {
    constexpr double largest = std::numeric_limits<double>::max();
    const bool is_plain_transverse = (pt >= 0.0) & (pt < 1e100);
    const bool is_plain_direction =
        (std::fabs(eta) < 10.0) & (std::fabs(phi) <= largest);
    return is_plain_transverse & is_plain_direction & (mass >= 0.0) & (mass < 1e100);
}

bool all_plain(const ColliderColumns& particles) {
    for (std::size_t i = 0; i < particles.pt.size(); ++i) {
        if (!is_plain(particles.pt[i], particles.eta[i], particles.phi[i],
                      particles.mass[i])) {
            return false;
        }
    }
    return true;
}

void convert(ColliderColumns& particles) {
    for (std::size_t i = 0; i < particles.pt.size(); ++i) {
        const ColliderMomentum p = collider_momentum(FourMomentum{
            particles.pt[i], particles.eta[i], particles.phi[i], particles.mass[i]});
        particles.pt[i] = p.pt;
        particles.eta[i] = p.eta;
        particles.phi[i] = p.phi;
        particles.mass[i] = p.mass;
    }
}

}  // namespace

ColliderMomentum collider_momentum(const MomentumView& view, std::size_t i) {
    if (view.coordinates == Coordinates::kPxPyPzEnergy) {
        return collider_momentum(view.momentum(i));
    }
    return {view.columns[0][i], view.columns[1][i], view.columns[2][i],
            view.columns[3][i]};
}

std::optional<std::string> momentum_problem(const MomentumView& view, std::size_t i) {
    if (view.coordinates == Coordinates::kPtEtaPhiMass &&
        is_plain(view.columns[0][i], view.columns[1][i], view.columns[2][i],
                 view.columns[3][i])) {
        return std::nullopt;
    }
    return momentum_problem(view, i, view.momentum(i));
}

void read_collider_list(const ParticleLists& lists, std::size_t list,
                        std::string_view kernel, ColliderColumns& particles) {
    const MomentumView& view = lists.particles;
    const auto begin = static_cast<std::size_t>(lists.offsets[list]);
    const auto end = static_cast<std::size_t>(lists.offsets[list + 1]);
    const std::array columns = {&particles.pt, &particles.eta, &particles.phi,
                                &particles.mass};
    for (std::size_t c = 0; c < columns.size(); ++c) {
        columns[c]->resize(end - begin);
        view.columns[c].read(begin, *columns[c]);
    }
    const bool cartesian = view.coordinates == Coordinates::kPxPyPzEnergy;
    if (!cartesian && all_plain(particles)) return;
    for (std::size_t i = begin; i < end; ++i) {
        if (const auto problem = momentum_problem(view, i)) {
            refuse(kernel, ": ", lists.particle_name, " ", i - begin, " of ",
                   lists.list_name, " ", list, " has ", *problem);
        }
    }
    if (cartesian) convert(particles);
}

}  // namespace oddjet
