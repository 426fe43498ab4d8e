#include <algorithm>
#include <cmath>
#include <numbers>

#include "expect.hpp"
#include "oddjet/constituent_features.hpp"
#include "oddjet/event_tensors.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

FeatureOptions all_features(int num_constituents) {
    FeatureOptions options{{}, num_constituents};
    for (const FeatureDefinition& definition : feature_definitions()) {
        options.features.push_back(feature_from_name(definition.name));
    }
    return options;
}

void event_tensors_are_features_of_leading_jets(int num_constituents) {
    const RandomLists<float> random(20, 30, 1);
    const ParticleLists events = random.view();
    const FeatureOptions options = all_features(num_constituents);
    const EventTensors found = event_tensors(events, {}, options, 3);

    std::array<std::vector<double>, 4> jets;
    std::array<std::vector<float>, 4> columns;
    std::vector<std::int64_t> offsets = {0};
    for (std::size_t event = 0; event < events.size(); ++event) {
        const Jet jet = cluster_event(read_list(events, event, "test"), {}).front();
        const ColliderMomentum p = collider_momentum(jet.momentum);
        const std::array<double, 4> row = {p.pt, p.eta, p.phi, p.mass};
        for (std::size_t c = 0; c < 4; ++c) {
            jets[c].push_back(row[c]);
            for (const std::int64_t i : jet.constituents) {
                columns[c].push_back(
                    random.columns[c][event * 30 + static_cast<std::size_t>(i)]);
            }
        }
        offsets.push_back(static_cast<std::int64_t>(columns[0].size()));
    }
    MomentumView jet_view;
    ParticleLists constituents;
    constituents.offsets = offsets;
    for (std::size_t c = 0; c < 4; ++c) {
        jet_view.columns[c] = std::span<const double>(jets[c]);
        constituents.particles.columns[c] = std::span<const float>(columns[c]);
    }
    const FeatureTensor expected =
        constituent_features(jet_view, constituents, options);
    expect(found.tensor.values == expected.values, "the same values, bit for bit");
    expect(found.tensor.mask == expected.mask, "the same mask");
}

/// A massless jet and two constituents, so that every feature is known in closed form.
struct KnownJet {
    std::array<std::vector<double>, 4> axis = {{{100.0}, {0.5}, {3.0}, {0.0}}};
    std::array<std::vector<double>, 4> columns = {
        {{20.0, 50.0}, {-0.25, 0.75}, {-3.0, 2.5}, {0.0, 0.0}}};
    std::vector<std::int64_t> offsets = {0, 2};

    [[nodiscard]] MomentumView jets() const { return view(axis); }
    [[nodiscard]] ParticleLists constituents() const {
        ParticleLists lists;
        lists.particles = view(columns);
        lists.offsets = offsets;
        return lists;
    }

  private:
    static MomentumView view(const std::array<std::vector<double>, 4>& columns) {
        MomentumView momenta;
        for (std::size_t c = 0; c < 4; ++c) {
            momenta.columns[c] = std::span<const double>(columns[c]);
        }
        return momenta;
    }
};

void features_are_those_of_closed_form() {
    const KnownJet known;
    constexpr int slots = 3;
    std::vector<float> values(slots * 7, -9.0F);  // memory that holds anything
    std::vector<std::uint8_t> mask(slots, 9);
    constituent_features(known.jets(), known.constituents(), all_features(slots),
                         values, mask);
    const double jet_energy = 100.0 * std::cosh(0.5);
    const auto row = [&](double pt, double eta, double rapidity, double azimuth) {
        const double energy = pt * std::cosh(eta);
        return std::array{rapidity,
                          azimuth,
                          std::log(pt),
                          std::log(pt / 100.0),
                          std::log(energy),
                          std::log(energy / jet_energy),
                          std::hypot(rapidity, azimuth)};
    };
    const std::array expected = {row(50.0, 0.75, 0.25, -0.5),
                                 row(20.0, -0.25, -0.75, 2.0 * std::numbers::pi - 6.0)};
    for (std::size_t i = 0; i < 2; ++i) {
        for (std::size_t f = 0; f < 7; ++f) {
            expect(std::fabs(values[7 * i + f] - expected[i][f]) < 1e-6,
                   "features in closed form");
        }
    }
    expect(std::all_of(values.begin() + 14, values.end(),
                       [](float value) { return value == 0.0F; }),
           "zeros where padded");
    expect(mask == std::vector<std::uint8_t>{1, 1, 0}, "ones for constituents");
}

