#include "dominance_sums.hpp"

#include <algorithm>
#include <bit>

#include "oddjet/parallel.hpp"
#include "prefetch.hpp"

// Two ranks differ first in some bit: the higher one has it set, the lower one not, and
// above it they agree. So the sum over all lower and earlier ranks is one over bits:
// for a rank that has the bit set, of the earlier ranks that agree above and have it
// clear. The bits are taken a few at a time, from the top: one scan in the order of
// arrival keeps a running sum for every prefix of these bits (a tree that stays in the
// first-level cache) and deals the ranks out by them; then each hand alone is scanned
// for the next bits. A node is touched once a scan, and ever closer to its neighbours.

namespace oddjet {
namespace {

constexpr unsigned kDigitBits = 7;
constexpr std::size_t kHands = std::size_t{1} << kDigitBits;
// The first scan is of pieces of this size, which may run at the same time.
constexpr std::size_t kPiece = std::size_t{1} << 17;

constexpr std::size_t kAhead = 16;  // nodes to prefetch

template <std::size_t Columns>
using Row = std::array<double, Columns>;

template <std::size_t Columns>
void add(Row<Columns>& sum, const Row<Columns>& row, double factor) {
    for (std::size_t c = 0; c < Columns; ++c) sum[c] += factor * row[c];
}

/// Running sums of payloads for every prefix of a digit.
template <std::size_t Columns>
class PrefixTree {
  public:
    /// Add to `below` what came before with a lower digit; then take the payload in.
    void visit(std::size_t digit, DominanceNode<Columns>& node) {
        Row<Columns> below = node.below;
        for (unsigned depth = 0; depth < kDigitBits; ++depth) {
            const unsigned rest = kDigitBits - depth;
            Row<Columns>& lower = lower_[(kHands | digit) >> rest];
            const double is_set = static_cast<double>((digit >> (rest - 1)) & 1U);
            add(below, lower, is_set);
            add(lower, node.payload, 1.0 - is_set);
        }
        node.below = below;
    }

  private:
    // [1, prefix bits]: the sum over what continues the prefix with a clear bit.
    std::array<Row<Columns>, kHands> lower_{};
};

/// The scans of one call.
template <std::size_t Columns>
class Scans {
  public:
    Scans(std::vector<std::uint32_t>& ranks, std::span<DominanceNode<Columns>> nodes)
        : ranks_(ranks), dealt_(ranks.size()), nodes_(nodes) {}

    void run(int threads) {
        const std::size_t n = ranks_.size();
        const auto width = static_cast<unsigned>(std::bit_width(n - 1));
        const unsigned digits = std::max(1U, (width + kDigitBits - 1) / kDigitBits);
        const unsigned shift = kDigitBits * (digits - 1);
        const std::size_t pieces = (n + kPiece - 1) / kPiece;
        deal_pieces(pieces, shift, threads);
        if (digits == 1) return;
        const std::size_t hand = std::size_t{1} << shift;
        for_each_index((n + hand - 1) / hand, threads, [&](std::size_t i) {
            const std::size_t begin = i * hand;
            const std::size_t end = std::min(n, begin + hand);
            add_earlier_pieces(i, begin);
            scan(dealt_, ranks_, begin, end, shift - kDigitBits);
        });
    }

  private:
    using Counts = std::array<std::uint32_t, kHands>;
    using Ranks = std::vector<std::uint32_t>;

    struct Piece {
        Counts next{};                               // where a rank of this digit goes
        std::array<Row<Columns>, kHands> sums{};     // of payloads, by digit
        std::array<Row<Columns>, kHands> earlier{};  // in pieces before, lower digits
    };

    static std::size_t digit(std::uint32_t rank, unsigned shift) {
        return (rank >> shift) & (kHands - 1);
    }

    /// ranks [begin, end) of `from`, which are those numbers, by further digits.
    void scan(Ranks& from, Ranks& to, std::size_t begin, std::size_t end,
              unsigned shift) {
        PrefixTree<Columns> tree;
        Counts next;
        for (std::size_t i = 0; i < kHands; ++i) {
            next[i] = static_cast<std::uint32_t>(begin + (i << shift));
        }
        for (std::size_t k = begin; k < end; ++k) {
            const std::uint32_t rank = from[k];
            tree.visit(digit(rank, shift), nodes_[rank]);
            if (shift != 0) to[next[digit(rank, shift)]++] = rank;
        }
        if (shift == 0) return;
        const std::size_t hand = std::size_t{1} << shift;
        for (std::size_t i = begin; i < end; i += hand) {
            scan(to, from, i, std::min(end, i + hand), shift - kDigitBits);
        }
    }

    void deal_pieces(std::size_t count, unsigned shift, int threads) {
        pieces_.resize(count);
        const auto each = [&](std::size_t i, const auto& function) {
            const std::size_t end = std::min(ranks_.size(), (i + 1) * kPiece);
            for (std::size_t k = i * kPiece; k < end; ++k) {
                prefetch(&nodes_[ranks_[std::min(k + kAhead, end - 1)]]);
                function(ranks_[k]);
            }
        };
        for_each_index(count, threads, [&](std::size_t i) {
            each(i, [&](std::uint32_t rank) { ++pieces_[i].next[digit(rank, shift)]; });
        });
        turn_counts_into_places(shift);
        for_each_index(count, threads, [&](std::size_t i) {
            PrefixTree<Columns> tree;
            Piece& piece = pieces_[i];
            each(i, [&](std::uint32_t rank) {
                const std::size_t d = digit(rank, shift);
                tree.visit(d, nodes_[rank]);
                add(piece.sums[d], nodes_[rank].payload, 1.0);
                dealt_[piece.next[d]++] = rank;
            });
        });
        sum_earlier_pieces();
    }

    void turn_counts_into_places(unsigned shift) {
        for (std::size_t d = 0; d < kHands; ++d) {
            auto place = static_cast<std::uint32_t>(d << shift);
            for (Piece& piece : pieces_) {
                const std::uint32_t count = piece.next[d];
                piece.next[d] = place;
                place += count;
            }
        }
    }

    void sum_earlier_pieces() {
        std::array<Row<Columns>, kHands> sums{};  // over pieces, by digit
        for (Piece& piece : pieces_) {
            Row<Columns> lower{};
            for (std::size_t d = 0; d < kHands; ++d) {
                piece.earlier[d] = lower;
                add(lower, sums[d], 1.0);
                add(sums[d], piece.sums[d], 1.0);
            }
        }
    }

    /// In a hand the ranks of one piece follow those of the piece before.
    void add_earlier_pieces(std::size_t hand, std::size_t begin) {
        for (const Piece& piece : pieces_) {
            const std::size_t end = piece.next[hand];
            for (std::size_t k = begin; k < end; ++k) {
                add(nodes_[dealt_[k]].below, piece.earlier[hand], 1.0);
            }
            begin = end;
        }
    }

    Ranks& ranks_;
    Ranks dealt_;
    std::span<DominanceNode<Columns>> nodes_;
    std::vector<Piece> pieces_;
};

}  // namespace

template <std::size_t Columns>
void add_dominance_sums(std::vector<std::uint32_t> ranks,
                        std::span<DominanceNode<Columns>> nodes, int threads) {
    Scans<Columns>(ranks, nodes).run(threads);
}

template void add_dominance_sums<2>(std::vector<std::uint32_t>,
                                    std::span<DominanceNode<2>>, int);
template void add_dominance_sums<4>(std::vector<std::uint32_t>,
                                    std::span<DominanceNode<4>>, int);

}  // namespace oddjet
