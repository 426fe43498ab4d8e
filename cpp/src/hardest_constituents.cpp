#include "hardest_constituents.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "feature_columns.hpp"
#include "message.hpp"
#include "vector_width.hpp"

namespace oddjet {
namespace {

// Longer lists are sorted: counting takes a time that grows as the square.
constexpr std::size_t kMostCounted = 256;

using Lanes [[gnu::vector_size(64)]] = double;
using Counts [[gnu::vector_size(64)]] = std::int64_t;
static_assert(sizeof(Lanes) == kLane * sizeof(double));

/// Row j: minus one at places after j.
constexpr auto kAfter = [] {
    std::array<std::array<std::int64_t, kLane>, kLane> after{};
    for (std::size_t j = 0; j < kLane; ++j) {
        for (std::size_t i = j + 1; i < kLane; ++i) after[j][i] = -1;
    }
    return after;
}();

/// How many values each one has to let go first: those that are larger, and of equal
/// ones those before it. Up to the end of a lane values are read and places written.
ODDJET_VECTOR_WIDTHS
void find_places(const double* pt, std::size_t size, std::int64_t* places) {
    for (std::size_t first = 0; first < size; first += kLane) {
        Lanes own;
        std::memcpy(&own, pt + first, sizeof own);
        Counts larger{};
        Counts equal{};
        const std::size_t end = first + kLane < size ? first + kLane : size;
        for (std::size_t j = 0; j < first; ++j) larger += pt[j] >= own;
        for (std::size_t j = first; j < size; ++j) larger += pt[j] > own;
        for (std::size_t j = first; j < end; ++j) {
            Counts after;
            std::memcpy(&after, &kAfter[j - first], sizeof after);
            equal += (pt[j] == own) & after;
        }
        const Counts count = -(larger + equal);
        std::memcpy(places + first, &count, sizeof count);
    }
}

ODDJET_VECTOR_WIDTHS
bool never_rises(const double* pt, std::size_t size) {
    std::int64_t rises = 0;
    for (std::size_t i = 1; i < size; ++i) rises |= pt[i] > pt[i - 1] ? 1 : 0;
    return rises == 0;
}

ODDJET_VECTOR_WIDTHS
void set_pt(const double* __restrict px, const double* __restrict py, std::size_t size,
            double* __restrict pt) {
    for (std::size_t i = 0; i < size; ++i) {
        pt[i] = std::sqrt(px[i] * px[i] + py[i] * py[i]);
    }
}

ODDJET_VECTOR_WIDTHS
void copy_rows(const MomentumSpans& all, std::size_t from,
               const std::array<double*, 4>& to, std::size_t count) {
    for (std::size_t c = 0; c < 4; ++c) {
        const double* __restrict column = all.columns[c].data() + from;
        double* __restrict copy = to[c];
        for (std::size_t i = 0; i < count; ++i) copy[i] = column[i];
    }
}

bool has_pt(double pt) { return pt * pt > 0.0; }  // pt^2 may underflow

bool all_have_pt(const MomentumSpans& momenta) {
    const auto& [a, b, c, d] = momenta.columns;
    const bool is_collider = momenta.coordinates == Coordinates::kPtEtaPhiMass;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double squared = a[i] * a[i] + (is_collider ? 0.0 : b[i] * b[i]);
        if (!(squared > 0.0)) return false;
    }
    return true;
}

}  // namespace

void HardestConstituents::take(std::size_t first, std::size_t last) {
    const auto begin = static_cast<std::size_t>(lists_.offsets[first]);
    const auto end = static_cast<std::size_t>(lists_.offsets[last]);
    axes_ = momentum_spans(jets_, first, last, axis_memory_);
    all_ = momentum_spans(lists_.particles, begin, end, memory_);
    const bool all_fine = all_plain(axes_) && all_have_pt(axes_) && all_plain(all_);
    pt_ = all_.columns[0];
    if (all_.coordinates != Coordinates::kPtEtaPhiMass) {
        if (transverse_.size() < all_.size()) transverse_.resize(all_.size());
        set_pt(all_.columns[0].data(), all_.columns[1].data(), all_.size(),
               transverse_.data());
        pt_ = {transverse_.data(), all_.size()};
    }
    make_room(first, last);
    for (std::size_t j = first; j < last; ++j) {
        if (!all_fine) look_closely(j);
        keep(j, static_cast<std::size_t>(lists_.offsets[j]) - begin);
    }
}

