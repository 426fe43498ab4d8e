#include "hardest_constituents.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "message.hpp"
#include "plain_momenta.hpp"
#include "vector_width.hpp"

namespace oddjet {
namespace {

// Longer lists are sorted: counting takes a time that grows as the square.
constexpr std::size_t kMostCounted = 256;

ODDJET_VECTOR_WIDTHS
void count_harder(const double* __restrict pt, std::size_t size,
                  double* __restrict harder) {
    std::fill_n(harder, size, 0.0);
    for (std::size_t j = 0; j < size; ++j) {
        for (std::size_t i = 0; i < size; ++i) harder[i] += pt[j] > pt[i] ? 1.0 : 0.0;
    }
}

}  // namespace

void HardestConstituents::reserve(std::size_t first, std::size_t last) {
    std::size_t kept = 0;
    for (std::size_t j = first; j < last; ++j) {
        const auto size =
            static_cast<std::size_t>(lists_.offsets[j + 1] - lists_.offsets[j]);
        kept += std::min(size, most_);
    }
    for (auto& column : columns_) column.reserve(column.size() + kept);
}

std::size_t HardestConstituents::add(std::size_t j) {
    read(j);
    const std::size_t kept = std::min(pt_.size(), most_);
    if (std::ranges::is_sorted(pt_, std::greater())) {  // as after cluster
        order_.clear();
        for (std::size_t c = 0; c < 4; ++c) {
            const auto first = all_[c].begin();
            columns_[c].insert(columns_[c].end(), first,
                               first + static_cast<std::ptrdiff_t>(kept));
        }
    } else {
        sort();
        for (std::size_t c = 0; c < 4; ++c) {
            for (std::size_t i = 0; i < kept; ++i) {
                columns_[c].push_back(all_[c][static_cast<std::size_t>(order_[i])]);
            }
        }
    }
    check_pt(j, kept);
    return kept;
}

/// pt^2 is what the logarithm is of, and what may underflow.
void HardestConstituents::check_pt(std::size_t j, std::size_t kept) const {
    for (std::size_t i = 0; i < kept; ++i) {
        const std::size_t index =
            order_.empty() ? i : static_cast<std::size_t>(order_[i]);
        if (pt_[index] * pt_[index] > 0.0) continue;
        refuse(kernel_, ": jet ", j, ": constituent ", index,
               " has pt 0, which has no logarithm");
    }
}

MomentumSpans HardestConstituents::momenta() const {
    return {lists_.particles.coordinates,
            {columns_[0], columns_[1], columns_[2], columns_[3]}};
}

void HardestConstituents::read(std::size_t j) {
    const auto begin = static_cast<std::size_t>(lists_.offsets[j]);
    const auto size = static_cast<std::size_t>(lists_.offsets[j + 1]) - begin;
    for (std::size_t c = 0; c < 4; ++c) {
        all_[c].resize(size);
        lists_.particles.columns[c].read(begin, all_[c]);
    }
    const Coordinates coordinates = lists_.particles.coordinates;
    if (!all_plain(coordinates, all_)) (void)read_list(lists_, j, kernel_);
    const bool is_collider = coordinates == Coordinates::kPtEtaPhiMass;
    const auto& [a, b, c, d] = all_;
    pt_.resize(size);
    for (std::size_t i = 0; i < size; ++i) {
        pt_[i] = is_collider ? a[i] : std::sqrt(a[i] * a[i] + b[i] * b[i]);
    }
}

/// The indices of the list by decreasing pt, equal pt by index.
void HardestConstituents::sort() {
    order_.resize(pt_.size());
    if (pt_.size() <= kMostCounted) return count_places();
    std::iota(order_.begin(), order_.end(), std::int64_t{0});
    sort_hardest_first(order_, pt_);
}

// sort_hardest_first for few constituents, without a branch that has to be guessed.
void HardestConstituents::count_places() {
    harder_.resize(pt_.size());
    count_harder(pt_.data(), pt_.size(), harder_.data());
    std::ranges::fill(order_, -1);
    for (std::size_t i = 0; i < pt_.size(); ++i) {
        auto place = static_cast<std::size_t>(harder_[i]);
        while (order_[place] >= 0) ++place;  // of equal pt the lower index came first
        order_[place] = static_cast<std::int64_t>(i);
    }
}

}  // namespace oddjet
