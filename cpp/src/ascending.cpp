#include "ascending.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <numeric>

namespace oddjet {
namespace {

// Below this many values the histograms of the radix sort cost more than comparisons.
constexpr std::size_t kFewValues = 1024;
constexpr unsigned kDigits = 3;
constexpr unsigned kDigitBits = 11;
constexpr std::size_t kBins = std::size_t{1} << kDigitBits;

using Histograms = std::array<std::array<std::uint32_t, kBins>, kDigits>;

/// An integer that orders as the value does; 0 and -0 have the same.
std::uint64_t ordered_bits(double value) {
    constexpr std::uint64_t sign = std::uint64_t{1} << 63;
    const auto bits = std::bit_cast<std::uint64_t>(value + 0.0);  // -0 becomes 0
    return (bits & sign) != 0 ? ~bits : bits | sign;
}

/// The 32 bits of a value that a radix sort looks at: those below the highest bit in
/// which its integer's distance from the smallest value's can differ.
class LeadingBits {
  public:
    explicit LeadingBits(std::span<const double> values) {
        const auto [low, high] = std::minmax_element(values.begin(), values.end());
        lowest_ = ordered_bits(*low);
        const auto width =
            static_cast<int>(std::bit_width(ordered_bits(*high) - lowest_));
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
std::size_t digit(std::uint64_t record, unsigned place) {
    return (record >> (32 + place * kDigitBits)) & (kBins - 1);
}

void sort_by_digits(std::vector<std::uint64_t>& records) {
    Histograms histograms{};
    for (const std::uint64_t record : records) {
        for (unsigned place = 0; place < kDigits; ++place) {
            ++histograms[place][digit(record, place)];
        }
    }
    std::vector<std::uint64_t> moved(records.size());
    for (unsigned place = 0; place < kDigits; ++place) {
        auto& bins = histograms[place];
        if (bins[digit(records[0], place)] == records.size()) continue;
        std::exclusive_scan(bins.begin(), bins.end(), bins.begin(), std::uint32_t{0});
        for (const std::uint64_t record : records) {
            moved[bins[digit(record, place)]++] = record;
        }
        records.swap(moved);
    }
}

/// Sort [begin, end), whose values have equal leading bits.
void sort_run(std::span<const double> values, Ascending& sorted, std::size_t begin,
              std::size_t end) {
    const std::span run(sorted.value.data() + begin, end - begin);
    if (std::ranges::is_sorted(run)) return;
    const std::span order(sorted.order.data() + begin, end - begin);
    std::ranges::sort(order, [&](std::uint32_t i, std::uint32_t j) {
        return values[i] < values[j] || (values[i] == values[j] && i < j);
    });
    std::ranges::transform(order, run.begin(),
                           [&](std::uint32_t i) { return values[i]; });
}

std::vector<std::uint64_t> sorted_records(std::span<const double> values,
                                          const LeadingBits& leading) {
    std::vector<std::uint64_t> records(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        records[i] = leading.of(values[i]) << 32 | i;
    }
    sort_by_digits(records);
    return records;
}

}  // namespace

Ascending ascending(std::span<const double> values) {
    const std::size_t n = values.size();
    Ascending sorted{std::vector<double>(n), std::vector<std::uint32_t>(n)};
    if (n < kFewValues) {
        std::iota(sorted.order.begin(), sorted.order.end(), std::uint32_t{0});
        std::ranges::copy(values, sorted.value.begin());
        sort_run(values, sorted, 0, n);
        return sorted;
    }
    const auto records = sorted_records(values, LeadingBits(values));
    for (std::size_t k = 0; k < n; ++k) {
        sorted.order[k] = static_cast<std::uint32_t>(records[k]);
        sorted.value[k] = values[sorted.order[k]];
    }
    for (std::size_t begin = 0, end = 0; begin < n; begin = end) {
        while (end < n && records[end] >> 32 == records[begin] >> 32) ++end;
        if (end - begin > 1) sort_run(values, sorted, begin, end);
    }
    return sorted;
}

}  // namespace oddjet
