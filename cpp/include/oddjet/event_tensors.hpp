#pragma once

#include <cstdint>
#include <vector>

#include "oddjet/cluster.hpp"
#include "oddjet/constituent_features.hpp"
#include "oddjet/particles.hpp"

namespace oddjet {

/// A feature tensor with one row an event; found is zero where the event has no jet.
struct EventTensors {
    FeatureTensor tensor;
    std::vector<std::uint8_t> found;
};

/// Cluster every event and give the constituent features of its hardest jet, bit for
/// bit those of `cluster` followed by `constituent_features`. An event without a jet of
/// pt > 0 has zeros. Throws std::invalid_argument as these two do.
[[nodiscard]] EventTensors event_tensors(const ParticleLists& events,
                                         const ClusterOptions& clustering,
                                         const FeatureOptions& features,
                                         int threads = 1);

}  // namespace oddjet
