#include "signed_distances.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <vector>

#include "oddjet/parallel.hpp"
#include "vector_width.hpp"

// A sum with two signs is one without, of the events that are lower in rank, earlier in
// place, and both:
//   sum_j sgn sgn payload_j = 4 both - 2 earlier - 2 lower + all.
// Places and ranks are each cut into blocks of about sqrt(n). An event that is earlier
// and lower than another is
//   in an earlier block of places and a lower block of ranks: one scan in the order of
//     places keeps a sum for each block of ranks;
//   in the same block of places; or
//   in an earlier block of places and the same block of ranks.
// The last two are sums within a block, which fits into the first-level caches. What
// scans in the order of places find is kept by place; it meets what scans in the order
// of ranks find when each is one number an event.

namespace oddjet {
namespace {

// Weights, and their products with the second value and, if both sides are wanted, with
// the first one; the fourth is never looked at.
template <std::size_t Columns>
using Row = std::array<double, Columns>;

template <std::size_t Columns>
void add(Row<Columns>& sum, const Row<Columns>& row) {
    for (std::size_t c = 0; c < Columns; ++c) sum[c] += row[c];
}

/// Sums of rows by key, for keys of some bits. Two keys differ first in some digit of
/// two bits, and above it they agree. So the sum over lower keys is one over digits: of
/// the keys that agree above, those whose digit is lower. These are kept ready for each
/// digit, in one or two vector registers.
template <std::size_t Columns>
class KeyTree {
  public:
    explicit KeyTree(unsigned bits)
        : bits_((bits + 1) / kDigitBits * kDigitBits), nodes_(count_nodes(bits)) {}

    /// The sum over lower keys so far; then the row is among what has been.
    Row<Columns> visit(std::size_t key, const Row<Columns>& row) {
        alignas(64) static constexpr auto kHigher = masks_of_higher();
        Lanes rows;  // the row again and again
        if constexpr (Columns == 2) {
            const auto [a, b] = row;
            rows = Lanes{a, b, a, b, a, b, a, b};
        } else {
            const auto [a, b, c, d] = row;
            rows = Lanes{a, b, c, d, a, b, c, d};
        }
        Row<Columns> sum{};
        std::size_t node = 0;
        for (unsigned rest = bits_; rest > 0;) {
            rest -= kDigitBits;
            const std::size_t digit = (key >> rest) & (kDigits - 1);
            auto& lower = nodes_[node].lower;
            add(sum, lower[digit]);
            for (std::size_t part = 0; part < kParts; ++part) {
                Lanes kept;
                Mask higher;
                std::memcpy(&kept, &lower[part * kDigits / kParts], sizeof kept);
                std::memcpy(&higher, &kHigher[digit][part * kLane], sizeof higher);
                kept += reinterpret_cast<Lanes>(reinterpret_cast<Mask>(rows) & higher);
                std::memcpy(&lower[part * kDigits / kParts], &kept, sizeof kept);
            }
            node = kDigits * node + 1 + digit;
        }
        return sum;
    }

  private:
    static constexpr unsigned kDigitBits = 2;
    static constexpr std::size_t kDigits = 4;
    static constexpr std::size_t kLane = 8;
    static constexpr std::size_t kParts = kDigits * Columns / kLane;

    using Lanes [[gnu::vector_size(kLane * sizeof(double))]] = double;
    using Mask [[gnu::vector_size(kLane * sizeof(double))]] = std::int64_t;

    /// Of keys that agree above: the sum over those with a lower digit than this one.
    struct alignas(64) Node {
        std::array<Row<Columns>, kDigits> lower{};
    };

    static constexpr auto masks_of_higher() {
        using Masks = std::array<std::int64_t, kDigits * Columns>;
        std::array<Masks, kDigits> masks{};
        for (std::size_t digit = 0; digit < kDigits; ++digit) {
            for (std::size_t i = 0; i < kDigits * Columns; ++i) {
                masks[digit][i] = i / Columns > digit ? -1 : 0;
            }
        }
        return masks;
    }

    /// A node's children follow each other: those of node i begin at 4 i + 1.
    static std::size_t count_nodes(unsigned bits) {
        std::size_t first = 0;  // of the last level
        for (unsigned rest = bits; rest > kDigitBits; rest -= kDigitBits) {
            first = kDigits * first + 1;
        }
        const std::size_t keys = std::size_t{1} << bits;
        return first + std::max(keys / kDigits, std::size_t{1});
    }

    unsigned bits_;
    std::vector<Node> nodes_;
};

template <std::size_t Columns>
class Scans {
    static constexpr bool kBoth = Columns == 4;
    using RowOf = Row<Columns>;

  public:
    Scans(const OneOrder& first, const OneOrder& second, SignedDistances& found,
          Workspace& workspace)
        : first_(first),
          second_(second),
          size_(first.partners.size()),
          found_(found),
          of_second_at_place_(kBoth ? size_ : 0, workspace),
          rank_in_block_(size_, workspace) {}

    void run(int threads) {
        for_each_index(2, threads, [&](std::size_t task) {
            if (task == 0) scan_places();
            if (task == 1) rank_within_blocks();
        });
        for_each_index(blocks_, threads,
                       [&](std::size_t block) { scan_place_block(block); });
        for_each_index(blocks_, threads,
                       [&](std::size_t block) { scan_rank_block(block); });
    }

  private:
    [[nodiscard]] std::size_t begin(std::size_t block) const { return block << shift_; }
    [[nodiscard]] std::size_t end(std::size_t block) const {
        return std::min(size_, (block + 1) << shift_);
    }

