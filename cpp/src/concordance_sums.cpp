#include "concordance_sums.hpp"

#include <algorithm>
#include <bit>

#include "oddjet/parallel.hpp"
#include "prefetch.hpp"

// With the sums over the nodes that are lower in rank, earlier in place, and both,
//   sum_j sgn sgn payload_j = 4 both - 2 earlier - 2 lower + all.
// Two ranks differ first in some bit: the higher one has it set, the lower one not, and
// above it they agree. So the sum over both is one over bits: for a rank that has the
// bit set, of the earlier ranks that agree above and have it clear. The bits are taken
// a few at a time, from the top: one scan in the order of places keeps a running sum
// for every prefix of these bits (a tree that stays in the first-level cache) and deals
// the ranks out by them; then each hand alone is scanned for the next bits. A node is
// touched once a scan, and ever closer to its neighbours.

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
void add(Row<Columns>& sum, const Row<Columns>& row, double factor = 1.0) {
    for (std::size_t c = 0; c < Columns; ++c) sum[c] += factor * row[c];
}

/// Running sums of payloads for every prefix of a digit.
template <std::size_t Columns>
class PrefixTree {
  public:
    /// Add to the node's sum what came before with a lower digit; then take it in.
    void visit(std::size_t digit, ConcordanceNode<Columns>& node) {
        Row<Columns> sum = node.sum;
        for (unsigned depth = 0; depth < kDigitBits; ++depth) {
            const unsigned rest = kDigitBits - depth;
            Row<Columns>& lower = lower_[(kHands | digit) >> rest];
            const double is_set = static_cast<double>((digit >> (rest - 1)) & 1U);
            add(sum, lower, is_set);
            add(lower, node.payload, 1.0 - is_set);
        }
        node.sum = sum;
    }

  private:
    // [1, prefix bits]: the sum over what continues the prefix with a clear bit.
    std::array<Row<Columns>, kHands> lower_{};
};

/// The scans of one call.
template <std::size_t Columns>
class Scans {
  public:
    Scans(std::vector<std::uint32_t>& ranks, std::span<ConcordanceNode<Columns>> nodes)
        : ranks_(ranks), dealt_(ranks.size()), nodes_(nodes) {
        const auto width = static_cast<unsigned>(std::bit_width(ranks.size() - 1));
        const unsigned digits = std::max(1U, (width + kDigitBits - 1) / kDigitBits);
        shift_ = kDigitBits * (digits - 1);
    }

    void run(const TakeSums& take_sums, int threads) {
        pieces_.resize((ranks_.size() + kPiece - 1) / kPiece);
        for_each_index(pieces_.size(), threads, [&](std::size_t i) { count_piece(i); });
        turn_counts_into_places();
        for_each_index(pieces_.size(), threads, [&](std::size_t i) { deal_piece(i); });
        sum_pieces();
        const std::size_t hands = ((ranks_.size() - 1) >> shift_) + 1;
        for_each_index(hands, threads,
                       [&](std::size_t i) { finish_hand(i, take_sums); });
    }

  private:
    using Counts = std::array<std::uint32_t, kHands>;
    using Ranks = std::vector<std::uint32_t>;

    struct Piece {
        Counts next{};                            // where a rank of this digit goes
        std::array<Row<Columns>, kHands> sums{};  // of payloads, by digit
        // For a rank of this digit, from the pieces before: both - earlier / 2.
        std::array<Row<Columns>, kHands> before{};
    };

    static std::size_t digit(std::uint32_t rank, unsigned shift) {
        return (rank >> shift) & (kHands - 1);
    }

    std::span<const std::uint32_t> piece_ranks(std::size_t i) const {
        const std::size_t begin = i * kPiece;
        return std::span(ranks_).subspan(begin,
                                         std::min(kPiece, ranks_.size() - begin));
    }

    void count_piece(std::size_t i) {
        for (const std::uint32_t rank : piece_ranks(i)) {
            ++pieces_[i].next[digit(rank, shift_)];
        }
    }

