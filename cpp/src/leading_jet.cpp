#include "oddjet/leading_jet.hpp"

#include <algorithm>
#include <cmath>

#include "pseudo_jets.hpp"

namespace oddjet {
namespace {

// No merging makes more pt than its members have together, but for rounding: of sums of
// a million terms that is 1e-10 of them at most.
constexpr double kRounding = 1e-9;

constexpr std::int64_t kParticle = -1;

// Particles to make room with: up to this |eta|, and so many times around the beam.
constexpr double kSpread = 5.0;
constexpr double kTurns = 61.8;

}  // namespace

LeadingJet::LeadingJet(const ClusterOptions& options) : options_(options) {
    check_options(options);
    pseudo_jets_ = std::make_unique<PseudoJets>(options);
}

LeadingJet::LeadingJet(LeadingJet&&) noexcept = default;
LeadingJet& LeadingJet::operator=(LeadingJet&&) noexcept = default;
LeadingJet::~LeadingJet() = default;

void LeadingJet::reserve(std::size_t particles) {
    // By clustering somewhat more than that, evenly spread: so no part is forgotten.
    const std::size_t size = particles + particles / 4;
    Particles spread;
    for (std::size_t i = 0; i < size; ++i) {
        const double place = static_cast<double>(i) / static_cast<double>(size);
        const double azimuth = std::remainder(place * kTurns, 1.0) * 2.0 * 3.14;
        spread.momenta.push_back(
            four_momentum({1.0, kSpread * (2.0 * place - 1.0), azimuth, 0.0}));
        spread.pt.push_back(1.0);
    }
    start_nodes(spread);
    pseudo_jets_->start(spread);
    while (pseudo_jets_->alive() > 0) (void)pseudo_jets_->step();
    pending_.reserve(size);
    found_.reserve(size);
}

bool LeadingJet::find(const Particles& particles) {
    start_nodes(particles);
    double total = 0.0;
    for (const Node& node : nodes_) total += node.scalar_pt;
    double left = total + kRounding * total;
    jet_ = -1;
    pseudo_jets_->start(particles);
    while (pseudo_jets_->alive() > 0) {
        const ClusteringStep step = pseudo_jets_->step();
        const Node first = nodes_[static_cast<std::size_t>(step.first)];
        if (step.second != kBeam) {
            const Node& second = nodes_[static_cast<std::size_t>(step.second)];
            nodes_.push_back(
                {pseudo_jets_->merged(), first.scalar_pt + second.scalar_pt,
                 std::min(first.earliest, second.earliest), step.first, step.second});
            continue;
        }
        left -= first.scalar_pt;
        const double squared = pt_squared(first.momentum);
        if (squared < options_.pt_min_gev * options_.pt_min_gev) continue;
        if (is_harder(step.first, jet_)) jet_ = step.first;
        const double hardest =
            pt_squared(nodes_[static_cast<std::size_t>(jet_)].momentum);
        if (left < std::sqrt(hardest)) break;
    }
    if (jet_ < 0) return false;
    momentum_ = nodes_[static_cast<std::size_t>(jet_)].momentum;
    return true;
}

const std::vector<std::int64_t>& LeadingJet::constituents(const Particles& particles,
                                                          std::size_t most) {
    found_.clear();
    pending_.assign(1, jet_);
    while (!pending_.empty()) {
        const std::int64_t next = pending_.back();
        pending_.pop_back();
        const Node& node = nodes_[static_cast<std::size_t>(next)];
        if (node.first == kParticle) {
            found_.push_back(next);
            continue;
        }
        pending_.push_back(node.first);
        pending_.push_back(node.second);
    }
    const auto kept = std::min(most, found_.size());
    const auto end = found_.begin() + static_cast<std::ptrdiff_t>(kept);
    std::ranges::partial_sort(found_, end, [&](std::int64_t a, std::int64_t b) {
        const double pt_a = particles.pt[static_cast<std::size_t>(a)];
        const double pt_b = particles.pt[static_cast<std::size_t>(b)];
        return pt_a > pt_b || (pt_a == pt_b && a < b);
    });
    found_.erase(end, found_.end());
    return found_;
}

void LeadingJet::start_nodes(const Particles& particles) {
    nodes_.clear();
    nodes_.reserve(2 * particles.momenta.size());
    for (std::size_t i = 0; i < particles.momenta.size(); ++i) {
        const FourMomentum& p = particles.momenta[i];
        nodes_.push_back({p, std::sqrt(pt_squared(p)), static_cast<std::int64_t>(i),
                          kParticle, kParticle});
    }
}

bool LeadingJet::is_harder(std::int64_t jet, std::int64_t other) const {
    if (other < 0) return true;
    const Node& a = nodes_[static_cast<std::size_t>(jet)];
    const Node& b = nodes_[static_cast<std::size_t>(other)];
    const double squared = pt_squared(a.momentum);
    const double other_squared = pt_squared(b.momentum);
    return squared > other_squared ||
           (squared == other_squared && a.earliest < b.earliest);
}

}  // namespace oddjet