    [[nodiscard]] RowOf row_at_place(std::size_t k) const {
        return row(first_.weights[k], first_.partner_values[k], first_.values[k]);
    }

    [[nodiscard]] RowOf row_at_rank(std::size_t r) const {
        const double value = kBoth ? second_.partner_values[r] : 0.0;
        return row(second_.weights[r], second_.values[r], value);
    }

    static RowOf row(double weight, double second, double first) {
        if constexpr (kBoth) {
            return {weight, weight * second, weight * first, 0.0};
        } else {
            return {weight, weight * second};
        }
    }

    ODDJET_VECTOR_WIDTHS void scan_places() {
        std::vector<RowOf> lower(blocks_);  // in earlier blocks, below this block
        std::vector<RowOf> own(blocks_);    // in this block of places
        std::vector<RowOf> sums(blocks_);   // of all events, by block of ranks
        RowOf earlier{};
        for (std::size_t block = 0; block < blocks_; ++block) {
            RowOf earlier_here{};
            for (std::size_t k = begin(block); k < end(block); ++k) {
                const std::size_t rank_block = first_.partners[k] >> shift_;
                const RowOf row = row_at_place(k);
                RowOf sum;
                for (std::size_t c = 0; c < Columns; ++c) {
                    sum[c] = 4.0 * lower[rank_block][c] -
                             2.0 * (earlier[c] + earlier_here[c]);
                }
                set_at_place(k, sum);
                add(own[rank_block], row);
                add(earlier_here, row);
            }
            add(earlier, earlier_here);
            RowOf below{};
            for (std::size_t i = 0; i < blocks_; ++i) {
                add(lower[i], below);
                add(below, own[i]);
                add(sums[i], own[i]);
                own[i] = RowOf{};
            }
        }
        RowOf below{};
        for (std::size_t i = 0; i < blocks_; ++i) {
            below_block_[i] = below;
            add(below, sums[i]);
        }
        all_ = below;
    }

    void set_at_place(std::size_t k, const RowOf& sum) {
        found_.of_first[k] = first_.partner_values[k] * sum[0] - sum[1];
        if constexpr (kBoth) {
            of_second_at_place_[k] = first_.values[k] * sum[0] - sum[2];
        }
    }

    /// The ranks of each block of places, counted from zero.
    void rank_within_blocks() {
        std::vector<std::uint16_t> counts(blocks_);
        for (const std::uint32_t place : second_.partners) {
            rank_in_block_[place] = counts[place >> shift_]++;
        }
    }

    ODDJET_VECTOR_WIDTHS void scan_place_block(std::size_t block) {
        KeyTree<Columns> tree(shift_);
        for (std::size_t k = begin(block); k < end(block); ++k) {
            const RowOf sum = tree.visit(rank_in_block_[k], row_at_place(k));
            found_.of_first[k] += 4.0 * (first_.partner_values[k] * sum[0] - sum[1]);
            if constexpr (kBoth) {
                of_second_at_place_[k] += 4.0 * (first_.values[k] * sum[0] - sum[2]);
            }
        }
    }

    /// Adds what it finds to what the places have, each of which is one event's.
    ODDJET_VECTOR_WIDTHS void scan_rank_block(std::size_t block) {
        KeyTree<Columns> tree(shift_);
        RowOf lower{};
        for (std::size_t r = begin(block); r < end(block); ++r) {
            look_ahead(r);
            const std::size_t place = second_.partners[r];
            const RowOf row = row_at_rank(r);
            RowOf sum = tree.visit(place >> shift_, row);
            for (std::size_t c = 0; c < Columns; ++c) {
                sum[c] =
                    4.0 * sum[c] - 2.0 * (below_block_[block][c] + lower[c]) + all_[c];
            }
            found_.of_first[place] += second_.values[r] * sum[0] - sum[1];
            if constexpr (kBoth) {
                found_.of_second[r] = second_.partner_values[r] * sum[0] - sum[2] +
                                      of_second_at_place_[place];
            }
            add(lower, row);
        }
    }

    /// The places of consecutive ranks are anywhere: memory is asked for them in time.
    void look_ahead(std::size_t rank) const {
        constexpr std::size_t kAhead = 16;
        if (rank + kAhead >= size_) return;
        const std::size_t place = second_.partners[rank + kAhead];
        __builtin_prefetch(found_.of_first.data() + place, 1);
        if constexpr (kBoth) __builtin_prefetch(of_second_at_place_.data() + place);
    }

    const OneOrder& first_;   // whose positions are places
    const OneOrder& second_;  // whose positions are ranks
    std::size_t size_;
    SignedDistances& found_;
    // Blocks are of 2^shift.
    unsigned shift_ = (static_cast<unsigned>(std::bit_width(size_ - 1)) + 1) / 2;
    std::size_t blocks_ = ((size_ - 1) >> shift_) + 1;

    Buffer<double> of_second_at_place_;
    Buffer<std::uint16_t> rank_in_block_;  // blocks are of at most 2^16
    std::vector<RowOf> below_block_ = std::vector<RowOf>(blocks_);
    RowOf all_{};
};

}  // namespace

SignedDistances signed_distances(const OneOrder& first, const OneOrder& second,
                                 bool of_both, int threads, Workspace& workspace) {
    const std::size_t n = first.partners.size();
    SignedDistances found{Buffer<double>(n, workspace),
                          Buffer<double>(of_both ? n : 0, workspace)};
    if (of_both) {
        Scans<4>(first, second, found, workspace).run(threads);
    } else {
        Scans<2>(first, second, found, workspace).run(threads);
    }
    return found;
}

}  // namespace oddjet
