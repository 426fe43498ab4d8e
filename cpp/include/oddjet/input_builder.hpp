#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "oddjet/event_tensors.hpp"
#include "oddjet/feature_spec.hpp"
#include "oddjet/kinematics.hpp"
#include "oddjet/particles.hpp"

namespace oddjet {

/// Whether a row holds a jet, or why it is empty and its scores will be NaN.
enum class RowStatus {
    kFilled,
    kNoJet,           // the event has no jet that could be scored
    kNoConstituents,  // of the jet
    kZeroPt,          // the jet, or a constituent that the model would see, has no pt
};

/// Fills the inputs of a model, row by row, from four-momenta: bit for bit what
/// Python's Scorer feeds. One builder a thread.
class InputBuilder {
  public:
    /// Room for so many rows. Throws std::invalid_argument for none.
    explicit InputBuilder(const FeatureSpec& spec, std::size_t capacity = 1);

    /// Empties it. Allocates nothing.
    void clear();

    /// Adds a row with the features of a jet. Allocates nothing while the jet has at
    /// most `most_particles()` constituents. Throws std::invalid_argument: a momentum
    /// that is not finite or not physical, or a row beyond the capacity.
    RowStatus add_jet(const JetMomentum& jet, const MomentumView& constituents);

    /// Adds a row with the leading jet of an event, clustered as the model asks.
    /// Allocates nothing while the event has at most `most_particles()`. Throws as
    /// above.
    RowStatus add_event(const MomentumView& particles);

    [[nodiscard]] std::size_t capacity() const { return capacity_; }
    [[nodiscard]] std::size_t size() const { return status_.size(); }
    [[nodiscard]] std::size_t slots() const { return slots_; }
    [[nodiscard]] std::size_t num_features() const { return options_.features.size(); }
    [[nodiscard]] std::size_t most_particles() const { return order_.capacity(); }

    /// values[slot, feature] of a row, hardest constituent first, zero beyond `count`.
    [[nodiscard]] std::span<const float> values(std::size_t row) const;
    /// Those of all rows, one after the other.
    [[nodiscard]] std::span<const float> all_values() const;
    /// Constituents of a row.
    [[nodiscard]] std::size_t count(std::size_t row) const { return counts_[row]; }
    [[nodiscard]] RowStatus status(std::size_t row) const { return status_[row]; }

  private:
    void start_row();
    RowStatus finish_row(RowStatus status);
    void keep_hardest(const MomentumView& constituents);
    [[nodiscard]] std::span<float> last_values();

    FeatureOptions options_;
    std::size_t capacity_;
    std::size_t slots_;
    std::vector<float> values_;
    std::vector<std::size_t> counts_;
    std::vector<RowStatus> status_;
    std::vector<std::uint8_t> mask_;  // of the row that is being filled
    // Room to work in.
    EventRow event_;
    std::vector<std::int64_t> order_;
    std::vector<double> pt_;
    MomentumColumns kept_;
    std::vector<double> scratch_;
};

}  // namespace oddjet
