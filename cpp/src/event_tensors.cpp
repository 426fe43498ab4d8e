#include "oddjet/event_tensors.hpp"

#include <stdexcept>

#include "oddjet/leading_jet.hpp"
#include "oddjet/parallel.hpp"

namespace oddjet {

bool fill_event_row(const ParticleLists& events, std::size_t event,
                    const ClusterOptions& clustering, const FeatureOptions& features,
                    std::span<float> values, std::span<std::uint8_t> mask) {
    const Particles particles = read_list(events, event, "event_tensors");
    LeadingJet leading;
    if (!leading.find(particles, clustering)) return false;
    if (!(pt_squared(leading.momentum()) > 0.0)) return false;
    // By way of the coordinates in which jets are handed out, so that the features of
    // such jets come out the same to the last bit.
    const FourMomentum jet = four_momentum(collider_momentum(leading.momentum()));
    const auto first = static_cast<std::size_t>(events.offsets[event]);
    const MomentumColumns kept =
        gather(events.particles, first, leading.constituents(particles, mask.size()),
               mask.size());
    return !fill_features(jet, kept, features, values, mask);
}

EventTensors event_tensors(const ParticleLists& events,
                           const ClusterOptions& clustering,
                           const FeatureOptions& features, int threads,
                           BadEvent bad_event) {
    check_options(clustering);
    check_options(features);
    check_lists(events, "event_tensors");
    check_threads(threads, "event_tensors");
    const auto slots = static_cast<std::size_t>(features.num_constituents);
    const std::size_t row = slots * features.features.size();
    const bool flags = bad_event == BadEvent::kFlag;
    EventTensors result{{std::vector<float>(events.size() * row),
                         std::vector<std::uint8_t>(events.size() * slots)},
                        std::vector<std::uint8_t>(events.size()),
                        std::vector<std::string>(flags ? events.size() : 0)};
    for_each_index(events.size(), threads, [&](std::size_t event) {
        try {
            const bool found = fill_event_row(
                events, event, clustering, features,
                std::span(result.tensor.values).subspan(event * row, row),
                std::span(result.tensor.mask).subspan(event * slots, slots));
            result.found[event] = found ? 1 : 0;
        } catch (const std::invalid_argument& error) {
            // Momenta are looked at before anything is written.
            if (!flags) throw;
            result.problems[event] = error.what();
        }
    });
    return result;
}

}  // namespace oddjet
