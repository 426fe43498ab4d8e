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

    void clear() { std::ranges::fill(kept_, Row<Columns>{}); }

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
    Scans(const TwoOrders& events, SignedDistances& found, Workspace& workspace)
        : events_(events),
          size_(events.ranks.size()),
          found_(found),
          second_(size_, workspace),
          first_(kBoth ? size_ : 0, workspace),
          by_place_at_rank_(size_, workspace),
          by_rank_at_place_(kBoth ? size_ : 0, workspace),
          rank_in_block_(size_, workspace) {}

    void run(int threads) {
        gather_partners(threads);
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

    void gather_partners(int threads) {
        for_each_index(blocks_, threads, [&](std::size_t block) {
            for (std::size_t i = begin(block); i < end(block); ++i) {
                second_[i] = events_.second[events_.ranks[i]];
                if constexpr (kBoth) first_[i] = events_.first[events_.places[i]];
            }
        });
    }

    [[nodiscard]] RowOf row_at_place(std::size_t k) const {
        const double weight = events_.place_weights[k];
        if constexpr (kBoth) {
            return {weight, weight * second_[k], weight * events_.first[k], 0.0};
        } else {
            return {weight, weight * second_[k]};
        }
    }

    [[nodiscard]] RowOf row_at_rank(std::size_t r) const {
        const double weight = events_.rank_weights[r];
        if constexpr (kBoth) {
            return {weight, weight * events_.second[r], weight * first_[r], 0.0};
        } else {
            return {weight, weight * events_.second[r]};
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
                const std::size_t rank_block = events_.ranks[k] >> shift_;
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
        found_.by_place[k] = second_[k] * sum[0] - sum[1];
        if constexpr (kBoth) {
            by_rank_at_place_[k] = events_.first[k] * sum[0] - sum[2];
        }
    }

    /// The ranks of each block of places, counted from zero.
    void rank_within_blocks() {
        std::vector<std::uint32_t> counts(blocks_);
        for (const std::uint32_t place : events_.places) {
            rank_in_block_[place] = counts[place >> shift_]++;
        }
    }

    ODDJET_VECTOR_WIDTHS void scan_place_block(std::size_t block) {
        KeyTree<Columns> tree(shift_);
        for (std::size_t k = begin(block); k < end(block); ++k) {
            const RowOf sum = tree.visit(rank_in_block_[k], row_at_place(k));
            found_.by_place[k] += 4.0 * (second_[k] * sum[0] - sum[1]);
            if constexpr (kBoth) {
                by_rank_at_place_[k] += 4.0 * (events_.first[k] * sum[0] - sum[2]);
            }
        }
    }

    ODDJET_VECTOR_WIDTHS void scan_rank_block(std::size_t block) {
        KeyTree<Columns> tree(shift_);
        RowOf lower{};
        for (std::size_t r = begin(block); r < end(block); ++r) {
            const RowOf row = row_at_rank(r);
            RowOf sum = tree.visit(events_.places[r] >> shift_, row);
            for (std::size_t c = 0; c < Columns; ++c) {
                sum[c] =
                    4.0 * sum[c] - 2.0 * (below_block_[block][c] + lower[c]) + all_[c];
            }
            by_place_at_rank_[r] = events_.second[r] * sum[0] - sum[1];
            if constexpr (kBoth) {
                found_.by_rank[r] = first_[r] * sum[0] - sum[2];
            }
            add(lower, row);
        }
    }

    void join(std::size_t block) {
        for (std::size_t i = begin(block); i < end(block); ++i) {
            found_.by_place[i] += by_place_at_rank_[events_.ranks[i]];
            if constexpr (kBoth) {
                found_.by_rank[i] += by_rank_at_place_[events_.places[i]];
            }
        }
    }

    const TwoOrders& events_;
    std::size_t size_;
    SignedDistances& found_;
    // Blocks are of 2^shift.
    unsigned shift_ = (static_cast<unsigned>(std::bit_width(size_ - 1)) + 1) / 2;
    std::size_t blocks_ = ((size_ - 1) >> shift_) + 1;

    Buffer<double> second_;  // by place
    Buffer<double> first_;   // by rank
    // What is found on the other side.
    Buffer<double> by_place_at_rank_;
    Buffer<double> by_rank_at_place_;
    Buffer<std::uint32_t> rank_in_block_;
    std::vector<RowOf> below_block_ = std::vector<RowOf>(blocks_);
    RowOf all_{};
};

}  // namespace

SignedDistances signed_distances(const TwoOrders& events, bool by_rank, int threads,
                                 Workspace& workspace) {
    const std::size_t n = events.ranks.size();
    SignedDistances found{Buffer<double>(n, workspace),
                          Buffer<double>(by_rank ? n : 0, workspace)};
    if (by_rank) {
        Scans<4>(events, found, workspace).run(threads);
    } else {
        Scans<2>(events, found, workspace).run(threads);
    }
    return found;
}

}  // namespace oddjet
