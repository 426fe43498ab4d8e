#include "ascending.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <numeric>
#include <utility>

namespace oddjet {
namespace {

// Below this many values the histograms of the radix sort cost more than comparisons.
constexpr std::size_t kFewValues = 1024;
constexpr std::size_t kFewInRun = 16;  // for which an insertion sort does
constexpr unsigned kDigits = 4;
constexpr unsigned kDigitBits = 8;  // 256 streams: few enough for the caches
constexpr std::size_t kBins = std::size_t{1} << kDigitBits;

using Histograms = std::array<std::array<std::uint32_t, kBins>, kDigits>;

/// An integer that orders as the value does; 0 and -0 have the same.
std::uint64_t ordered_bits(double value) {
    constexpr std::uint64_t sign = std::uint64_t{1} << 63;
    const auto bits = std::bit_cast<std::uint64_t>(value + 0.0);  // -0 becomes 0
    return (bits & sign) != 0 ? ~bits : bits | sign;
}

/// The smallest and the largest, side by side in vector registers.
std::pair<double, double> ends(std::span<const double> values) {
    constexpr std::size_t kLanes = 8;
    std::array<double, kLanes> low;
    std::array<double, kLanes> high;
    low.fill(values[0]);
    high.fill(values[0]);
    const std::size_t whole = values.size() - values.size() % kLanes;
    for (std::size_t i = 0; i < whole; i += kLanes) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            const double value = values[i + lane];
            low[lane] = value < low[lane] ? value : low[lane];
            high[lane] = high[lane] < value ? value : high[lane];
        }
    }
    for (const double value : values.subspan(whole)) {
        low[0] = std::min(low[0], value);
        high[0] = std::max(high[0], value);
    }
    return {std::ranges::min(low), std::ranges::max(high)};
}

/// The 32 bits of a value that a radix sort looks at: those below the highest bit in
/// which its integer's distance from the smallest value's can differ.
class LeadingBits {
  public:
    explicit LeadingBits(std::span<const double> values) {
        const auto [low, high] = ends(values);
        lowest_ = ordered_bits(low);
        const auto width =
            static_cast<int>(std::bit_width(ordered_bits(high) - lowest_));
        shift_ = std::max(0, width - 32);
    }

    [[nodiscard]] std::uint64_t of(double value) const {
        return (ordered_bits(value) - lowest_) >> shift_;
    }

  private:
    std::uint64_t lowest_ = 0;
    int shift_ = 0;
};

// A record holds the leading bits of a value above its position.
using Records = Buffer<std::uint64_t>;

std::size_t digit(std::uint64_t record, unsigned place) {
    return (record >> (32 + place * kDigitBits)) & (kBins - 1);
}

bool agree_in_leading_bits(std::uint64_t one, std::uint64_t other) {
    return one >> 32 == other >> 32;
}

Records sorted_records(std::span<const double> values, Workspace& workspace) {
    const LeadingBits leading(values);
    Records records(values.size(), workspace);
    Histograms histograms{};
    for (std::size_t i = 0; i < values.size(); ++i) {
        records[i] = leading.of(values[i]) << 32 | i;
        for (unsigned place = 0; place < kDigits; ++place) {
            ++histograms[place][digit(records[i], place)];
        }
    }
    Records moved(values.size(), workspace);
    for (unsigned place = 0; place < kDigits; ++place) {
        auto& bins = histograms[place];
        if (bins[digit(records[0], place)] == records.size()) continue;
        std::exclusive_scan(bins.begin(), bins.end(), bins.begin(), std::uint32_t{0});
        for (const std::uint64_t record : records) {
            moved[bins[digit(record, place)]++] = record;
        }
        records.swap(moved);
    }
    return records;
}

/// Sort [begin, end), where equal values are in order.
void sort_run(std::span<const double> values, Ascending& sorted, std::size_t begin,
              std::size_t end) {
    auto& [value, order] = sorted;
    if (end - begin > kFewInRun) {
        const std::span run(order.data() + begin, end - begin);
        std::ranges::sort(run, [&](std::uint32_t i, std::uint32_t j) {
            return values[i] < values[j] || (values[i] == values[j] && i < j);
        });
        for (std::size_t k = begin; k < end; ++k) value[k] = values[order[k]];
        return;
    }
    for (std::size_t k = begin + 1; k < end; ++k) {
        for (std::size_t i = k; i > begin && value[i] < value[i - 1]; --i) {
            std::swap(value[i], value[i - 1]);
            std::swap(order[i], order[i - 1]);
        }
    }
}

}  // namespace

Ascending ascending(std::span<const double> values, Workspace& workspace) {
    const std::size_t n = values.size();
    Ascending sorted{Buffer<double>(n, workspace), Buffer<std::uint32_t>(n, workspace)};
    if (n < kFewValues) {
        std::iota(sorted.order.begin(), sorted.order.end(), std::uint32_t{0});
        std::ranges::copy(values, sorted.value.begin());
        sort_run(values, sorted, 0, n);
        return sorted;
    }
    const Records records = sorted_records(values, workspace);
    for (std::size_t k = 0; k < n; ++k) {
        sorted.order[k] = static_cast<std::uint32_t>(records[k]);
        sorted.value[k] = values[sorted.order[k]];
    }
    for (std::size_t k = 1; k < n; ++k) {
        if (sorted.value[k - 1] <= sorted.value[k]) continue;
        std::size_t begin = k - 1;  // of those that agree in their leading bits
        while (begin > 0 && agree_in_leading_bits(records[begin - 1], records[k])) {
            --begin;
        }
        while (k < n && agree_in_leading_bits(records[begin], records[k])) ++k;
        sort_run(values, sorted, begin, k);
    }
    return sorted;
}

}  // namespace oddjet
