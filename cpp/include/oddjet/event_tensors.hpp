#pragma once

#include <cstdint>
#include <vector>

#include "oddjet/cluster.hpp"
#include "oddjet/constituent_features.hpp"
#include "oddjet/particles.hpp"

namespace oddjet {

/// A feature tensor with one row an event; where found is zero, the row holds zeros.
struct EventTensors {
    FeatureTensor tensor;
    std::vector<std::uint8_t> found;
};

/// Cluster every event and give the constituent features of its hardest jet, bit for
/// bit those of `cluster` followed by `constituent_features`. Not found: an event
/// without a jet of pt > 0, or whose jet keeps a (massive) constituent with pt = 0.
/// Throws std::invalid_argument: options, columns, offsets, momenta.
[[nodiscard]] EventTensors event_tensors(const ParticleLists& events,
                                         const ClusterOptions& clustering,
                                         const FeatureOptions& features,
                                         int threads = 1);

}  // namespace oddjet