MomentumSpans HardestConstituents::momenta() const {
    MomentumSpans momenta{all_.coordinates, {}};
    for (std::size_t c = 0; c < 4; ++c) {
        momenta.columns[c] = std::span(columns_[c]).first(size_);
    }
    return momenta;
}

void HardestConstituents::look_closely(std::size_t j) const {
    const FourMomentum jet = jets_.momentum(j);
    if (const auto problem = momentum_problem(jets_, j, jet)) {
        refuse(kernel_, ": jet ", j, " has ", *problem);
    }
    if (!(pt_squared(jet) > 0.0)) {
        refuse(kernel_, ": jet ", j, " has pt 0, so no axis to measure from");
    }
    (void)read_list(lists_, j, kernel_);
}

void HardestConstituents::make_room(std::size_t first, std::size_t last) {
    begins_.clear();
    counts_.clear();
    size_ = 0;
    std::size_t needed = 0;
    for (std::size_t j = first; j < last; ++j) {
        const auto size =
            static_cast<std::size_t>(lists_.offsets[j + 1] - lists_.offsets[j]);
        needed += whole_lanes(std::min(size, most_));
    }
    for (auto& column : columns_) {
        if (column.size() < needed) column.resize(needed);
    }
}

void HardestConstituents::keep(std::size_t j, std::size_t offset) {
    const auto size =
        static_cast<std::size_t>(lists_.offsets[j + 1] - lists_.offsets[j]);
    const std::size_t kept = std::min(size, most_);
    begins_.push_back(size_);
    counts_.push_back(kept);
    if (kept == 0) return;
    const auto pt = pt_.subspan(offset, size);
    const bool in_order = never_rises(pt.data(), size);  // as after cluster
    std::array<double*, 4> to{};
    for (std::size_t c = 0; c < 4; ++c) to[c] = columns_[c].data() + size_;
    if (in_order) {
        copy_rows(all_, offset, to, kept);
    } else {
        sort(pt);
        for (std::size_t c = 0; c < 4; ++c) {
            const auto column = all_.columns[c].subspan(offset, size);
            for (std::size_t i = 0; i < kept; ++i) {
                to[c][i] = column[static_cast<std::size_t>(order_[i])];
            }
        }
    }
    const std::size_t softest =
        in_order ? kept - 1 : static_cast<std::size_t>(order_[kept - 1]);
    if (!has_pt(pt[softest])) refuse_without_pt(j, pt.first(size), in_order);
    size_ += kept;
    pad();
}

/// pt^2 is what the logarithm is of.
void HardestConstituents::refuse_without_pt(std::size_t j, std::span<const double> pt,
                                            bool in_order) const {
    std::size_t i = 0;
    const auto index = [&](std::size_t place) {
        return in_order ? place : static_cast<std::size_t>(order_[place]);
    };
    while (has_pt(pt[index(i)])) ++i;
    refuse(kernel_, ": jet ", j, ": constituent ", index(i),
           " has pt 0, which has no logarithm");
}

void HardestConstituents::pad() {
    const bool is_collider = all_.coordinates == Coordinates::kPtEtaPhiMass;
    for (const std::size_t end = whole_lanes(size_); size_ < end; ++size_) {
        columns_[0][size_] = 1.0;
        columns_[1][size_] = columns_[2][size_] = 0.0;
        columns_[3][size_] = is_collider ? 0.0 : 1.0;
    }
}

/// The indices of the list by decreasing pt, equal pt by index.
void HardestConstituents::sort(std::span<const double> pt) {
    order_.resize(pt.size());
    if (pt.size() <= kMostCounted) return count_places(pt);
    std::iota(order_.begin(), order_.end(), std::int64_t{0});
    sort_hardest_first(order_, pt);
}

// sort_hardest_first for few constituents, without a branch that has to be guessed.
void HardestConstituents::count_places(std::span<const double> pt) {
    const std::size_t whole = whole_lanes(pt.size());
    few_.resize(whole);
    places_.resize(whole);
    std::ranges::copy(pt, few_.begin());
    find_places(few_.data(), pt.size(), places_.data());
    for (std::size_t i = 0; i < pt.size(); ++i) {
        order_[static_cast<std::size_t>(places_[i])] = static_cast<std::int64_t>(i);
    }
}

}  // namespace oddjet
