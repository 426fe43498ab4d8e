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
    bad_input_is_refused();
    jets_with_a_short_column_are_refused();
    return failures;
}
