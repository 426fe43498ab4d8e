#include "oddjet/input_builder.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "message.hpp"

namespace oddjet {
namespace {

// Room for any event of today's colliders; more particles are taken, too.
constexpr std::size_t kMostParticles = 4096;

void check_momentum(const MomentumView& view, std::size_t i, const char* name) {
    if (const auto problem = momentum_problem(view, i, view.momentum(i))) {
        refuse("InputBuilder: ", name, " ", i, " has ", *problem);
    }
}

/// The pt^2 of a jet; throws for a momentum_problem.
double checked_pt_squared(const JetMomentum& jet) {
    MomentumView view{jet.coordinates, {}};
    for (std::size_t c = 0; c < 4; ++c) {
        view.columns[c] = Column(std::span<const double>(&jet.numbers[c], 1));
    }
    check_momentum(view, 0, "jet");
    return pt_squared(view.momentum(0));
}

}  // namespace

InputBuilder::InputBuilder(const FeatureSpec& spec, std::size_t capacity)
    : options_(spec.features),
      capacity_(capacity),
      slots_(static_cast<std::size_t>(spec.features.num_constituents)),
      event_(spec.clustering, spec.features) {
    if (capacity < 1) refuse("InputBuilder: capacity must be >= 1, got 0");
    values_.resize(capacity * slots_ * options_.features.size());
    counts_.reserve(capacity);
    status_.reserve(capacity);
    mask_.resize(slots_);
    order_.reserve(kMostParticles);
    pt_.reserve(kMostParticles);
    for (auto& column : kept_.columns) column.reserve(slots_);
    scratch_.resize(feature_scratch(slots_));
    event_.reserve(kMostParticles);
}

void InputBuilder::clear() {
    const std::size_t used = size() * slots_ * num_features();
    std::fill_n(values_.begin(), used, 0.0F);
    counts_.clear();
    status_.clear();
}

RowStatus InputBuilder::add_jet(const JetMomentum& jet,
                                const MomentumView& constituents) {
    const double squared = checked_pt_squared(jet);
    check_columns(constituents, "InputBuilder");
    for (std::size_t i = 0; i < constituents.size(); ++i) {
        check_momentum(constituents, i, "constituent");
    }
    start_row();
    if (constituents.size() == 0) return finish_row(RowStatus::kNoConstituents);
    if (!(squared > 0.0)) return finish_row(RowStatus::kZeroPt);
    keep_hardest(constituents);
    const auto without_pt =
        fill_features(jet, kept_, options_, last_values(), mask_, scratch_);
    return finish_row(without_pt ? RowStatus::kZeroPt : RowStatus::kFilled);
}

RowStatus InputBuilder::add_event(const MomentumView& particles) {
    check_columns(particles, "InputBuilder");
    const std::array<std::int64_t, 2> offsets = {
        0, static_cast<std::int64_t>(particles.size())};
    start_row();
    const bool found = event_.fill({particles, offsets}, 0, last_values(), mask_);
    return finish_row(found ? RowStatus::kFilled : RowStatus::kNoJet);
}

std::span<const float> InputBuilder::values(std::size_t row) const {
    const std::size_t step = slots_ * num_features();
    return std::span(values_).subspan(row * step, step);
}

std::span<const float> InputBuilder::all_values() const {
    return std::span(values_).first(size() * slots_ * num_features());
}

void InputBuilder::start_row() {
    if (size() == capacity_) {
        refuse("InputBuilder: has room for ", capacity_, " rows and is full");
    }
    std::ranges::fill(mask_, std::uint8_t{0});
}

RowStatus InputBuilder::finish_row(RowStatus status) {
    const bool is_filled = status == RowStatus::kFilled;
    const auto count = std::accumulate(mask_.begin(), mask_.end(), std::size_t{0});
    counts_.push_back(is_filled ? count : 0);
    status_.push_back(status);
    return status;
}

void InputBuilder::keep_hardest(const MomentumView& constituents) {
    const std::size_t size = constituents.size();
    order_.resize(size);
    pt_.resize(size);
    std::iota(order_.begin(), order_.end(), std::int64_t{0});
    for (std::size_t i = 0; i < size; ++i) pt_[i] = constituents.pt(i);
    sort_hardest_first(order_, pt_);
    kept_.coordinates = constituents.coordinates;
    const std::size_t kept = std::min(size, slots_);
    for (std::size_t c = 0; c < 4; ++c) {
        kept_.columns[c].resize(kept);
        for (std::size_t i = 0; i < kept; ++i) {
            kept_.columns[c][i] =
                constituents.columns[c][static_cast<std::size_t>(order_[i])];
        }
    }
}

std::span<float> InputBuilder::last_values() {
    const std::size_t step = slots_ * num_features();
    return std::span(values_).subspan(size() * step, step);
}

}  // namespace oddjet
