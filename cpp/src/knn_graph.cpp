#include "oddjet/knn_graph.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>

#include "message.hpp"
#include "oddjet/parallel.hpp"
#include "smallest_keys.hpp"
#include "squared_distances.hpp"
#include "vector_width.hpp"

namespace oddjet {
namespace {

// Points are searched for this many at a time: all of a usual jet, and of larger sets a
// block whose distances stay in the cache.
constexpr std::size_t kBlock = 64;

// Where approximate distances are safe to compare; what lies beyond is in one cell.
constexpr float kSmallestKey = 1e-24F;
constexpr float kLargestKey = 1e30F;

// Leaves at least four bits of a key to the distance.
constexpr std::size_t kMostParticles = std::size_t{1} << 19;

template <class T>
using Array = std::unique_ptr<T[]>;

/// x - x is zero, or not a number; the bits of all of them are put together.
template <class Bits, class Real>
inline bool differences_are_zero(const Real* values, std::size_t size) {
    Bits found = 0;
    for (std::size_t i = 0; i < size; ++i) {
        found |= std::bit_cast<Bits>(values[i] - values[i]);
    }
    return found == 0;
}

// One function a type: clones of templates are not known to all compilers.
ODDJET_VECTOR_WIDTHS
bool all_finite(const float* values, std::size_t size) {
    return differences_are_zero<std::uint32_t>(values, size);
}

ODDJET_VECTOR_WIDTHS
bool all_finite(const double* values, std::size_t size) {
    return differences_are_zero<std::uint64_t>(values, size);
}

/// An approximate distance whose last bits give way to the index of a point: numbers
/// are sorted, and points are found. Distances that are equal but for these bits, a
/// cell, come in the order of the index.
class Keys {
  public:
    Keys(std::size_t size, float safe_ratio)
        : index_bits_((std::uint32_t{1} << std::bit_width(size - 1)) - 1),
          safe_ratio_(safe_ratio) {}

    [[nodiscard]] float key(float distance, std::uint32_t index) const {
        const float low = distance < kSmallestKey ? kSmallestKey : distance;
        const float inside = low > kLargestKey ? kLargestKey : low;
        return std::bit_cast<float>(
            (std::bit_cast<std::uint32_t>(inside) & ~index_bits_) | index);
    }

    [[nodiscard]] std::size_t index(float key) const {
        return std::bit_cast<std::uint32_t>(key) & index_bits_;
    }

    /// Points with approximate distances above this are farther than the key's.
    [[nodiscard]] float reach(float key) const {
        const auto cell_end =
            std::bit_cast<float>(std::bit_cast<std::uint32_t>(key) | index_bits_);
        return cell_end < kLargestKey ? cell_end * safe_ratio_
                                      : std::numeric_limits<float>::infinity();
    }

  private:
    std::uint32_t index_bits_;
    float safe_ratio_;
};

ODDJET_VECTOR_WIDTHS
void fill_keys(const Keys& keys, const float* __restrict distances, std::size_t size,
               std::size_t lanes, float* __restrict filled) {
    for (std::size_t j = 0; j < size; ++j) {
        for (std::size_t r = 0; r < lanes; ++r) {
            filled[j * lanes + r] =
                keys.key(distances[j * lanes + r], static_cast<std::uint32_t>(j));
        }
    }
}

/// Counts in undecided[r] the pairs of the `count` smallest keys whose order is not
/// safe, and the further points, within reach[r], that may be among the nearest.
ODDJET_VECTOR_WIDTHS
void find_undecided(const Keys& keys, const float* __restrict distances,
                    const float* __restrict sorted, std::size_t size, std::size_t lanes,
                    std::size_t count, float* __restrict reach,
                    float* __restrict undecided) {
    for (std::size_t r = 0; r < lanes; ++r) {
        reach[r] = keys.reach(sorted[(count - 1) * lanes + r]);
        undecided[r] = -1.0F - static_cast<float>(count);  // itself and the nearest
    }
    for (std::size_t j = 0; j < size; ++j) {
        for (std::size_t r = 0; r < lanes; ++r) {
            undecided[r] += distances[j * lanes + r] <= reach[r] ? 1.0F : 0.0F;
        }
    }
    for (std::size_t n = 0; n + 1 < count; ++n) {
        for (std::size_t r = 0; r < lanes; ++r) {
            const float end = keys.reach(sorted[n * lanes + r]);
            undecided[r] += sorted[(n + 1) * lanes + r] <= end ? 1.0F : 0.0F;
        }
    }
}

/// The neighbours of a block of points of one jet: approximate distances are sorted,
/// and exact ones decide where those are too close.
template <class Real>
class BlockSearch {
  public:
    /// The `count` >= 1 nearest among the first `size` > count points.
    BlockSearch(const PointColumns<Real>& points, std::size_t size, std::size_t count,
                const SmallestKeys& smallest)
        : points_(points),
          size_(size),
          count_(count),
          smallest_(smallest),
          keys_(size, safe_ratio<Real>(points.dimensions)),
          distances_(floats(points.stride)),
          sorted_(floats(points.stride)),
          reach_(floats(1)),
          undecided_(floats(1)) {}

