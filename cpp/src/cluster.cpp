#include "oddjet/cluster.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <optional>
#include <utility>

#include "message.hpp"
#include "oddjet/parallel.hpp"

namespace oddjet {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kNobody = std::numeric_limits<std::size_t>::max();

// pt^2p, kept away from zero and infinity so that distances remain ordered numbers.
double transverse_scale(double pt_squared, double power) {
    if (power == 0.0) return 1.0;
    if (power == 1.0) return pt_squared;
    if (power == -1.0) return pt_squared > 1e-300 ? 1.0 / pt_squared : 1e300;
    return std::min(std::pow(std::max(pt_squared, 1e-300), power), 1e300);
}

// In [0, 2 pi), as in FastJet. Cells of a calorimeter are often equally far apart, and
// then the rounding of their azimuths decides: it has to be the same.
double azimuth_from_zero(const FourMomentum& p) {
    const double phi = azimuth(p);
    return phi < 0.0 ? phi + 2.0 * std::numbers::pi : phi;
}

double power_of(const ClusterOptions& options) {
    switch (options.algorithm) {
        case Algorithm::kAntiKt:
            return -1.0;
        case Algorithm::kKt:
            return 1.0;
        case Algorithm::kCambridgeAachen:
            return 0.0;
        case Algorithm::kGeneralisedKt:
            break;
    }
    return options.power;
}

/// The place of the smallest value, the first of equal ones. Minima of whole blocks are
/// vector instructions; the place is then looked for in one block only.
std::size_t place_of_smallest(std::span<const double> values) {
    constexpr std::size_t block = 16;
    double smallest = kInfinity;
    std::size_t begin = 0;
    std::size_t i = 0;
    for (; i + block <= values.size(); i += block) {
        std::array<double, 4> lanes = {kInfinity, kInfinity, kInfinity, kInfinity};
        for (std::size_t k = 0; k < block; ++k) {
            const double value = values[i + k];
            lanes[k % 4] = value < lanes[k % 4] ? value : lanes[k % 4];
        }
        const double of_block =
            std::min(std::min(lanes[0], lanes[1]), std::min(lanes[2], lanes[3]));
        if (of_block < smallest) {
            smallest = of_block;
            begin = i;
        }
    }
    for (; i < values.size(); ++i) {
        if (values[i] < smallest) {
            smallest = values[i];
            begin = i;
        }
    }
    while (begin + 1 < values.size() && values[begin] != smallest) ++begin;
    return begin;
}

/// The pseudo-jets that are left, in the order of their earliest particle, each with
/// its nearest neighbour within the radius. The smallest d_ij is always that of such a
/// pair (Cacciari, Salam, hep-ph/0512210), so n neighbours stand for n^2 distances. A
/// merged or finished pseudo-jet leaves a dead slot, infinitely far from all others,
/// which keeps the order until `compact` closes the gaps.
class PseudoJets {
  public:
    PseudoJets(const Particles& particles, const ClusterOptions& options);

    [[nodiscard]] std::size_t alive() const { return alive_; }

    /// Merge the closest pair, or give the jet that is closer to the beam.
    [[nodiscard]] std::optional<Jet> step();

  private:
    void place(std::size_t slot, const FourMomentum& momentum);
    void kill(std::size_t slot);
    [[nodiscard]] Jet finish(std::size_t slot);
    void merge(std::size_t kept, std::size_t gone);
    void meet(std::size_t slot, std::size_t end);
    void find_neighbour(std::size_t slot, std::size_t end);
    void set_neighbour(std::size_t slot, std::size_t neighbour, double separation);
    void collect_orphans(std::size_t first, std::size_t second);
    void adopt_orphans();
    void compact();
    [[nodiscard]] std::vector<std::int64_t> constituents(std::size_t slot) const;

