#include "oddjet/jet_images.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

#include "collider_particles.hpp"
#include "message.hpp"
#include "oddjet/kinematics.hpp"
#include "oddjet/parallel.hpp"

namespace oddjet {
namespace {

// Jets that follow each other share a canvas: enough to forget the cost of making one,
// few enough to keep all workers busy.
constexpr std::size_t kJetsPerTask = 64;

struct Rotation {
    double cosine;
    double sine;
};

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

/// The memory and the steps of one image after the other.
class Canvas {
  public:
    explicit Canvas(const ImageOptions& options)
        : options_(options),
          bins_(options.bins),
          sums_(static_cast<std::size_t>(bins_ * bins_ + 1)) {}

    void draw(const ColliderMomentum& axis, const ParticleLists& constituents,
              std::size_t jet, std::span<float> image) {
        read_collider_list(constituents, jet, "jet_images", points_);
        pt_ = std::accumulate(points_.pt.begin(), points_.pt.end(), 0.0);
        if (pt_ == 0.0) return;
        if (!options_.normalise && pt_ > std::numeric_limits<float>::max()) {
            refuse("jet_images: constituents of jet ", jet, " have a pt of ", pt_,
                   " GeV, beyond single precision; normalise");
        }
        measure_from(axis);
        if (options_.center) center();
        if (options_.rotate) rotate();
        if (options_.flip) flip();
        find_pixels();
        fill(image);
    }

  private:
    void measure_from(const ColliderMomentum& axis) {
        auto& [pt, eta, phi, mass] = points_;
        bool is_near = true;
        for (std::size_t i = 0; i < pt.size(); ++i) {
            // Without pt there is no weight, and along the beam an infinite eta.
            eta[i] = pt[i] > 0.0 ? eta[i] - axis.eta : 0.0;
            phi[i] -= axis.phi;
            is_near &= std::fabs(phi[i]) < 2.0 * std::numbers::pi;
        }
        if (is_near) {
            for (double& angle : phi) angle = delta_phi(angle, 0.0);
        } else {
            for (double& angle : phi) angle = wrapped_azimuth(angle);
        }
    }

    void center() {
        auto& [pt, eta, phi, mass] = points_;
        double mean_eta = 0.0;
        double mean_phi = 0.0;
        for (std::size_t i = 0; i < pt.size(); ++i) {
            mean_eta += pt[i] * eta[i];
            mean_phi += pt[i] * phi[i];
        }
        mean_eta /= pt_;
        mean_phi /= pt_;
        for (std::size_t i = 0; i < pt.size(); ++i) {
            eta[i] -= mean_eta;
            phi[i] -= mean_phi;
        }
    }

    void rotate() {
        auto& [pt, eta, phi, mass] = points_;
        double eta_eta = 0.0;
        double phi_phi = 0.0;
        double eta_phi = 0.0;
        for (std::size_t i = 0; i < pt.size(); ++i) {
            eta_eta += pt[i] * (eta[i] * eta[i]);
            phi_phi += pt[i] * (phi[i] * phi[i]);
            eta_phi += pt[i] * (eta[i] * phi[i]);
        }
        const auto [cosine, sine] =
            to_principal_axis(eta_eta / pt_, phi_phi / pt_, eta_phi / pt_);
        for (std::size_t i = 0; i < pt.size(); ++i) {
            const double along = cosine * eta[i] + sine * phi[i];
            phi[i] = cosine * phi[i] - sine * eta[i];
            eta[i] = along;
        }
    }

    void flip() {
        auto& [pt, eta, phi, mass] = points_;
        std::array<double, 4> quadrants = {};  // in the order of the number of flips
        for (std::size_t i = 0; i < pt.size(); ++i) {
            quadrants[(eta[i] < 0.0 ? 1U : 0U) + (phi[i] < 0.0 ? 2U : 0U)] += pt[i];
        }
        const auto hardest = std::ranges::max_element(quadrants) - quadrants.begin();
        const double eta_sign = hardest % 2 == 1 ? -1.0 : 1.0;
        const double phi_sign = hardest >= 2 ? -1.0 : 1.0;
        for (std::size_t i = 0; i < pt.size(); ++i) {
            eta[i] *= eta_sign;
            phi[i] *= phi_sign;
        }
    }