    /// Look at the points first to first + kBlock, or to the last.
    void look_from(std::size_t first) {
        first_ = first;
        lanes_ = std::min(kBlock, points_.stride - first);
        approximate_distances(points_, first, lanes_, distances_.get());
        fill_keys(keys_, distances_.get(), size_, lanes_, sorted_.get());
        for (std::size_t r = 0; r < lanes_ && first + r < size_; ++r) {
            sorted_[(first + r) * lanes_ + r] = std::numeric_limits<float>::infinity();
        }
        smallest_.select(sorted_.get(), size_, lanes_);
        find_undecided(keys_, distances_.get(), sorted_.get(), size_, lanes_, count_,
                       reach_.get(), undecided_.get());
    }

    /// The nearest of point first + r, nearest first.
    void nearest(std::size_t r, std::span<std::int64_t> found) const {
        for (std::size_t n = 0; n < count_; ++n) {
            found[n] = static_cast<std::int64_t>(keys_.index(sorted(n, r)));
        }
        if (undecided_[r] != 0.0F) decide(r, found);
    }

  private:
    using Candidate = std::pair<double, std::int64_t>;

    [[nodiscard]] Array<float> floats(std::size_t rows) const {
        return std::make_unique_for_overwrite<float[]>(
            rows * std::min(kBlock, points_.stride));
    }

    [[nodiscard]] float sorted(std::size_t n, std::size_t r) const {
        return sorted_[n * lanes_ + r];
    }

    /// Puts runs of keys that are too close, each to the next, into their exact order.
    void decide(std::size_t r, std::span<std::int64_t> found) const {
        std::vector<Candidate> run;
        std::size_t begin = 0;
        while (begin < count_) {
            std::size_t end = begin + 1;
            while (end < count_ && sorted(end, r) <= keys_.reach(sorted(end - 1, r))) {
                ++end;
            }
            run.clear();
            if (end == count_) {
                add_last(r, begin, run);
            } else if (end - begin > 1) {  // one by itself is where it belongs
                for (std::size_t n = begin; n < end; ++n) add(r, found[n], run);
            }
            std::ranges::sort(run);
            const std::size_t decided = std::min(run.size(), end - begin);
            for (std::size_t n = 0; n < decided; ++n) found[begin + n] = run[n].second;
            begin = end;
        }
    }

    void add(std::size_t r, std::int64_t j, std::vector<Candidate>& run) const {
        const auto other = static_cast<std::size_t>(j);
        run.emplace_back(squared_distance(points_, first_ + r, other), j);
    }

    /// The last run may go on beyond the keys that were kept.
    void add_last(std::size_t r, std::size_t begin, std::vector<Candidate>& run) const {
        for (std::size_t j = 0; j < size_; ++j) {
            const float distance = distances_[j * lanes_ + r];
            if (j == first_ + r || !(distance <= reach_[r])) continue;
            const float key = keys_.key(distance, static_cast<std::uint32_t>(j));
            if (begin > 0 && key <= sorted(begin - 1, r)) continue;
            add(r, static_cast<std::int64_t>(j), run);
        }
    }

    const PointColumns<Real>& points_;
    std::size_t size_;
    std::size_t count_;
    const SmallestKeys& smallest_;
    Keys keys_;
    Array<float> distances_;
    Array<float> sorted_;
    Array<float> reach_;
    Array<float> undecided_;
    std::size_t first_ = 0;
    std::size_t lanes_ = 0;
};

/// One jet of the view: its unmasked particles in order, their points by dimension.
template <class Real>
class JetPoints {
  public:
    JetPoints(const PointView& view, std::span<const Real> values, std::size_t jet)
        : jet_(jet),
          dimensions_(view.dimensions),
          points_(values.subspan(jet * view.particles * view.dimensions,
                                 view.particles * view.dimensions)),
          is_azimuth_(view.dimensions) {
        particles_.reserve(view.particles);
        for (std::size_t i = 0; i < view.particles; ++i) {
            if (view.mask.empty() || view.mask[jet * view.particles + i]) {
                particles_.push_back(i);
            }
        }
        for (const std::int64_t d : view.azimuths) {
            is_azimuth_[static_cast<std::size_t>(d)] = 1;
        }
        stride_ = (particles_.size() + kTile - 1) / kTile * kTile;
        columns_ = std::make_unique_for_overwrite<Real[]>(stride_ * dimensions_);
        fill_columns();
    }

    [[nodiscard]] const std::vector<std::size_t>& particles() const {
        return particles_;
    }

    [[nodiscard]] PointColumns<Real> columns() const {
        return {columns_.get(), stride_, dimensions_, is_azimuth_.data()};
    }

