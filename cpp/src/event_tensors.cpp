#include "oddjet/event_tensors.hpp"

#include "oddjet/parallel.hpp"

namespace oddjet {

bool fill_event_row(const ParticleLists& events, std::size_t event,
                    const ClusterOptions& clustering, const FeatureOptions& features,
                    std::span<float> values, std::span<std::uint8_t> mask) {
    const Particles particles = read_list(events, event, "event_tensors");
    const std::vector<Jet> jets = cluster_event(particles, clustering);
    if (jets.empty() || !(pt_squared(jets.front().momentum) > 0.0)) return false;
    // By way of the coordinates in which jets are handed out, so that the features of
    // such jets come out the same to the last bit.
    const FourMomentum jet = four_momentum(collider_momentum(jets.front().momentum));
    const auto first = static_cast<std::size_t>(events.offsets[event]);
    const MomentumColumns kept =
        gather(events.particles, first, jets.front().constituents, mask.size());
    return !fill_features(jet, kept, features, values, mask);
}

EventTensors event_tensors(const ParticleLists& events,
                           const ClusterOptions& clustering,
                           const FeatureOptions& features, int threads) {
    check_options(clustering);
    check_options(features);
    check_lists(events, "event_tensors");
    check_threads(threads, "event_tensors");
    const auto slots = static_cast<std::size_t>(features.num_constituents);
    const std::size_t row = slots * features.features.size();
    EventTensors result{{std::vector<float>(events.size() * row),
                         std::vector<std::uint8_t>(events.size() * slots)},
                        std::vector<std::uint8_t>(events.size())};
    for_each_index(events.size(), threads, [&](std::size_t event) {
        const bool found =
            fill_event_row(events, event, clustering, features,
                           std::span(result.tensor.values).subspan(event * row, row),
                           std::span(result.tensor.mask).subspan(event * slots, slots));
        result.found[event] = found ? 1 : 0;
    });
    return result;
}

}  // namespace oddjet
