#include "ascending_order.hpp"

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

    /// No two different values have the same bits.
    [[nodiscard]] bool are_all() const { return shift_ == 0; }

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

/// Sort what the leading bits leave unsorted.
void sort_runs(std::span<const double> values,
               const std::vector<std::uint64_t>& records,
               std::vector<std::uint32_t>& order) {
    const auto before = [&](std::uint32_t i, std::uint32_t j) {
        return values[i] < values[j] || (values[i] == values[j] && i < j);
    };
    for (std::size_t begin = 0; begin < order.size();) {
        std::size_t end = begin + 1;
        while (end < order.size() && records[end] >> 32 == records[begin] >> 32) ++end;
        const std::span run(order.data() + begin, end - begin);
        if (!std::ranges::is_sorted(run, before)) std::ranges::sort(run, before);
        begin = end;
    }
}

std::vector<std::uint32_t> order_of_few(std::span<const double> values) {
    std::vector<std::uint32_t> order(values.size());
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    std::ranges::sort(order, [&](std::uint32_t i, std::uint32_t j) {
        return values[i] < values[j] || (values[i] == values[j] && i < j);
    });
    return order;
}

}  // namespace

std::vector<std::uint32_t> ascending_order(std::span<const double> values) {
    if (values.size() < kFewValues) return order_of_few(values);
    const LeadingBits leading(values);
    std::vector<std::uint64_t> records(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        records[i] = leading.of(values[i]) << 32 | i;
    }
    sort_by_digits(records);
    std::vector<std::uint32_t> order(values.size());
    std::ranges::transform(records, order.begin(), [](std::uint64_t record) {
        return static_cast<std::uint32_t>(record);
    });
    if (!leading.are_all()) sort_runs(values, records, order);
    return order;
}

}  // namespace oddjet
