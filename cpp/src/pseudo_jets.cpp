#include "pseudo_jets.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace oddjet {
namespace {

// Strips cover the rapidities that detectors see; the outermost are open.
constexpr double kStripsBegin = -8.0;
constexpr double kStripsLength = 16.0;
constexpr double kMostStrips = 64.0;

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

FourMomentum winner_takes_all(const FourMomentum& earlier, const FourMomentum& later) {
    const bool earlier_wins = pt_squared(earlier) >= pt_squared(later);
    const FourMomentum& winner = earlier_wins ? earlier : later;
    const double winner_pt = std::sqrt(pt_squared(winner));
    if (winner_pt == 0.0) return earlier + later;  // neither has a direction
    const double pt = winner_pt + std::sqrt(pt_squared(earlier_wins ? later : earlier));
    const double mass_squared =
        (winner.energy + winner.pz) * (winner.energy - winner.pz) - pt_squared(winner);
    const double transverse_mass = std::sqrt(pt * pt + std::max(0.0, mass_squared));
    const double its_rapidity = rapidity(winner);
    return {winner.px * (pt / winner_pt), winner.py * (pt / winner_pt),
            transverse_mass * std::sinh(its_rapidity),
            transverse_mass * std::cosh(its_rapidity)};
}

}  // namespace

PseudoJets::PseudoJets(const Particles& particles, const ClusterOptions& options)
    : path_(nearest_path()),
      radius_squared_(options.radius * options.radius),
      power_(power_of(options)),
      recombination_(options.recombination),
      pruning_(options.pruning),
      num_nodes_(static_cast<std::int64_t>(particles.momenta.size())),
      alive_(particles.momenta.size()),
      num_slots_(alive_),
      // Wider than the radius by more than rapidities are rounded.
      strip_width_(std::max(1.001 * options.radius, kStripsLength / kMostStrips)),
      momentum_(alive_),
      scale_(alive_),
      strip_(alive_) {
    const std::size_t size = whole_lanes(alive_);
    slots_.rapidity.assign(size, kFar);
    slots_.azimuth.assign(size, 0.0);
    slots_.separation.assign(size, 0.0);
    slots_.distance.assign(size, kFar);
    slots_.smallest_of_block.assign(whole_lanes(size / kLanes), kFar);
    slots_.neighbour.assign(size, kNobody);
    slots_.rank.assign(size, 0);
    slots_.row.resize(size);
    concerned_.slots.resize(size);
    concerned_.separations.resize(size);
    const std::vector<std::size_t> first = sort_into_strips(particles);
    node_.assign(first.begin(), first.end());
    for (std::size_t slot = 0; slot < alive_; ++slot) {
        slots_.rank[slot] = static_cast<std::int32_t>(first[slot]);
        const FourMomentum& momentum = particles.momenta[first[slot]];
        place(slot, momentum, slots_.rapidity[slot]);
    }
    for (std::size_t slot = 0; slot < alive_; ++slot) find_neighbour(slot);
}

/// Fill the strips and the rapidities, and give the particle of each slot: by strip,
/// then by index.
std::vector<std::size_t> PseudoJets::sort_into_strips(const Particles& particles) {
    const double strips = std::ceil(kStripsLength / strip_width_);
    strip_begin_.assign(static_cast<std::size_t>(strips) + 1, 0);
    std::vector<double> rapidities(alive_);
    std::vector<std::size_t> strips_of_particles(alive_);
    for (std::size_t i = 0; i < alive_; ++i) {
        rapidities[i] = rapidity(particles.momenta[i]);
        strips_of_particles[i] = strip_of(rapidities[i]);
        ++strip_begin_[strips_of_particles[i] + 1];
    }
    for (std::size_t s = 1; s < strip_begin_.size(); ++s) {
        strip_begin_[s] += strip_begin_[s - 1];
    }
    std::vector<std::size_t> next_slot = strip_begin_;
    std::vector<std::size_t> particle_of_slot(alive_);
    for (std::size_t i = 0; i < alive_; ++i) {
        const std::size_t slot = next_slot[strips_of_particles[i]]++;
        particle_of_slot[slot] = i;
        slots_.rapidity[slot] = rapidities[i];
        strip_[slot] = static_cast<std::int32_t>(strips_of_particles[i]);
    }
    return particle_of_slot;
}