    // The pixel of each point; the one after the last for a point outside the box.
    void find_pixels() {
        const auto& [pt, eta, phi, mass] = points_;
        const double half_width = options_.half_width;
        const double bins_per_unit = bins_ / (2.0 * half_width);
        pixels_.resize(pt.size());
        for (std::size_t i = 0; i < pt.size(); ++i) {
            const double row = (eta[i] + half_width) * bins_per_unit;
            const double column = (phi[i] + half_width) * bins_per_unit;
            const bool inside =
                (row >= 0.0) & (row < bins_) & (column >= 0.0) & (column < bins_);
            const auto pixel = static_cast<std::int32_t>(inside ? row : bins_) * bins_ +
                               static_cast<std::int32_t>(inside ? column : 0.0);
            pixels_[i] = pixel;
        }
    }

    void fill(std::span<float> image) {
        for (std::size_t i = 0; i < pixels_.size(); ++i) {
            sum(pixels_[i]) += points_.pt[i];
        }
        for (const std::int32_t pixel : pixels_) {
            if (pixel == bins_ * bins_) continue;
            image[static_cast<std::size_t>(pixel)] =
                static_cast<float>(options_.normalise ? sum(pixel) / pt_ : sum(pixel));
        }
        for (const std::int32_t pixel : pixels_) sum(pixel) = 0.0;
    }

    double& sum(std::int32_t pixel) { return sums_[static_cast<std::size_t>(pixel)]; }

    ImageOptions options_;
    std::int32_t bins_;
    double pt_ = 0.0;
    ColliderColumns points_;
    std::vector<std::int32_t> pixels_;
    std::vector<double> sums_;  // zero between images
};

ColliderMomentum jet_axis(const MomentumView& jets, std::size_t j) {
    if (const auto problem = momentum_problem(jets, j)) {
        refuse("jet_images: jet ", j, " has ", *problem);
    }
    const ColliderMomentum axis = collider_momentum(jets, j);
    if (!(axis.pt > 0.0)) {
        refuse("jet_images: jet ", j, " has pt 0, so no axis to measure from");
    }
    return axis;
}

void check_sizes(const MomentumView& jets, const ParticleLists& constituents,
                 std::size_t pixels, std::size_t size) {
    check_columns(jets, "jet_images: jets");
    check_lists(constituents, "jet_images");
    if (jets.size() != constituents.size()) {
        refuse("jet_images: needs one list of constituents a jet, got ",
               constituents.size(), " lists and ", jets.size(), " jets");
    }
    if (size != jets.size() * pixels) {
        refuse("jet_images: images must hold jets x bins x bins = ",
               jets.size() * pixels, " values, got ", size);
    }
}

}  // namespace

void check_options(const ImageOptions& options) {
    if (options.bins < 1 || options.bins > 10'000) {
        refuse("jet_images: bins must be >= 1 and <= 10000, got ", options.bins);
    }
    if (!(options.half_width > 0.0) || !std::isfinite(options.half_width)) {
        refuse("jet_images: half_width must be > 0 and finite, got ",
               options.half_width);
    }
}

void jet_images(const MomentumView& jets, const ParticleLists& constituents,
                const ImageOptions& options, std::span<float> images, int threads) {
    check_options(options);
    check_threads(threads, "jet_images");
    const auto bins = static_cast<std::size_t>(options.bins);
    const std::size_t pixels = bins * bins;
    check_sizes(jets, constituents, pixels, images.size());
    const std::size_t tasks = (jets.size() + kJetsPerTask - 1) / kJetsPerTask;
    for_each_index(tasks, threads, [&](std::size_t task) {
        Canvas canvas(options);
        const std::size_t end = std::min(jets.size(), (task + 1) * kJetsPerTask);
        for (std::size_t j = task * kJetsPerTask; j < end; ++j) {
            canvas.draw(jet_axis(jets, j), constituents, j,
                        images.subspan(j * pixels, pixels));
        }
    });
}

}  // namespace oddjet
