#include "oddjet/jet_images.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "collider_particles.hpp"
#include "image_points.hpp"
#include "message.hpp"
#include "oddjet/kinematics.hpp"
#include "oddjet/parallel.hpp"
#include "plain_momenta.hpp"

namespace oddjet {
namespace {

// Jets that follow each other share a canvas: enough to forget the cost of making one,
// few enough to keep all workers busy.
constexpr std::size_t kJetsPerTask = 64;

// Jets whose momenta are checked together: they stay in the cache.
constexpr std::size_t kTogether = 16;

/// The memory and the steps of one image after the other.
class Canvas {
  public:
    Canvas(const ImageOptions& options, const ParticleLists& constituents)
        : options_(options),
          constituents_(constituents),
          beyond_(options.bins * options.bins),
          points_(options),
          sums_(static_cast<std::size_t>(beyond_ + 1)) {}

    /// Look at the constituents of jets [first, last), which are drawn next.
    void look_at(std::size_t first, std::size_t last) {
        first_ = static_cast<std::size_t>(constituents_.offsets[first]);
        const auto end = static_cast<std::size_t>(constituents_.offsets[last]);
        all_ = momentum_spans(constituents_.particles, first_, end, memory_);
        are_plain_ = all_.coordinates == Coordinates::kPtEtaPhiMass && all_plain(all_);
    }

    void draw(const ColliderMomentum& axis, std::size_t jet, std::span<float> image) {
        const double pt = take(axis, jet);
        if (pt == 0.0) return;
        if (!options_.normalise && pt > std::numeric_limits<float>::max()) {
            refuse("jet_images: constituents of jet ", jet, " have a pt of ", pt,
                   " GeV, beyond single precision; normalise");
        }
        points_.prepare();
        if (options_.normalise) {
            fill(image, [pt](double sum) { return sum / pt; });
        } else {
            fill(image, [](double sum) { return sum; });
        }
    }

  private:
    double take(const ColliderMomentum& axis, std::size_t jet) {
        if (!are_plain_) {
            read_collider_list(constituents_, jet, "jet_images", doubtful_);
            return points_.take(doubtful_.pt, doubtful_.eta, doubtful_.phi, axis);
        }
        const auto begin = static_cast<std::size_t>(constituents_.offsets[jet]);
        const auto end = static_cast<std::size_t>(constituents_.offsets[jet + 1]);
        const auto column = [&](std::size_t c) {
            return all_.columns[c].subspan(begin - first_, end - begin);
        };
        return points_.take(column(0), column(1), column(2), axis);
    }

    template <class Value>
    void fill(std::span<float> image, const Value& value) {
        const auto pt = points_.pt();
        const auto pixels = points_.pixels();
        for (std::size_t i = 0; i < pixels.size(); ++i) {
            // Nobody has looked at the image yet: its memory is asked for in time.
            __builtin_prefetch(image.data() + pixels[i], 1);
            sum(pixels[i]) += pt[i];
        }
        for (const std::int32_t pixel : pixels) {
            if (pixel == beyond_) continue;
            image[static_cast<std::size_t>(pixel)] =
                static_cast<float>(value(sum(pixel)));
        }
        for (const std::int32_t pixel : pixels) sum(pixel) = 0.0;
    }

    double& sum(std::int32_t pixel) { return sums_[static_cast<std::size_t>(pixel)]; }

    ImageOptions options_;
    const ParticleLists& constituents_;
    std::int32_t beyond_;  // the pixel of what lies outside
    std::size_t first_ = 0;
    MomentumSpans all_{};
    SpanMemory memory_;
    bool are_plain_ = false;
    ColliderColumns doubtful_;
    ImagePoints points_;
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
        Canvas canvas(options, constituents);
        const std::size_t end = std::min(jets.size(), (task + 1) * kJetsPerTask);
        for (std::size_t j = task * kJetsPerTask; j < end; ++j) {
            if (j % kTogether == 0) canvas.look_at(j, std::min(end, j + kTogether));
            canvas.draw(jet_axis(jets, j), j, images.subspan(j * pixels, pixels));
        }
    });
}

}  // namespace oddjet