std::size_t PseudoJets::strip_of(double rapidity) const {
    const double last = static_cast<double>(strip_begin_.size()) - 2.0;
    const double strip = (rapidity - kStripsBegin) / strip_width_;
    return static_cast<std::size_t>(std::clamp(strip, 0.0, last));
}

/// The slots among which all neighbours of a slot are, and the rest of their blocks.
Window PseudoJets::window(std::size_t slot) const {
    const auto strip = static_cast<std::size_t>(strip_[slot]);
    const std::size_t after = std::min(strip + 2, strip_begin_.size() - 1);
    const std::size_t begin = strip_begin_[strip == 0 ? 0 : strip - 1];
    return {begin / kLanes * kLanes, whole_lanes(strip_begin_[after])};
}

void PseudoJets::place(std::size_t slot, const FourMomentum& momentum,
                       double its_rapidity) {
    momentum_[slot] = momentum;
    slots_.rapidity[slot] = its_rapidity;
    slots_.azimuth[slot] = azimuth_from_zero(momentum);
    scale_[slot] = transverse_scale(pt_squared(momentum), power_);
}

void PseudoJets::kill(std::size_t slot) {
    slots_.rapidity[slot] = kFar;
    set_distance(slot, kFar);
    slots_.neighbour[slot] = kNobody;
    --alive_;
}

void PseudoJets::set_neighbour(std::size_t slot, std::int32_t neighbour,
                               double separation) {
    double scale = scale_[slot];
    if (neighbour != kNobody) {
        scale = std::min(scale, scale_[static_cast<std::size_t>(neighbour)]);
    }
    slots_.neighbour[slot] = neighbour;
    slots_.separation[slot] = separation;
    set_distance(slot, separation * scale);
}

void PseudoJets::set_distance(std::size_t slot, double distance) {
    const double before = std::exchange(slots_.distance[slot], distance);
    double& smallest = slots_.smallest_of_block[slot / kLanes];
    if (distance <= smallest) {
        smallest = distance;
    } else if (before == smallest) {
        smallest = smallest_in_block(slot / kLanes);
    }
}

double PseudoJets::smallest_in_block(std::size_t block) const {
    const double* const distances = slots_.distance.data() + block * kLanes;
    return *std::min_element(distances, distances + kLanes);
}

void PseudoJets::find_neighbour(std::size_t slot) {
    const Smallest nearest = path_.nearest(slots_, slot, window(slot), radius_squared_);
    set_neighbour(slot, nearest.slot, nearest.value);
}

/// Make a pseudo-jet that changed, and the rest, known to each other: those who lost
/// `gone` or what the slot held before look for a neighbour, and the new one becomes
/// that of others. Returns the nearest of the slot itself.
Smallest PseudoJets::meet(std::size_t slot, std::size_t gone) {
    const Window one = window(slot);
    const Window other = window(gone);
    const auto itself = static_cast<std::int32_t>(slot);
    const auto lost = static_cast<std::int32_t>(gone);
    const Window both{std::min(one.begin, other.begin), std::max(one.end, other.end)};
    const Smallest nearest =
        path_.meet(slots_, slot, lost, both, radius_squared_, concerned_);
    for (std::size_t i = 0; i < concerned_.count; ++i) {
        const auto k = static_cast<std::size_t>(concerned_.slots[i]);
        const double separation = concerned_.separations[i];
        const std::int32_t neighbour = slots_.neighbour[k];
        // Nearer than the nearest so far, whoever that was.
        if (separation < slots_.separation[k]) {
            set_neighbour(k, itself, separation);
        } else if (neighbour == itself || neighbour == lost) {
            find_neighbour(k);
        } else if (neighbour != kNobody &&
                   slots_.rank[slot] <
                       slots_.rank[static_cast<std::size_t>(neighbour)]) {
            set_neighbour(k, itself, separation);
        }
    }
    return nearest;
}

void PseudoJets::finish(std::size_t slot) {
    kill(slot);
    (void)meet(slot, slot);  // from infinitely far away: only who lost it is concerned
}