    double power_;
    double radius_squared_;
    std::size_t alive_;
    // One entry a slot. Distances are times R^2, separations are dR^2.
    std::vector<FourMomentum> momentum_;
    std::vector<double> rapidity_, azimuth_, scale_, separation_, distance_;
    std::vector<std::size_t> neighbour_;
    std::vector<std::size_t> first_, last_;  // its chain of particles
    std::vector<std::size_t> next_;          // the chains, one entry a particle
    // Scratch space.
    std::vector<double> row_;
    std::vector<std::size_t> orphans_;
};

PseudoJets::PseudoJets(const Particles& particles, const ClusterOptions& options)
    : power_(power_of(options)),
      radius_squared_(options.radius * options.radius),
      alive_(particles.momenta.size()),
      momentum_(alive_),
      rapidity_(alive_),
      azimuth_(alive_),
      scale_(alive_),
      separation_(alive_),
      distance_(alive_),
      neighbour_(alive_),
      first_(alive_),
      last_(alive_),
      next_(alive_, kNobody),
      row_(alive_) {
    std::iota(first_.begin(), first_.end(), std::size_t{0});
    last_ = first_;
    for (std::size_t slot = 0; slot < alive_; ++slot) {
        place(slot, particles.momenta[slot]);
        meet(slot, slot);
    }
}

void PseudoJets::place(std::size_t slot, const FourMomentum& momentum) {
    momentum_[slot] = momentum;
    rapidity_[slot] = rapidity(momentum);
    azimuth_[slot] = azimuth_from_zero(momentum);
    scale_[slot] = transverse_scale(pt_squared(momentum), power_);
}

void PseudoJets::kill(std::size_t slot) {
    rapidity_[slot] = kInfinity;
    distance_[slot] = kInfinity;
    neighbour_[slot] = kNobody;
    --alive_;
}

void PseudoJets::set_neighbour(std::size_t slot, std::size_t neighbour,
                               double separation) {
    const bool alone = neighbour == kNobody;
    neighbour_[slot] = neighbour;
    separation_[slot] = separation;
    distance_[slot] =
        separation * (alone ? scale_[slot] : std::min(scale_[slot], scale_[neighbour]));
}

/// The nearest neighbour of `slot` among the slots before `end`; leaves dR^2 in row_.
void PseudoJets::find_neighbour(std::size_t slot, std::size_t end) {
    const double its_rapidity = rapidity_[slot];
    const double its_azimuth = azimuth_[slot];
    for (std::size_t k = 0; k < end; ++k) {
        const double across = rapidity_[k] - its_rapidity;
        const double around = delta_phi(azimuth_[k], its_azimuth);
        row_[k] = across * across + around * around;
    }
    if (slot < end) row_[slot] = kInfinity;
    const std::size_t nearest = place_of_smallest({row_.data(), end});
    if (nearest < end && row_[nearest] < radius_squared_) {
        set_neighbour(slot, nearest, row_[nearest]);
    } else {
        set_neighbour(slot, kNobody, radius_squared_);
    }
}

/// Make a new or changed pseudo-jet and the slots before `end` known to each other.
void PseudoJets::meet(std::size_t slot, std::size_t end) {
    find_neighbour(slot, end);
    for (std::size_t k = 0; k < end; ++k) {
        if (row_[k] > separation_[k]) continue;
        const bool nearer = row_[k] < separation_[k];
        const bool earlier = neighbour_[k] != kNobody && slot < neighbour_[k];
        if (nearer || earlier) set_neighbour(k, slot, row_[k]);
    }
}

/// Remember whose nearest neighbour is one of the two, which are about to change.
void PseudoJets::collect_orphans(std::size_t first, std::size_t second) {
    orphans_.clear();
    for (std::size_t k = 0; k < neighbour_.size(); ++k) {
        if (neighbour_[k] == first || neighbour_[k] == second) orphans_.push_back(k);
    }
}

void PseudoJets::adopt_orphans() {
    for (const std::size_t orphan : orphans_) find_neighbour(orphan, neighbour_.size());
}

Jet PseudoJets::finish(std::size_t slot) {
    kill(slot);
    collect_orphans(slot, slot);
    adopt_orphans();
    return {momentum_[slot], constituents(slot)};
}

void PseudoJets::merge(std::size_t kept, std::size_t gone) {
    next_[last_[kept]] = first_[gone];
    last_[kept] = last_[gone];
    kill(gone);
    neighbour_[kept] = kNobody;
    collect_orphans(kept, gone);
    place(kept, momentum_[kept] + momentum_[gone]);
    meet(kept, neighbour_.size());
    adopt_orphans();
}

std::optional<Jet> PseudoJets::step() {
    const std::size_t slot = place_of_smallest(distance_);
    const std::size_t partner = neighbour_[slot];
    std::optional<Jet> jet;
    if (partner == kNobody) {
        jet = finish(slot);
    } else {
        merge(std::min(slot, partner), std::max(slot, partner));
    }
    if (4 * alive_ < 3 * neighbour_.size()) compact();
    return jet;
}

std::vector<std::int64_t> PseudoJets::constituents(std::size_t slot) const {
    std::vector<std::int64_t> found;
    for (std::size_t i = first_[slot]; i != kNobody; i = next_[i]) {
        found.push_back(static_cast<std::int64_t>(i));
    }
    return found;
}

void PseudoJets::compact() {
    std::vector<std::size_t> new_slot(neighbour_.size(), kNobody);
    std::size_t size = 0;
    for (std::size_t k = 0; k < neighbour_.size(); ++k) {
        if (distance_[k] == kInfinity) continue;
        new_slot[k] = size;
        momentum_[size] = momentum_[k];
        rapidity_[size] = rapidity_[k];
        azimuth_[size] = azimuth_[k];
        scale_[size] = scale_[k];
        separation_[size] = separation_[k];
        distance_[size] = distance_[k];
        neighbour_[size] = neighbour_[k];
        first_[size] = first_[k];
        last_[size] = last_[k];
        ++size;
    }
    distance_.resize(size);
    neighbour_.resize(size);
    for (std::size_t& neighbour : neighbour_) {
        if (neighbour != kNobody) neighbour = new_slot[neighbour];
    }
}

Jets flat_columns(const std::vector<std::vector<Jet>>& events) {
    Jets flat;
    flat.event_offsets.push_back(0);
    flat.constituent_offsets.push_back(0);
    for (const std::vector<Jet>& jets : events) {
        for (const Jet& jet : jets) {
            const ColliderMomentum p = collider_momentum(jet.momentum);
            flat.pt.push_back(p.pt);
            flat.eta.push_back(p.eta);
            flat.phi.push_back(p.phi);
            flat.mass.push_back(p.mass);
            flat.constituent_index.insert(flat.constituent_index.end(),
                                          jet.constituents.begin(),
                                          jet.constituents.end());
            flat.constituent_offsets.push_back(
                static_cast<std::int64_t>(flat.constituent_index.size()));
        }
        flat.event_offsets.push_back(static_cast<std::int64_t>(flat.pt.size()));
    }
    return flat;
}

}  // namespace

