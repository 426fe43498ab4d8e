#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "oddjet/cluster.hpp"
#include "oddjet/constituent_features.hpp"
#include "oddjet/leading_jet.hpp"
#include "oddjet/particles.hpp"

namespace oddjet {

/// A feature tensor with one row an event; where found is zero, the row holds zeros.
struct EventTensors {
    FeatureTensor tensor;
    std::vector<std::uint8_t> found;
    std::vector<std::string> problems;  // one an event, empty where fine, if flagged
};

/// What an event with a momentum that is not finite or not physical does: it stops
/// everything, or it is not found and its problem is named.
enum class BadEvent { kThrow, kFlag };

/// Cluster every event and give the constituent features of its hardest jet, bit for
/// bit those of `cluster` followed by `constituent_features`. Not found: an event
/// without a jet of pt > 0, or whose jet keeps a (massive) constituent with pt = 0.
/// Throws std::invalid_argument: options, columns, offsets, momenta unless flagged.
[[nodiscard]] EventTensors event_tensors(const ParticleLists& events,
                                         const ClusterOptions& clustering,
                                         const FeatureOptions& features,
                                         int threads = 1,
                                         BadEvent bad_event = BadEvent::kThrow);

/// The same for one event after the other, in the memory of former ones.
class EventRow {
  public:
    /// Throws std::invalid_argument: options.
    EventRow(const ClusterOptions& clustering, const FeatureOptions& features);

    /// Allocates now what events of so many particles need.
    void reserve(std::size_t particles);

    /// Fills rows of values and mask that hold zeros; false where not found. Columns
    /// and offsets are not checked. Throws std::invalid_argument for momenta.
    bool fill(const ParticleLists& events, std::size_t event, std::span<float> values,
              std::span<std::uint8_t> mask);

  private:
    FeatureOptions features_;
    LeadingJet leading_;
    Particles particles_;
    MomentumColumns kept_;
    std::vector<double> scratch_;
};

}  // namespace oddjet
