#include "oddjet/event_tensors.hpp"

#include <algorithm>
#include <stdexcept>

#include "oddjet/parallel.hpp"

namespace oddjet {

namespace {

// Enough to make memory once for many, few enough to share the work.
constexpr std::size_t kEventsOfTask = 16;

/// The momenta with these indices, counted from `first`.
void gather_into(const MomentumView& view, std::size_t first,
                 const std::vector<std::int64_t>& indices, MomentumColumns& columns) {
    columns.coordinates = view.coordinates;
    for (std::size_t c = 0; c < 4; ++c) {
        columns.columns[c].clear();
        for (const std::int64_t i : indices) {
            const std::size_t place = first + static_cast<std::size_t>(i);
            columns.columns[c].push_back(view.columns[c][place]);
        }
    }
}

}  // namespace

EventRow::EventRow(const ClusterOptions& clustering, const FeatureOptions& features)
    : features_(features), leading_(clustering) {
    check_options(features);
    const auto slots = static_cast<std::size_t>(features.num_constituents);
    for (auto& column : kept_.columns) column.reserve(slots);
    scratch_.resize(feature_scratch(slots));
}

void EventRow::reserve(std::size_t particles) {
    leading_.reserve(particles);
    particles_.momenta.reserve(particles);
    particles_.pt.reserve(particles);
    for (auto& column : particles_.columns) column.reserve(particles);
}

bool EventRow::fill(const ParticleLists& events, std::size_t event,
                    std::span<float> values, std::span<std::uint8_t> mask) {
    read_list(events, event, "event_tensors", particles_);
    if (!leading_.find(particles_)) return false;
    if (!(pt_squared(leading_.momentum()) > 0.0)) return false;
    // In the coordinates in which jets are handed out, so that the features of such
    // jets come out the same to the last bit.
    const ColliderMomentum jet = collider_momentum(leading_.momentum());
    const auto first = static_cast<std::size_t>(events.offsets[event]);
    gather_into(events.particles, first, leading_.constituents(particles_, mask.size()),
                kept_);
    return !fill_features(jet, kept_, features_, values, mask, scratch_);
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
    const auto fill = [&](EventRow& work, std::size_t event) {
        try {
            const bool found =
                work.fill(events, event,
                          std::span(result.tensor.values).subspan(event * row, row),
                          std::span(result.tensor.mask).subspan(event * slots, slots));
            result.found[event] = found ? 1 : 0;
        } catch (const std::invalid_argument& error) {
            // Momenta are looked at before anything is written.
            if (!flags) throw;
            result.problems[event] = error.what();
        }
    };
    const std::size_t tasks = (events.size() + kEventsOfTask - 1) / kEventsOfTask;
    for_each_index(tasks, threads, [&](std::size_t task) {
        EventRow work(clustering, features);
        const std::size_t begin = task * kEventsOfTask;
        const std::size_t end = std::min(begin + kEventsOfTask, events.size());
        for (std::size_t event = begin; event < end; ++event) fill(work, event);
    });
    return result;
}

}  // namespace oddjet