void every_choice_of_features_is_a_choice_of_columns() {
    const RandomLists<float> random(20, 30, 3);
    const ParticleLists lists = random.view();
    const EventTensors all = event_tensors(lists, {}, all_features(9));
    for (unsigned chosen = 1; chosen < 128; ++chosen) {
        FeatureOptions options{{}, 9};
        std::vector<std::size_t> columns;
        for (std::size_t f = 7; f-- > 0;) {
            if ((chosen >> f & 1U) == 0) continue;
            options.features.push_back(feature_definitions()[f].feature);
            columns.push_back(f);
        }
        const EventTensors some = event_tensors(lists, {}, options);
        std::vector<float> expected;
        for (std::size_t i = 0; i < all.tensor.mask.size(); ++i) {
            for (const std::size_t f : columns) {
                expected.push_back(all.tensor.values[7 * i + f]);
            }
        }
        expect(some.tensor.values == expected, "some features");
    }
}

void memory_of_another_size_is_refused() {
    const KnownJet known;
    std::vector<float> values(2 * 7);
    std::vector<std::uint8_t> mask(3);
    expect_refusal(
        [&] {
            constituent_features(known.jets(), known.constituents(), all_features(3),
                                 values, mask);
        },
        "values and mask must hold 21 and 3, got 14 and 3");
    FeatureOptions twice = all_features(3);
    twice.features.push_back(Feature::kLogPt);
    expect_refusal(
        [&] { (void)constituent_features(known.jets(), known.constituents(), twice); },
        "the feature 'log_pt' is named twice");
}

void bad_input_is_refused() {
    const RandomLists<float> random(2, 3, 2);
    const MomentumView three_jets = [] {
        static const std::vector<double> ones(3, 1.0);
        MomentumView view;
        view.columns.fill(std::span<const double>(ones));
        return view;
    }();
    const auto run = [&](const FeatureOptions& options) {
        (void)constituent_features(three_jets, random.view(), options);
    };
    expect_refusal([&] { run(all_features(4)); }, "got 2 lists and 3 jets");
    expect_refusal([&] { run(all_features(0)); },
                   "num_constituents must be >= 1, got 0");
    expect_refusal([&] { run({}); }, "at least one feature is needed");
    expect_refusal([] { (void)feature_from_name("charge"); },
                   "known are delta_rapidity");
}

void jets_with_a_short_column_are_refused() {
    const RandomLists<float> random(3, 2, 4);
    const std::vector<double> ones(3, 1.0);
    for (std::size_t c = 1; c < 4; ++c) {
        MomentumView jets;
        jets.columns.fill(std::span<const double>(ones));
        jets.columns[c] = std::span<const double>(ones).first(1);
        expect_refusal(
            [&] { (void)constituent_features(jets, random.view(), all_features(4)); },
            "constituent_features: jets: columns must have one length, got 3 and 1");
    }
}

}  // namespace

int main() {
    for (const int num_constituents : {1, 3, 100}) {
        event_tensors_are_features_of_leading_jets(num_constituents);
    }
    features_are_those_of_closed_form();
    every_choice_of_features_is_a_choice_of_columns();
    memory_of_another_size_is_refused();
    bad_input_is_refused();
    jets_with_a_short_column_are_refused();
    return failures;
}