    void turn_counts_into_places() {
        for (std::size_t d = 0; d < kHands; ++d) {
            auto place = static_cast<std::uint32_t>(d << shift_);
            for (Piece& piece : pieces_) {
                const std::uint32_t count = piece.next[d];
                piece.next[d] = place;
                place += count;
            }
        }
    }

    void deal_piece(std::size_t i) {
        PrefixTree<Columns> tree;
        Piece& piece = pieces_[i];
        Row<Columns> earlier{};
        const auto ranks = piece_ranks(i);
        for (std::size_t k = 0; k < ranks.size(); ++k) {
            prefetch(&nodes_[ranks[std::min(k + kAhead, ranks.size() - 1)]]);
            ConcordanceNode<Columns>& node = nodes_[ranks[k]];
            const std::size_t d = digit(ranks[k], shift_);
            node.sum = Row<Columns>{};
            add(node.sum, earlier, -0.5);
            tree.visit(d, node);
            add(earlier, node.payload);
            add(piece.sums[d], node.payload);
            dealt_[piece.next[d]++] = ranks[k];
        }
    }

    void sum_pieces() {
        std::array<Row<Columns>, kHands> sums{};  // over pieces, by digit
        for (Piece& piece : pieces_) {
            Row<Columns> lower{};
            for (std::size_t d = 0; d < kHands; ++d) {
                piece.before[d] = lower;
                add(piece.before[d], all_, -0.5);
                add(lower, sums[d]);
            }
            for (std::size_t d = 0; d < kHands; ++d) {
                add(sums[d], piece.sums[d]);
                add(all_, piece.sums[d]);
            }
        }
        Row<Columns> lower{};
        for (std::size_t d = 0; d < kHands; ++d) {
            lower_[d] = lower;
            add(lower, sums[d]);
        }
    }

    void finish_hand(std::size_t i, const TakeSums& take_sums) {
        const std::size_t begin = i << shift_;
        const std::size_t end =
            std::min(ranks_.size(), begin + (std::size_t{1} << shift_));
        add_earlier_pieces(i, begin);
        if (shift_ != 0) scan(dealt_, ranks_, begin, end, shift_ - kDigitBits);
        Row<Columns> lower = lower_[i];
        for (std::size_t rank = begin; rank < end; ++rank) {
            auto& [payload, sum] = nodes_[rank];
            for (std::size_t c = 0; c < Columns; ++c) {
                sum[c] = 4.0 * sum[c] - 2.0 * lower[c] + all_[c];
            }
            add(lower, payload);
        }
        take_sums(begin, end);
    }

    /// In a hand the ranks of one piece follow those of the piece before.
    void add_earlier_pieces(std::size_t hand, std::size_t begin) {
        for (const Piece& piece : pieces_) {
            const std::size_t end = piece.next[hand];
            for (std::size_t k = begin; k < end; ++k) {
                add(nodes_[dealt_[k]].sum, piece.before[hand]);
            }
            begin = end;
        }
    }

    /// The ranks [begin, end), which stand there in `from`, by their further digits.
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

    Ranks& ranks_;
    Ranks dealt_;
    std::span<ConcordanceNode<Columns>> nodes_;
    unsigned shift_;  // of the first digit
    std::vector<Piece> pieces_;
    std::array<Row<Columns>, kHands> lower_{};  // sums of lower first digits
    Row<Columns> all_{};
};

}  // namespace

template <std::size_t Columns>
void set_concordance_sums(std::vector<std::uint32_t> ranks,
                          std::span<ConcordanceNode<Columns>> nodes,
                          const TakeSums& take_sums, int threads) {
    Scans<Columns>(ranks, nodes).run(take_sums, threads);
}

template void set_concordance_sums<2>(std::vector<std::uint32_t>,
                                      std::span<ConcordanceNode<2>>, const TakeSums&,
                                      int);
template void set_concordance_sums<4>(std::vector<std::uint32_t>,
                                      std::span<ConcordanceNode<4>>, const TakeSums&,
                                      int);

}  // namespace oddjet
