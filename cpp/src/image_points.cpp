#include "image_points.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "vector_width.hpp"

namespace oddjet {
namespace {

constexpr std::size_t kLane = 8;

using Lanes [[gnu::vector_size(kLane * sizeof(double))]] = double;

/// Sums that are kept in lanes, and added up in the end.
template <std::size_t count>
struct Sums {
    Lanes lanes[count] = {};

    [[nodiscard]] std::array<double, count> totals() const {
        std::array<double, count> totals{};
        for (std::size_t s = 0; s < count; ++s) {
            for (std::size_t i = 0; i < kLane; ++i) totals[s] += lanes[s][i];
        }
        return totals;
    }
};

/// Points by column, a whole number of lanes.
struct Points {
    double* pt;
    double* eta;
    double* phi;
    std::size_t size;
};

/// One lane of points.
struct PointLanes {
    Lanes pt{}, eta{}, phi{};

    void read(const Points& points, std::size_t i) {
        std::memcpy(&pt, points.pt + i, sizeof pt);
        std::memcpy(&eta, points.eta + i, sizeof eta);
        std::memcpy(&phi, points.phi + i, sizeof phi);
    }
    void store(const Points& points, std::size_t i) const {
        std::memcpy(points.eta + i, &eta, sizeof eta);
        std::memcpy(points.phi + i, &phi, sizeof phi);
    }
};

/// Points as they are given.
struct GivenPoints {
    const double* pt;
    const double* eta;
    const double* phi;
    std::size_t size;

