#include "pseudo_jets.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <span>
#include <utility>

namespace oddjet {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kNobody = std::numeric_limits<std::size_t>::max();

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

constexpr std::size_t kBlock = 16;

// In four lanes, which become vector instructions.
double smallest_of_block(std::span<const double, kBlock> values) {
    std::array<double, 4> lanes = {kInfinity, kInfinity, kInfinity, kInfinity};
    for (std::size_t k = 0; k < kBlock; ++k) {
        lanes[k % 4] = values[k] < lanes[k % 4] ? values[k] : lanes[k % 4];
    }
    return std::min(std::min(lanes[0], lanes[1]), std::min(lanes[2], lanes[3]));
}

/// The place of the smallest value, of equal ones that with the lowest rank. The places
/// of all values are looked at only where another block has the same minimum.
std::size_t place_of_smallest(std::span<const double> values,
                              std::span<const std::size_t> ranks) {
    double smallest = kInfinity;
    std::size_t begin = 0;
    std::size_t end = values.size();
    for (std::size_t i = 0; i < values.size(); i += kBlock) {
        const std::size_t stop = std::min(i + kBlock, values.size());
        const double of_block =
            stop == i + kBlock
                ? smallest_of_block(values.subspan(i).first<kBlock>())
                : *std::min_element(values.begin() + static_cast<std::ptrdiff_t>(i),
                                    values.end());
        if (of_block < smallest) {
            smallest = of_block;
            begin = i;
            end = stop;
        } else if (of_block == smallest) {
            end = stop;
        }
    }
    std::size_t place = begin;
    for (std::size_t i = begin; i < end; ++i) {
        if (values[i] > smallest) continue;
        if (values[place] > smallest || ranks[i] < ranks[place]) place = i;
    }
    return place;
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
    : radius_squared_(options.radius * options.radius),
      power_(power_of(options)),
      recombination_(options.recombination),
      pruning_(options.pruning),
      num_nodes_(static_cast<std::int64_t>(particles.momenta.size())),
      alive_(particles.momenta.size()),
      // Wider than the radius by more than rapidities are rounded.
      strip_width_(std::max(1.001 * options.radius, kStripsLength / kMostStrips)),
      momentum_(alive_),
      rapidity_(alive_),
      azimuth_(alive_),
      scale_(alive_),
      separation_(alive_),
      distance_(alive_),
      neighbour_(alive_),
      first_(sort_into_strips(particles)),
      node_(first_.begin(), first_.end()),
      row_(alive_) {
    for (std::size_t slot = 0; slot < alive_; ++slot) {
        place(slot, particles.momenta[first_[slot]]);
        meet(slot, {window(slot).begin, slot});
    }
}

/// Fill strip_begin_ and give the particle of each slot: by strip, then by index.
std::vector<std::size_t> PseudoJets::sort_into_strips(const Particles& particles) {
    const double strips = std::ceil(kStripsLength / strip_width_);
    strip_begin_.assign(static_cast<std::size_t>(strips) + 1, 0);
    std::vector<std::size_t> strips_of_particles;
    strips_of_particles.reserve(alive_);
    for (const FourMomentum& p : particles.momenta) {
        strips_of_particles.push_back(strip_of(rapidity(p)));
        ++strip_begin_[strips_of_particles.back() + 1];
    }
    for (std::size_t s = 1; s < strip_begin_.size(); ++s) {
        strip_begin_[s] += strip_begin_[s - 1];
    }
    std::vector<std::size_t> next_slot = strip_begin_;
    std::vector<std::size_t> particle_of_slot(alive_);
    for (std::size_t i = 0; i < alive_; ++i) {
        particle_of_slot[next_slot[strips_of_particles[i]]++] = i;
    }
    return particle_of_slot;
}

std::size_t PseudoJets::strip_of(double rapidity) const {
    const double last = static_cast<double>(strip_begin_.size()) - 2.0;
    const double strip = (rapidity - kStripsBegin) / strip_width_;
    return static_cast<std::size_t>(std::clamp(strip, 0.0, last));
}

/// The slots among which all neighbours of a slot are.
PseudoJets::Window PseudoJets::window(std::size_t slot) const {
    const std::size_t strip = strip_of(rapidity_[slot]);
    const std::size_t after = std::min(strip + 2, strip_begin_.size() - 1);
    return {strip_begin_[strip == 0 ? 0 : strip - 1], strip_begin_[after]};
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

/// Set the nearest neighbour of a slot within the window, and leave dR^2 in row_.
void PseudoJets::find_neighbour(std::size_t slot, Window window) {
    const double its_rapidity = rapidity_[slot];
    const double its_azimuth = azimuth_[slot];
    for (std::size_t k = window.begin; k < window.end; ++k) {
        const double across = rapidity_[k] - its_rapidity;
        const double around = delta_phi(azimuth_[k], its_azimuth);
        row_[k] = across * across + around * around;
    }
    row_[slot] = kInfinity;
    const std::size_t size = window.end - window.begin;
    const std::size_t nearest =
        window.begin + place_of_smallest({row_.data() + window.begin, size},
                                         {first_.data() + window.begin, size});
    if (size > 0 && row_[nearest] < radius_squared_) {
        set_neighbour(slot, nearest, row_[nearest]);
    } else {
        set_neighbour(slot, kNobody, radius_squared_);
    }
}

/// Make a new or changed pseudo-jet and those of the window known to each other.
void PseudoJets::meet(std::size_t slot, Window window) {
    find_neighbour(slot, window);
    for (std::size_t k = window.begin; k < window.end; ++k) {
        if (row_[k] > separation_[k]) continue;
        const bool nearer = row_[k] < separation_[k];
        const bool earlier =
            neighbour_[k] != kNobody && first_[slot] < first_[neighbour_[k]];
        if (nearer || earlier) set_neighbour(k, slot, row_[k]);
    }
}

/// Remember whose nearest neighbour is one of the two, which are about to change.
void PseudoJets::collect_orphans(std::size_t first, std::size_t second, Window window) {
    orphans_.clear();
    for (std::size_t k = window.begin; k < window.end; ++k) {
        if (neighbour_[k] == first || neighbour_[k] == second) orphans_.push_back(k);
    }
}

void PseudoJets::adopt_orphans() {
    for (const std::size_t orphan : orphans_) find_neighbour(orphan, window(orphan));
}

void PseudoJets::finish(std::size_t slot) {
    const Window around = window(slot);
    kill(slot);
    collect_orphans(slot, slot, around);
    adopt_orphans();
}

void PseudoJets::merge(std::size_t slot, std::size_t partner) {
    const bool in_order = first_[slot] < first_[partner];
    const std::size_t earlier = in_order ? slot : partner;
    merged_ = sum(momentum_[earlier], momentum_[in_order ? partner : slot]);
    const std::size_t strip = strip_of(rapidity(merged_));
    const bool stays = strip == strip_of(rapidity_[slot]);
    // Outside of both strips there is only the rounding of a space-like momentum.
    if (!stays && strip != strip_of(rapidity_[partner])) use_one_strip();
    const std::size_t kept = stays ? slot : partner;
    const std::size_t gone = stays ? partner : slot;
    first_[kept] = first_[earlier];
    node_[kept] = num_nodes_++;

    const Window one = window(kept);
    const Window other = window(gone);
    kill(gone);
    neighbour_[kept] = kNobody;
    collect_orphans(kept, gone,
                    {std::min(one.begin, other.begin), std::max(one.end, other.end)});
    place(kept, merged_);
    meet(kept, window(kept));
    adopt_orphans();
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
    const std::size_t slot = place_of_smallest(distance_, first_);
    const std::size_t partner = neighbour_[slot];
    // Stored distances are times R^2.
    ClusteringStep step{node_[slot], kBeam, distance_[slot] / radius_squared_};
    if (partner == kNobody) {
        finish(slot);
    } else {
        step.second = node_[partner];
        if (first_[partner] < first_[slot]) std::swap(step.first, step.second);
        merge(slot, partner);
    }
    if (4 * alive_ < 3 * distance_.size()) compact();
    return step;
}

void PseudoJets::use_one_strip() {
    strip_width_ = kInfinity;
    strip_begin_ = {0, distance_.size()};
}

void PseudoJets::compact() {
    std::vector<std::size_t> new_slot(distance_.size() + 1, 0);
    std::size_t size = 0;
    for (std::size_t k = 0; k < distance_.size(); ++k) {
        new_slot[k] = size;
        if (distance_[k] == kInfinity) continue;
        momentum_[size] = momentum_[k];
        rapidity_[size] = rapidity_[k];
        azimuth_[size] = azimuth_[k];
        scale_[size] = scale_[k];
        separation_[size] = separation_[k];
        distance_[size] = distance_[k];
        neighbour_[size] = neighbour_[k];
        first_[size] = first_[k];
        node_[size] = node_[k];
        ++size;
    }
    new_slot.back() = size;
    distance_.resize(size);
    first_.resize(size);
    for (std::size_t k = 0; k < size; ++k) {
        if (neighbour_[k] != kNobody) neighbour_[k] = new_slot[neighbour_[k]];
    }
    for (std::size_t& begin : strip_begin_) begin = new_slot[begin];
}

}  // namespace oddjet
