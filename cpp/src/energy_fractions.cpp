#include "oddjet/energy_fractions.hpp"

#include <array>
#include <numeric>

#include "message.hpp"
#include "oddjet/parallel.hpp"

namespace oddjet {
namespace {

enum Kind : std::size_t { kElectron, kMuon, kPhoton, kHadron, kKinds };

Kind kind_of(std::int64_t pdg_id) {
    switch (pdg_id) {
        case 11:
        case -11:
            return kElectron;
        case 13:
        case -13:
            return kMuon;
        case 22:
        case -22:
            return kPhoton;
        default:
            return kHadron;
    }
}

}  // namespace

std::vector<double> energy_fractions(const ParticleLists& jets,
                                     std::span<const std::int64_t> pdg_id,
                                     int threads) {
    check_lists(jets, "energy_fractions");
    check_threads(threads, "energy_fractions");
    if (pdg_id.size() != jets.particles.size()) {
        refuse("energy_fractions: needs one pdg_id a particle, got ", pdg_id.size(),
               " for ", jets.particles.size());
    }
    std::vector<double> fractions(jets.size() * kKinds);
    for_each_index(jets.size(), threads, [&](std::size_t jet) {
        const Particles particles = read_list(jets, jet, "energy_fractions");
        const auto first = static_cast<std::size_t>(jets.offsets[jet]);
        std::array<double, kKinds> energies{};
        for (std::size_t i = 0; i < particles.momenta.size(); ++i) {
            energies[kind_of(pdg_id[first + i])] += particles.momenta[i].energy;
        }
        const double sum = std::accumulate(energies.begin(), energies.end(), 0.0);
        if (!(sum > 0.0)) return;
        for (std::size_t kind = 0; kind < kKinds; ++kind) {
            fractions[jet * kKinds + kind] = energies[kind] / sum;
        }
    });
    return fractions;
}

}  // namespace oddjet
