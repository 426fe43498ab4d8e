#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "expect.hpp"
#include "oddjet/jet_images.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

/// Jets at the origin, all of them with the same constituents.
struct Jets {
    explicit Jets(std::vector<std::array<double, 3>> points, std::size_t count = 1)
        : zeros(count), ones(count, 1.0), offsets(count + 1) {
        for (std::size_t j = 0; j < count; ++j) {
            for (const auto& [pt, eta, phi] : points) {
                columns[0].push_back(pt);
                columns[1].push_back(eta);
                columns[2].push_back(phi);
                columns[3].push_back(0.0);
            }
            offsets[j + 1] = static_cast<std::int64_t>(columns[0].size());
        }
    }

    [[nodiscard]] MomentumView axes() const {
        const std::span<const double> zero = zeros;
        return {Coordinates::kPtEtaPhiMass, {std::span(ones), zero, zero, zero}};
    }

    [[nodiscard]] ParticleLists constituents() const {
        ParticleLists lists;
        lists.offsets = offsets;
        for (std::size_t c = 0; c < 4; ++c) {
            lists.particles.columns[c] = std::span<const double>(columns[c]);
        }
        return lists;
    }

    [[nodiscard]] std::vector<float> images(const ImageOptions& options,
                                            int threads = 1) const {
        const auto bins = static_cast<std::size_t>(options.bins);
        std::vector<float> pixels(ones.size() * bins * bins);
        jet_images(axes(), constituents(), options, pixels, threads);
        return pixels;
    }

    std::vector<double> zeros;
    std::vector<double> ones;
    std::vector<std::int64_t> offsets;
    std::array<std::vector<double>, 4> columns;
};

void two_constituents_lie_on_the_eta_axis() {
    // Centred: 3 at phi = 0.12, 1 at phi = -0.36; turned: at eta = 0.12 and -0.36.
    const Jets jets({{3.0, 0.0, 0.24}, {1.0, 0.0, -0.24}}, 100);
    ImageOptions options{5, 0.5};
    const std::vector<float> images = jets.images(options, 3);
    for (std::size_t j = 0; j < 100; ++j) {
        for (std::size_t pixel = 0; pixel < 25; ++pixel) {
            const float expected = pixel == 17 ? 3.0F : pixel == 2 ? 1.0F : 0.0F;
            expect(images[j * 25 + pixel] == expected, "pt in its pixel");
        }
    }
    options.normalise = true;
    expect(jets.images(options)[17] == 0.75F, "share of the pt");
}

void constituents_in_any_direction_lie_on_the_eta_axis() {
    const std::vector<float> expected =
        Jets({{3.0, 0.0, 0.24}, {1.0, 0.0, -0.24}}).images({5, 0.5});
    for (const double along : {0.144, -0.144}) {
        for (const double across : {0.192, -0.192}) {
            const Jets jets({{3.0, along, across}, {1.0, -along, -across}});
            expect(jets.images({5, 0.5}) == expected, "turned onto the axis");
            // The same, a turn away.
            const double turned = across + 2.0 * std::numbers::pi;
            const Jets away({{3.0, along, turned}, {1.0, -along, -across}});
            expect(away.images({5, 0.5}) == expected, "wrapped");
        }
    }
}

void the_hardest_quadrant_comes_first() {
    const ImageOptions options{5, 0.5, false, false, true, false};
    const std::vector<float> expected = Jets({{2.0, 0.2, 0.4}}).images(options);
    expect(expected[19] == 2.0F, "where it is");
    for (const double eta : {0.2, -0.2}) {
        for (const double phi : {0.4, -0.4}) {
            expect(Jets({{2.0, eta, phi}}).images(options) == expected, "flipped");
        }
    }
}

void no_step_leaves_the_axis_of_the_jet() {
    const Jets jets({{1.0, 0.9, -0.9}, {2.0, -0.9, 0.0}, {4.0, 1.0, 0.0}});
    const ImageOptions options{3, 1.0, false, false, false, false};
    const std::vector<float> expected = {0, 2, 0, 0, 0, 0, 1, 0, 0};
    expect(jets.images(options) == expected, "where it was; the edge is outside");
}

void bad_input_is_refused() {
    const Jets jets({{1.0, 0.0, 0.0}}, 2);
    const auto run = [&](int bins, double half_width) {
        (void)jets.images({bins, half_width});
    };
    expect_refusal([&] { run(0, 1.0); }, "bins must be >= 1 and <= 10000, got 0");
    expect_refusal([&] { run(3, -1.0); }, "half_width must be > 0 and finite, got -1");
    expect_refusal([&] { (void)jets.images({}, 0); }, "threads must be >= 1, got 0");
    std::vector<float> pixels(9);
    expect_refusal([&] { jet_images(jets.axes(), jets.constituents(), {3}, pixels); },
                   "jets x bins x bins = 18 values, got 9");
    const Jets more({{1.0, 0.0, 0.0}}, 3);
    expect_refusal([&] { jet_images(jets.axes(), more.constituents(), {3}, pixels); },
                   "got 3 lists and 2 jets");
    const double nan = std::numeric_limits<double>::quiet_NaN();
    expect_refusal([&] { (void)Jets({{1.0, nan, 0.0}}).images({}); },
                   "has non-finite eta nan");
}

}  // namespace

int main() {
    two_constituents_lie_on_the_eta_axis();
    constituents_in_any_direction_lie_on_the_eta_axis();
    the_hardest_quadrant_comes_first();
    no_step_leaves_the_axis_of_the_jet();
    bad_input_is_refused();
    return failures;
}