void PseudoJets::merge(std::size_t slot, std::size_t partner) {
    const bool in_order = slots_.rank[slot] < slots_.rank[partner];
    const std::size_t earlier = in_order ? slot : partner;
    merged_ = sum(momentum_[earlier], momentum_[in_order ? partner : slot]);
    const double its_rapidity = rapidity(merged_);
    const auto strip = static_cast<std::int32_t>(strip_of(its_rapidity));
    const bool stays = strip == strip_[slot];
    // Outside of both strips there is only the rounding of a space-like momentum.
    if (!stays && strip != strip_[partner]) use_one_strip();
    const std::size_t kept = stays ? slot : partner;
    const std::size_t gone = stays ? partner : slot;
    slots_.rank[kept] = slots_.rank[earlier];
    node_[kept] = num_nodes_++;
    kill(gone);
    place(kept, merged_, its_rapidity);
    slots_.neighbour[kept] = kNobody;
    const Smallest nearest = meet(kept, gone);
    set_neighbour(kept, nearest.slot, nearest.value);
}

FourMomentum PseudoJets::sum(const FourMomentum& earlier,
                             const FourMomentum& later) const {
    if (pruning_ && pruning_->refuses(earlier, later)) {
        return pt_squared(earlier) >= pt_squared(later) ? earlier : later;
    }
    return recombination_ == Recombination::kEScheme ? earlier + later
                                                     : winner_takes_all(earlier, later);
}

ClusteringStep PseudoJets::step() {
    const Smallest closest = path_.closest(slots_);
    const auto slot = static_cast<std::size_t>(closest.slot);
    const std::int32_t neighbour = slots_.neighbour[slot];
    // Stored distances are times R^2.
    ClusteringStep step{node_[slot], kBeam, closest.value / radius_squared_};
    if (neighbour == kNobody) {
        finish(slot);
    } else {
        const auto partner = static_cast<std::size_t>(neighbour);
        step.second = node_[partner];
        if (slots_.rank[partner] < slots_.rank[slot])
            std::swap(step.first, step.second);
        merge(slot, partner);
    }
    if (4 * alive_ < 3 * num_slots_) compact();
    return step;
}

void PseudoJets::use_one_strip() {
    strip_width_ = kFar;
    strip_begin_ = {0, num_slots_};
    std::ranges::fill(strip_, 0);
}

void PseudoJets::move(std::size_t from, std::size_t to) {
    slots_.rapidity[to] = slots_.rapidity[from];
    slots_.azimuth[to] = slots_.azimuth[from];
    slots_.separation[to] = slots_.separation[from];
    slots_.distance[to] = slots_.distance[from];
    slots_.neighbour[to] = slots_.neighbour[from];
    slots_.rank[to] = slots_.rank[from];
    momentum_[to] = momentum_[from];
    scale_[to] = scale_[from];
    strip_[to] = strip_[from];
    node_[to] = node_[from];
}

void PseudoJets::compact() {
    std::vector<std::size_t> new_slot(num_slots_ + 1);
    std::size_t size = 0;
    for (std::size_t k = 0; k < num_slots_; ++k) {
        new_slot[k] = size;
        if (slots_.distance[k] == kFar) continue;
        move(k, size++);
    }
    new_slot.back() = size;
    num_slots_ = size;
    for (std::size_t k = 0; k < size; ++k) {
        std::int32_t& neighbour = slots_.neighbour[k];
        if (neighbour == kNobody) continue;
        neighbour =
            static_cast<std::int32_t>(new_slot[static_cast<std::size_t>(neighbour)]);
    }
    for (std::size_t& begin : strip_begin_) begin = new_slot[begin];
    // Only the last block has slots to fill: blocks beyond are not looked at again.
    slots_.distance.resize(whole_lanes(size));
    for (std::size_t k = size; k < slots_.distance.size(); ++k) {
        slots_.rapidity[k] = kFar;
        slots_.distance[k] = kFar;
        slots_.neighbour[k] = kNobody;
    }
    const std::size_t blocks = slots_.distance.size() / kLanes;
    slots_.smallest_of_block.assign(whole_lanes(blocks), kFar);
    for (std::size_t block = 0; block < blocks; ++block) {
        slots_.smallest_of_block[block] = smallest_in_block(block);
    }
}

}  // namespace oddjet
