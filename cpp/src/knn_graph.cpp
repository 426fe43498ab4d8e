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

// Distances are sorted within these bounds, clear of zero, subnormal numbers (which a
// process may flush to zero) and infinity; what lies beyond is compared one by one.
constexpr double kSmallestKey = 1e-300;
constexpr double kLargestKey = 1e300;

using Doubles = std::unique_ptr<double[]>;

std::size_t padded(std::size_t size) { return (size + kTile - 1) / kTile * kTile; }

/// A squared distance whose last bits give way to the index of a point: numbers are
/// sorted, and points are found. Distances with equal other bits, a cell, are left in
/// the order of the index.
class Keys {
  public:
    explicit Keys(std::size_t size)
        : index_bits_((std::uint64_t{1} << std::bit_width(size - 1)) - 1) {}

    [[nodiscard]] double key(double distance, std::size_t index) const {
        const double low = distance < kSmallestKey ? kSmallestKey : distance;
        const double inside = low > kLargestKey ? kLargestKey : low;
        const auto bits = std::bit_cast<std::uint64_t>(inside) & ~index_bits_;
        return std::bit_cast<double>(bits | index);
    }

    [[nodiscard]] std::size_t index(double key) const {
        return std::bit_cast<std::uint64_t>(key) & index_bits_;
    }

    /// The largest distance in the cell of a key.
    [[nodiscard]] double cell_end(double key) const {
        const auto bits = std::bit_cast<std::uint64_t>(key) | index_bits_;
        const double end = std::bit_cast<double>(bits);
        return end < kLargestKey ? end : std::numeric_limits<double>::infinity();
    }

  private:
    std::uint64_t index_bits_;
};

ODDJET_VECTOR_WIDTHS
void fill_keys(const Keys& to, const double* __restrict distances, std::size_t size,
               std::size_t lanes, double* __restrict keys) {
    for (std::size_t j = 0; j < size; ++j) {
        for (std::size_t r = 0; r < lanes; ++r) {
            keys[j * lanes + r] = to.key(distances[j * lanes + r], j);
        }
    }
}

/// Where the sorted keys leave open which points are the `count` nearest or what their
/// order is, undecided[r] is not zero. cell_ends[r] is no less than their distances.
ODDJET_VECTOR_WIDTHS
void find_undecided(const Keys& to, const double* __restrict distances,
                    const double* __restrict sorted, std::size_t size,
                    std::size_t lanes, std::size_t count, double* __restrict cell_ends,
                    double* __restrict undecided) {
    for (std::size_t r = 0; r < lanes; ++r) {
        cell_ends[r] = to.cell_end(sorted[(count - 1) * lanes + r]);
        // Not the point itself, whose distance is zero.
        undecided[r] = -1.0 - static_cast<double>(count);
    }
    for (std::size_t j = 0; j < size; ++j) {
        for (std::size_t r = 0; r < lanes; ++r) {
            undecided[r] += distances[j * lanes + r] <= cell_ends[r] ? 1.0 : 0.0;
        }
    }
    for (std::size_t n = 0; n + 1 < count; ++n) {
        for (std::size_t r = 0; r < lanes; ++r) {
            const double end = to.cell_end(sorted[n * lanes + r]);
            undecided[r] += sorted[(n + 1) * lanes + r] <= end ? 1.0 : 0.0;
        }
    }
}

/// The neighbours of a block of points: lane r is that of point first + r.
class BlockSearch {
  public:
    /// The `count` >= 1 nearest among the first `size` > count points.
    BlockSearch(const PointColumns& points, std::size_t size, std::size_t count,
                const SmallestKeys& smallest)
        : points_(points),
          size_(size),
          count_(count),
          smallest_(smallest),
          to_key_(size),
          distances_(doubles(points.stride)),
          keys_(doubles(points.stride)),
          cell_ends_(doubles(1)),
          undecided_(doubles(1)) {}

