#include "oddjet/knn_graph.hpp"

#include <algorithm>
#include <cmath>

#include "message.hpp"
#include "oddjet/parallel.hpp"

namespace oddjet {
namespace {

struct Candidate {
    double distance_squared;
    std::int64_t index;

    bool operator<(const Candidate& other) const {
        return distance_squared < other.distance_squared ||
               (distance_squared == other.distance_squared && index < other.index);
    }
};

template <class Real>
double distance_squared(std::span<const Real> a, std::span<const Real> b) {
    double sum = 0.0;
    for (std::size_t d = 0; d < a.size(); ++d) {
        const double difference = static_cast<double>(a[d]) - static_cast<double>(b[d]);
        sum += difference * difference;
    }
    return sum;
}

/// One jet of the view, with its unmasked particles listed in order.
template <class Real>
class JetPoints {
  public:
    JetPoints(const PointView& view, std::span<const Real> values, std::size_t jet)
        : values_(values.subspan(jet * view.particles * view.dimensions,
                                 view.particles * view.dimensions)),
          dimensions_(view.dimensions) {
        for (std::size_t i = 0; i < view.particles; ++i) {
            if (view.mask.empty() || view.mask[jet * view.particles + i]) {
                particles_.push_back(i);
            }
        }
    }

    [[nodiscard]] const std::vector<std::size_t>& particles() const {
        return particles_;
    }

    [[nodiscard]] std::span<const Real> point(std::size_t i) const {
        return values_.subspan(i * dimensions_, dimensions_);
    }

    /// The k nearest of particle i, nearest first; fewer if the jet has fewer.
    void nearest(std::size_t i, std::size_t k, std::vector<Candidate>& out) const {
        out.clear();
        for (const std::size_t j : particles_) {
            if (j == i) continue;
            out.push_back(
                {distance_squared(point(i), point(j)), static_cast<std::int64_t>(j)});
        }
        const auto count = static_cast<std::ptrdiff_t>(std::min(k, out.size()));
        std::partial_sort(out.begin(), out.begin() + count, out.end());
        out.resize(static_cast<std::size_t>(count));
    }

  private:
    std::span<const Real> values_;
    std::size_t dimensions_;
    std::vector<std::size_t> particles_;
};

template <class Real>
void check_finite(const JetPoints<Real>& points, std::size_t jet) {
    for (const std::size_t i : points.particles()) {
        const auto point = points.point(i);
        for (std::size_t d = 0; d < point.size(); ++d) {
            if (!std::isfinite(point[d])) {
                refuse("knn_graph: dimension ", d, " of particle ", i, " of jet ", jet,
                       " is non-finite, ", point[d]);
            }
        }
    }
}

template <class Real>
void fill_jet(const PointView& view, std::span<const Real> values, std::size_t jet,
              std::size_t k, Neighbours& neighbours) {
    const JetPoints<Real> points(view, values, jet);
    check_finite(points, jet);
    std::vector<Candidate> nearest;
    for (const std::size_t i : points.particles()) {
        points.nearest(i, k, nearest);
        const std::size_t row = (jet * view.particles + i) * k;
        for (std::size_t n = 0; n < nearest.size(); ++n) {
            neighbours.indices[row + n] = nearest[n].index;
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
    std::visit(
        [&](const auto& values) {
            for_each_index(points.jets, threads, [&](std::size_t jet) {
                fill_jet(points, values, jet, neighbours_each, neighbours);
            });
        },
        points.values);
    return neighbours;
}

}  // namespace oddjet
