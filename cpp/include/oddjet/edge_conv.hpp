#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace oddjet {

/// outputs = inputs * weight + bias.
struct LinearMap {
    std::size_t inputs = 0;
    std::size_t outputs = 0;
    std::vector<float> weight;  // [input, output]
    std::vector<float> bias;    // [output]
};

/// Messages activated(center(x_i) + neighbour(x_j)), mapped and activated by each
/// layer, their mean over j, and activated(mean + shortcut(x_i)). Batch norm is folded.
struct EdgeConvBlock {
    LinearMap center, neighbour;
    std::vector<LinearMap> layers;
    LinearMap shortcut;
};

/// Features are shifted and scaled; what goes into the dense layers is the mean over
/// constituents of the features and of the outputs of each block.
struct EdgeConvNetwork {
    std::vector<float> mean, scale;
    std::vector<EdgeConvBlock> blocks;
    std::vector<LinearMap> dense;
    LinearMap output;  // one logit
};

/// value + slope * (logit - anchor) of the line that a fold's logit is on: their number
/// is that of the knots that it has reached.
struct CalibrationLines {
    std::size_t num_knots = 0;
    std::vector<double> knots;                 // [fold, knot]
    std::vector<double> anchor, value, slope;  // [fold, line]
};

/// What an EdgeConv model computes; see oddjet.learn.models.edge_conv for the network.
struct EdgeConvModel {
    std::size_t num_features = 0;
    std::size_t neighbours = 0;
    float slope = 0.0F;                                // of activations below zero
    std::array<std::size_t, 2> coordinates = {};       // columns: who is near at first
    std::vector<std::vector<EdgeConvNetwork>> folds;   // a fold's output is the logit
    std::optional<CalibrationLines> calibration = {};  // of its mean probability
};

/// Features of jets: values[jet, slot, feature], of which the first counts[jet] slots
/// are constituents.
struct ConstituentRows {
    std::span<const float> values;
    std::size_t slots = 0;
    std::span<const std::int64_t> counts;
};

/// The model that oddjet wrote into the bytes of an .onnx file, or nothing if it is of
/// another kind. Reads no more of the format than that. Throws std::invalid_argument:
/// a description that contradicts itself.
[[nodiscard]] std::optional<EdgeConvModel> edge_conv_model(std::string_view onnx);

/// Scores jets without ONNX Runtime, of any length and without padding. What is done
/// with a constituent stays in cache from its features to the mean over the jet. As the
/// graph does to rounding, and bit for bit the same in any company and on any number of
/// threads. May be used from several threads at once.
class EdgeConvScorer {
  public:
    /// Throws std::invalid_argument: maps that do not fit each other.
    explicit EdgeConvScorer(const EdgeConvModel& model);
    ~EdgeConvScorer();
    EdgeConvScorer(EdgeConvScorer&&) noexcept;
    EdgeConvScorer& operator=(EdgeConvScorer&&) noexcept;

    [[nodiscard]] std::size_t folds() const;
    [[nodiscard]] std::size_t num_features() const;

    /// score[jet], the mean over folds, and fold_scores[jet, fold]; NaN for a jet
    /// without constituents. Throws std::invalid_argument: sizes that do not fit.
    void score(const ConstituentRows& jets, int threads, std::span<float> score,
               std::span<float> fold_scores) const;

  private:
    class Implementation;
    std::unique_ptr<const Implementation> implementation_;
};

}  // namespace oddjet