    void search(std::size_t first) {
        first_ = first;
        lanes_ = std::min(kBlock, points_.stride - first);
        squared_distances(points_, first, lanes_, distances_.get());
        fill_keys(to_key_, distances_.get(), size_, lanes_, keys_.get());
        for (std::size_t r = 0; r < lanes_ && first + r < size_; ++r) {
            keys_[(first + r) * lanes_ + r] = std::numeric_limits<double>::infinity();
        }
        smallest_.select(keys_.get(), size_, lanes_);
        find_undecided(to_key_, distances_.get(), keys_.get(), size_, lanes_, count_,
                       cell_ends_.get(), undecided_.get());
    }

    /// The nearest of point first + r, nearest first.
    void nearest(std::size_t r, std::span<std::size_t> found) const {
        if (undecided_[r] != 0.0) return compare_one_by_one(r, found);
        for (std::size_t n = 0; n < count_; ++n) {
            found[n] = to_key_.index(keys_[n * lanes_ + r]);
        }
    }

  private:
    [[nodiscard]] Doubles doubles(std::size_t rows) const {
        return std::make_unique_for_overwrite<double[]>(
            rows * std::min(kBlock, points_.stride));
    }

    void compare_one_by_one(std::size_t r, std::span<std::size_t> found) const {
        std::vector<std::pair<double, std::size_t>> candidates;
        for (std::size_t j = 0; j < size_; ++j) {
            const double distance = distances_[j * lanes_ + r];
            if (j != first_ + r && distance <= cell_ends_[r]) {
                candidates.emplace_back(distance, j);
            }
        }
        const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(count_);
        std::partial_sort(candidates.begin(), end, candidates.end());
        std::transform(candidates.begin(), end, found.begin(),
                       [](const auto& candidate) { return candidate.second; });
    }

    const PointColumns& points_;
    std::size_t size_;
    std::size_t count_;
    const SmallestKeys& smallest_;
    Keys to_key_;
    Doubles distances_;
    Doubles keys_;
    Doubles cell_ends_;
    Doubles undecided_;
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
        stride_ = padded(particles_.size());
        columns_ = std::make_unique_for_overwrite<double[]>(stride_ * dimensions_);
        for (std::size_t d = 0; d < dimensions_; ++d) fill_column(d);
    }

    [[nodiscard]] const std::vector<std::size_t>& particles() const {
        return particles_;
    }

    [[nodiscard]] PointColumns columns() const {
        return {columns_.get(), stride_, dimensions_, is_azimuth_.data()};
    }

    void check() const {
        const std::span all(columns_.get(), stride_ * dimensions_);
        if (!std::ranges::all_of(all, [](double x) { return std::isfinite(x); })) {
            refuse_non_finite();
        }
        for (std::size_t d = 0; d < dimensions_ && !particles_.empty(); ++d) {
            if (is_azimuth_[d]) check_turn(d);
        }
    }

  private:
    void fill_column(std::size_t d) {
        double* column = columns_.get() + d * stride_;
        for (std::size_t i = 0; i < particles_.size(); ++i) {
            column[i] = static_cast<double>(points_[particles_[i] * dimensions_ + d]);
        }
        std::fill(column + particles_.size(), column + stride_, 0.0);
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
        const double* column = columns_.get() + d * stride_;
        const auto [least, most] =
            std::minmax_element(column, column + particles_.size());
        if (*most - *least > turn) {
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
    Doubles columns_;
};

template <class Real>
void fill_jet(const PointView& view, std::span<const Real> values, std::size_t jet,
              const SmallestKeys& smallest, std::size_t k, Neighbours& neighbours) {
    const JetPoints<Real> points(view, values, jet);
    points.check();
    const auto& particles = points.particles();
    if (particles.size() < 2) return;
    const std::size_t count = std::min(k, particles.size() - 1);
    const PointColumns columns = points.columns();
    BlockSearch search(columns, particles.size(), count, smallest);
    std::vector<std::size_t> nearest(count);
    for (std::size_t i = 0; i < particles.size(); ++i) {
        if (i % kBlock == 0) search.search(i);
        search.nearest(i % kBlock, nearest);
        const std::size_t row = (jet * view.particles + particles[i]) * k;
        for (std::size_t n = 0; n < count; ++n) {
            neighbours.indices[row + n] =
                static_cast<std::int64_t>(particles[nearest[n]]);
            neighbours.valid[row + n] = 1;
        }
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