    void check() const {
        if (!all_finite(columns_.get(), stride_ * dimensions_)) refuse_non_finite();
        for (std::size_t d = 0; d < dimensions_ && !particles_.empty(); ++d) {
            if (is_azimuth_[d] != 0) check_turn(d);
        }
    }

  private:
    void fill_columns() {
        turn_points<Real>(points_, dimensions_, particles_, columns_.get(), stride_);
        for (std::size_t d = 0; d < dimensions_; ++d) {
            Real* column = columns_.get() + d * stride_;
            std::fill(column + particles_.size(), column + stride_, Real{0});
        }
    }

    [[noreturn]] void refuse_non_finite() const {
        for (const std::size_t i : particles_) {
            for (std::size_t d = 0; d < dimensions_; ++d) {
                const Real value = points_[i * dimensions_ + d];
                if (std::isfinite(value)) continue;
                refuse("knn_graph: dimension ", d, " of particle ", i, " of jet ", jet_,
                       " is non-finite, ", value);
            }
        }
        std::abort();  // somebody else changes the points
    }

    // delta_phi is defined for azimuths less than a turn apart.
    void check_turn(std::size_t d) const {
        // A turn from -pi to pi as single precision rounds it.
        constexpr double turn = 2.0 * static_cast<double>(std::numbers::pi_v<float>);
        const Real* column = columns_.get() + d * stride_;
        const auto [least, most] =
            std::minmax_element(column, column + particles_.size());
        if (static_cast<double>(*most) - static_cast<double>(*least) > turn) {
            refuse("knn_graph: dimension ", d, " is periodic and must lie within 2 pi",
                   ", got ", *least, " and ", *most, " in jet ", jet_);
        }
    }

    std::size_t jet_;
    std::size_t dimensions_;
    std::span<const Real> points_;
    std::vector<std::uint8_t> is_azimuth_;
    std::vector<std::size_t> particles_;
    std::size_t stride_ = 0;
    Array<Real> columns_;
};

template <class Real>
void fill_jet(const PointView& view, std::span<const Real> values, std::size_t jet,
              const SmallestKeys& smallest, std::size_t k, Neighbours& neighbours) {
    const JetPoints<Real> points(view, values, jet);
    points.check();
    const auto& particles = points.particles();
    if (particles.size() < 2) return;
    const std::size_t count = std::min(k, particles.size() - 1);
    const PointColumns<Real> columns = points.columns();
    BlockSearch search(columns, particles.size(), count, smallest);
    for (std::size_t i = 0; i < particles.size(); ++i) {
        if (i % kBlock == 0) search.look_from(i);
        const std::size_t row = (jet * view.particles + particles[i]) * k;
        const auto found = std::span(neighbours.indices).subspan(row, count);
        search.nearest(i % kBlock, found);
        if (particles.size() < view.particles) {  // count the padding as well
            for (std::int64_t& j : found) {
                j = static_cast<std::int64_t>(particles[static_cast<std::size_t>(j)]);
            }
        }
        std::fill_n(neighbours.valid.begin() + static_cast<std::ptrdiff_t>(row), count,
                    std::uint8_t{1});
    }
}

void check_shape(const PointView& points, int k) {
    if (k < 1) refuse("knn_graph: k must be >= 1, got ", k);
    if (points.dimensions < 1) refuse("knn_graph: points must have >= 1 dimension");
    const std::size_t particles = points.jets * points.particles;
    const std::size_t size =
        std::visit([](const auto& values) { return values.size(); }, points.values);
    if (size != particles * points.dimensions) {
        refuse("knn_graph: points must hold jets x particles x dimensions = ",
               particles * points.dimensions, " values, got ", size);
    }
    if (points.particles > kMostParticles) {
        refuse("knn_graph: a jet must have <= ", kMostParticles, " particles, got ",
               points.particles);
    }
    for (const std::int64_t d : points.azimuths) {
        if (d < 0 || static_cast<std::size_t>(d) >= points.dimensions) {
            refuse("knn_graph: a periodic dimension must be >= 0 and < ",
                   points.dimensions, ", got ", d);
        }
    }
    if (!points.mask.empty() && points.mask.size() != particles) {
        refuse("knn_graph: mask must hold jets x particles = ", particles,
               " values, got ", points.mask.size());
    }
}

}  // namespace

Neighbours knn_graph(const PointView& points, int k, int threads) {
    check_shape(points, k);
    check_threads(threads, "knn_graph");
    const auto neighbours_each = static_cast<std::size_t>(k);
    const std::size_t size = points.jets * points.particles * neighbours_each;
    Neighbours neighbours{std::vector<std::int64_t>(size),
                          std::vector<std::uint8_t>(size)};
    const SmallestKeys smallest(
        std::clamp<std::size_t>(points.particles, 1, neighbours_each));
    std::visit(
        [&](const auto& values) {
            for_each_index(points.jets, threads, [&](std::size_t jet) {
                fill_jet(points, values, jet, smallest, neighbours_each, neighbours);
            });
        },
        points.values);
    return neighbours;
}

}  // namespace oddjet
