#include "signed_distances.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
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
// The last two are sums within a block, which fits into the first-level caches. What a
// scan in the order of places finds is kept by place, what one in the order of ranks
// finds by rank; the two meet in the end, when each is one number an event.

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

/// The factors with which a level of the tree takes part, for either value of a bit.
template <std::size_t Columns>
struct alignas(32) BitFactors {
    Row<Columns> found;
    Row<Columns> kept;
};

template <std::size_t Columns>
constexpr std::array<BitFactors<Columns>, 2> bit_factors() {
    std::array<BitFactors<Columns>, 2> factors{};
    factors[1].found.fill(1.0);
    factors[0].kept.fill(1.0);
    return factors;
}

/// Sums of rows by key, for keys of some bits. Two keys differ first in some bit: the
/// higher one has it set, the lower one not, and above it they agree. So the sum over
/// lower keys is one over bits.
template <std::size_t Columns>
class KeyTree {
  public:
    explicit KeyTree(unsigned bits) : bits_(bits), kept_(std::size_t{1} << bits) {}

    /// The sum over lower keys so far; then the row is among what has been.
    Row<Columns> visit(std::size_t key, const Row<Columns>& row) {
        static constexpr auto kFactors = bit_factors<Columns>();
        Row<Columns> sum{};
        const std::size_t path = (std::size_t{1} << bits_) | key;
        for (unsigned rest = bits_; rest > 0; --rest) {
            Row<Columns>& kept = kept_[path >> rest];
            const auto& factors = kFactors[(path >> (rest - 1)) & 1U];
            for (std::size_t c = 0; c < Columns; ++c) {
                const double before = kept[c];
                sum[c] += before * factors.found[c];
                kept[c] = before + row[c] * factors.kept[c];
            }
        }
        return sum;
    }

  private:
    unsigned bits_;
    // [1, leading bits]: the sum over keys that continue these with a clear bit.
    std::vector<Row<Columns>> kept_;
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
          of_first_at_rank_(size_, workspace),
          of_second_at_place_(kBoth ? size_ : 0, workspace),
          rank_in_block_(size_, workspace) {}

    void run(int threads) {
        for_each_index(2, threads, [&](std::size_t task) {
            if (task == 0) scan_places();
            if (task == 1) rank_within_blocks();
        });
        for_each_index(2 * blocks_, threads, [&](std::size_t task) {
            if (task < blocks_) scan_rank_block(task);
            if (task >= blocks_) scan_place_block(task - blocks_);
        });
        for_each_index(blocks_, threads, [&](std::size_t block) { join(block); });
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

    ODDJET_VECTOR_WIDTHS void scan_rank_block(std::size_t block) {
        KeyTree<Columns> tree(shift_);
        RowOf lower{};
        for (std::size_t r = begin(block); r < end(block); ++r) {
            const RowOf row = row_at_rank(r);
            RowOf sum = tree.visit(second_.partners[r] >> shift_, row);
            for (std::size_t c = 0; c < Columns; ++c) {
                sum[c] =
                    4.0 * sum[c] - 2.0 * (below_block_[block][c] + lower[c]) + all_[c];
            }
            of_first_at_rank_[r] = second_.values[r] * sum[0] - sum[1];
            if constexpr (kBoth) {
                found_.of_second[r] = second_.partner_values[r] * sum[0] - sum[2];
            }
            add(lower, row);
        }
    }

    void join(std::size_t block) {
        for (std::size_t i = begin(block); i < end(block); ++i) {
            found_.of_first[i] += of_first_at_rank_[first_.partners[i]];
            if constexpr (kBoth) {
                found_.of_second[i] += of_second_at_place_[second_.partners[i]];
            }
        }
    }

    const OneOrder& first_;   // whose positions are places
    const OneOrder& second_;  // whose positions are ranks
    std::size_t size_;
    SignedDistances& found_;
    // Blocks are of 2^shift.
    unsigned shift_ = (static_cast<unsigned>(std::bit_width(size_ - 1)) + 1) / 2;
    std::size_t blocks_ = ((size_ - 1) >> shift_) + 1;

    // What is found on the other side.
    Buffer<double> of_first_at_rank_;
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