Algorithm algorithm_from_name(std::string_view name) {
    if (name == "antikt") return Algorithm::kAntiKt;
    if (name == "kt") return Algorithm::kKt;
    if (name == "cambridge_aachen" || name == "ca") return Algorithm::kCambridgeAachen;
    if (name == "genkt") return Algorithm::kGeneralisedKt;
    refuse(
        "cluster: algorithm must be antikt, kt, cambridge_aachen (or ca) or genkt, got "
        "'",
        name, "'");
}

void check_options(const ClusterOptions& options) {
    // Beyond 1000 all particles merge anyway, and squares would overflow.
    if (!(options.radius > 0.0 && options.radius <= 1000.0)) {
        refuse("cluster: radius must be > 0 and <= 1000, got ", options.radius);
    }
    if (!(options.pt_min_gev >= 0.0 && std::isfinite(options.pt_min_gev))) {
        refuse("cluster: pt_min_gev must be >= 0 and finite, got ", options.pt_min_gev);
    }
    if (!std::isfinite(options.power)) {
        refuse("cluster: power must be finite, got ", options.power);
    }
}

std::vector<Jet> cluster_event(const Particles& particles,
                               const ClusterOptions& options) {
    const double pt_min_squared = options.pt_min_gev * options.pt_min_gev;
    PseudoJets pseudo_jets(particles, options);
    std::vector<Jet> jets;
    while (pseudo_jets.alive() > 0) {
        std::optional<Jet> jet = pseudo_jets.step();
        if (jet && pt_squared(jet->momentum) >= pt_min_squared) {
            jets.push_back(*std::move(jet));
        }
    }
    // A jet's constituents still start with its earliest, which decides between equals.
    std::ranges::sort(jets, [](const Jet& a, const Jet& b) {
        const double pt_a = pt_squared(a.momentum);
        const double pt_b = pt_squared(b.momentum);
        return pt_a > pt_b || (pt_a == pt_b && a.constituents[0] < b.constituents[0]);
    });
    for (Jet& jet : jets) sort_hardest_first(jet.constituents, particles.pt);
    return jets;
}

Jets cluster(const ParticleLists& events, const ClusterOptions& options, int threads) {
    check_options(options);
    check_lists(events, "cluster");
    check_threads(threads, "cluster");
    std::vector<std::vector<Jet>> jets(events.size());
    for_each_index(events.size(), threads, [&](std::size_t event) {
        jets[event] = cluster_event(read_list(events, event, "cluster"), options);
    });
    return flat_columns(jets);
}

}  // namespace oddjet