    /// From place i on, and points without pt where there are no more.
    void read(std::size_t i, PointLanes& lanes) const {
        auto& [lane_pt, lane_eta, lane_phi] = lanes;
        if (i + kLane <= size) {
            std::memcpy(&lane_pt, pt + i, sizeof lane_pt);
            std::memcpy(&lane_eta, eta + i, sizeof lane_eta);
            std::memcpy(&lane_phi, phi + i, sizeof lane_phi);
            return;
        }
        lanes = {};
        for (std::size_t lane = 0; i + lane < size; ++lane) {
            lane_pt[lane] = pt[i + lane];
            lane_eta[lane] = eta[i + lane];
            lane_phi[lane] = phi[i + lane];
        }
    }
};

/// Sums of pt, pt eta and pt phi of points measured from the axis. False, and nothing
/// of use, if an azimuth is a turn or more away from that of the axis.
ODDJET_VECTOR_WIDTHS
bool measure_and_add(const GivenPoints& given, double axis_eta, double axis_phi,
                     const Points& points, std::array<double, 3>& found) {
    constexpr double two_pi = 2.0 * std::numbers::pi;
    Sums<3> sums;
    Sums<1> far;
    for (std::size_t i = 0; i < points.size; i += kLane) {
        PointLanes lanes;
        given.read(i, lanes);
        auto& [pt, eta, phi] = lanes;
        const Lanes none{};
        const Lanes turn = none + two_pi;
        // Without pt there is no weight, and along the beam an infinite eta.
        eta = pt > 0.0 ? eta - axis_eta : none;
        phi -= axis_phi;
        far.lanes[0] += phi >= two_pi ? turn : none;
        far.lanes[0] += phi <= -two_pi ? turn : none;
        const Lanes down = phi >= std::numbers::pi ? turn : none;
        const Lanes up = phi < -std::numbers::pi ? turn : none;
        phi = phi - down + up;  // delta_phi
        std::memcpy(points.pt + i, &pt, sizeof pt);
        lanes.store(points, i);
        sums.lanes[0] += pt;
        sums.lanes[1] += pt * eta;
        sums.lanes[2] += pt * phi;
    }
    found = sums.totals();
    return far.totals()[0] == 0.0;
}

/// Sums of pt eta^2, pt phi^2 and pt eta phi of points less their mean.
ODDJET_VECTOR_WIDTHS
void center_and_add(const Points& points, double mean_eta, double mean_phi,
                    std::array<double, 3>& found) {
    Sums<3> sums;
    for (std::size_t i = 0; i < points.size; i += kLane) {
        PointLanes lanes;
        lanes.read(points, i);
        auto& [pt, eta, phi] = lanes;
        eta -= mean_eta;
        phi -= mean_phi;
        lanes.store(points, i);
        sums.lanes[0] += pt * (eta * eta);
        sums.lanes[1] += pt * (phi * phi);
        sums.lanes[2] += pt * (eta * phi);
    }
    found = sums.totals();
}

struct Rotation {
    double cosine = 1.0;
    double sine = 0.0;
};

/// The pt in each quadrant of turned points, in the order of the number of flips.
ODDJET_VECTOR_WIDTHS
void rotate_and_add(const Points& points, const Rotation& rotation,
                    std::array<double, 4>& quadrants) {
    const auto [cosine, sine] = rotation;
    Sums<4> sums;
    for (std::size_t i = 0; i < points.size; i += kLane) {
        PointLanes lanes;
        lanes.read(points, i);
        auto& [pt, eta, phi] = lanes;
        const Lanes along = cosine * eta + sine * phi;
        phi = cosine * phi - sine * eta;
        eta = along;
        lanes.store(points, i);
        const Lanes none{};
        const Lanes left = eta < 0.0 ? pt : none;
        const Lanes right = eta < 0.0 ? none : pt;
        sums.lanes[0] += phi < 0.0 ? none : right;
        sums.lanes[1] += phi < 0.0 ? none : left;
        sums.lanes[2] += phi < 0.0 ? right : none;
        sums.lanes[3] += phi < 0.0 ? left : none;
    }
    quadrants = sums.totals();
}

/// How points are put on a grid.
struct Grid {
    double eta_sign;
    double phi_sign;
    double half_width;
    double bins_per_unit;
    std::int32_t bins;
};

ODDJET_VECTOR_WIDTHS
void find_pixels(const Grid& grid, const double* __restrict eta,
                 const double* __restrict phi, std::size_t size,
                 std::int32_t* __restrict pixels) {
    const auto [eta_sign, phi_sign, half_width, bins_per_unit, bins] = grid;
    const double end = bins;
    for (std::size_t i = 0; i < size; ++i) {
        const double row = (eta[i] * eta_sign + half_width) * bins_per_unit;
        const double column = (phi[i] * phi_sign + half_width) * bins_per_unit;
        const bool inside =
            (row >= 0.0) & (row < end) & (column >= 0.0) & (column < end);
        pixels[i] = static_cast<std::int32_t>(inside ? row : end) * bins +
                    static_cast<std::int32_t>(inside ? column : 0.0);
    }
}

// By minus the angle a of the longer axis of a symmetric matrix, where tan(2 a) =
// 2 eta_phi / (eta_eta - phi_phi). From the half-angle formulae, of which the one
// without cancellation is taken: square roots round alike on every machine.
Rotation to_principal_axis(double eta_eta, double phi_phi, double eta_phi) {
    const double difference = eta_eta - phi_phi;
    const double length =
        std::sqrt(difference * difference + 4.0 * (eta_phi * eta_phi));
    if (length == 0.0) return {1.0, 0.0};  // no axis is the longer one
    const double cosine_twice = difference / length;
    const double sine_twice = 2.0 * eta_phi / length;
    if (cosine_twice >= 0.0) {
        const double cosine = std::sqrt(0.5 * (1.0 + cosine_twice));
        return {cosine, 0.5 * sine_twice / cosine};
    }
    const double sine =
        std::copysign(std::sqrt(0.5 * (1.0 - cosine_twice)), sine_twice);
    return {0.5 * sine_twice / sine, sine};
}

std::size_t whole_lanes(std::size_t size) { return (size + kLane - 1) / kLane * kLane; }

}  // namespace

double ImagePoints::take(std::span<const double> pt, std::span<const double> eta,
                         std::span<const double> phi, const ColliderMomentum& axis) {
    size_ = pt.size();
    const std::size_t whole = whole_lanes(size_);
    for (auto* column : {&pt_, &eta_, &phi_}) {
        if (column->size() < whole) column->resize(whole);
    }
    const Points points{pt_.data(), eta_.data(), phi_.data(), whole};
    const auto measure = [&](std::span<const double> azimuth, double axis_phi) {
        return measure_and_add({pt.data(), eta.data(), azimuth.data(), size_}, axis.eta,
                               axis_phi, points, sums_);
    };
    if (!measure(phi, axis.phi)) {
        std::vector<double> relative(phi.begin(), phi.end());
        for (double& angle : relative) angle = wrapped_azimuth(angle - axis.phi);
        (void)measure(relative, 0.0);
    }
    return sums_[0];
}

void ImagePoints::prepare() {
    const Points points{pt_.data(), eta_.data(), phi_.data(), whole_lanes(size_)};
    const double pt = sums_[0];
    std::array<double, 3> moments{};
    center_and_add(points, options_.center ? sums_[1] / pt : 0.0,
                   options_.center ? sums_[2] / pt : 0.0, moments);
    Rotation rotation;
    if (options_.rotate) {
        const auto [eta_eta, phi_phi, eta_phi] = moments;
        rotation = to_principal_axis(eta_eta / pt, phi_phi / pt, eta_phi / pt);
    }
    std::array<double, 4> quadrants{};
    rotate_and_add(points, rotation, quadrants);
    Grid grid{1.0, 1.0, options_.half_width,
              options_.bins / (2.0 * options_.half_width), options_.bins};
    if (options_.flip) {
        const auto hardest = std::ranges::max_element(quadrants) - quadrants.begin();
        if (hardest % 2 == 1) grid.eta_sign = -1.0;
        if (hardest >= 2) grid.phi_sign = -1.0;
    }
    if (pixels_.size() < points.size) pixels_.resize(points.size);
    find_pixels(grid, eta_.data(), phi_.data(), points.size, pixels_.data());
}

}  // namespace oddjet
