#include "oddjet/edge_conv.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "edge_conv_blocks.hpp"
#include "message.hpp"
#include "oddjet/parallel.hpp"

namespace oddjet {
namespace {

// Jets whose dense layers are computed together: their weights are read once.
constexpr std::size_t kGroup = 16;

/// A network with its maps packed.
struct PackedNetwork {
    std::vector<float> mean, scale;
    std::vector<PackedBlock> blocks;
    std::vector<PackedLayer> dense;  // the output is the last
    std::size_t pooled = 0;          // numbers that go into the dense layers
};

void check(bool fits, std::string_view what) {
    if (!fits) refuse("EdgeConvScorer: ", what, " does not fit the rest of the model");
}

void check_map(const LinearMap& map, std::size_t inputs, std::size_t outputs,
               std::string_view what) {
    check(map.inputs == inputs && map.outputs == outputs &&
              map.weight.size() == inputs * outputs && map.bias.size() == outputs,
          what);
}

PackedBlock packed(const EdgeConvBlock& block, std::size_t inputs) {
    std::size_t width = block.center.outputs;
    check_map(block.center, inputs, width, "a first layer");
    check_map(block.neighbour, inputs, width, "a first layer");
    PackedBlock result{pack(block.center), pack(block.neighbour), {}, {}, 0, 0};
    result.widest = padded(width);
    for (const LinearMap& layer : block.layers) {
        check_map(layer, width, layer.outputs, "a layer");
        result.layers.push_back(pack(layer));
        width = layer.outputs;
        result.widest = std::max(result.widest, padded(width));
    }
    check_map(block.shortcut, inputs, width, "a shortcut");
    result.shortcut = pack(block.shortcut);
    result.width = width;
    return result;
}

PackedNetwork packed(const EdgeConvNetwork& network, std::size_t num_features) {
    check(network.mean.size() == num_features && network.scale.size() == num_features,
          "the standardisation");
    PackedNetwork result{network.mean, network.scale, {}, {}, num_features};
    std::size_t width = num_features;
    for (const EdgeConvBlock& block : network.blocks) {
        result.blocks.push_back(packed(block, width));
        width = result.blocks.back().width;
        result.pooled += width;
    }
    width = result.pooled;
    for (const LinearMap& map : network.dense) {
        check_map(map, width, map.outputs, "a dense layer");
        result.dense.push_back(pack(map));
        width = map.outputs;
    }
    check_map(network.output, width, 1, "the output");
    result.dense.push_back(pack(network.output));
    return result;
}

/// log(p / (1 - p)) of the mean probability p of several networks, which keeps its
/// digits where the p are nearly one.
float mean_logit(std::span<const float> logits) {
    if (logits.size() == 1) return logits[0];
    float signal = 0.0F;
    float control = 0.0F;
    for (const float z : logits) {
        signal += 1.0F / (1.0F + std::exp(-z));
        control += 1.0F / (1.0F + std::exp(z));
    }
    constexpr float least = 1e-37F;
    return std::log(std::max(signal, least)) - std::log(std::max(control, least));
}

float calibrated(const CalibrationLines& lines, std::size_t fold, float logit) {
    const auto knots =
        std::span(lines.knots).subspan(fold * lines.num_knots, lines.num_knots);
    const double x = logit;
    const auto reached = std::ranges::upper_bound(knots, x) - knots.begin();
    const std::size_t line =
        fold * (lines.num_knots + 1) + static_cast<std::size_t>(reached);
    return static_cast<float>(lines.value[line] +
                              lines.slope[line] * (x - lines.anchor[line]));
}

}  // namespace

class EdgeConvScorer::Implementation {
  public:
    explicit Implementation(const EdgeConvModel& model)
        : num_features_(model.num_features),
          neighbours_(model.neighbours),
          slope_(model.slope),
          coordinates_(model.coordinates),
          calibration_(model.calibration) {
        check(neighbours_ >= 1 && !model.folds.empty() &&
                  std::ranges::max(coordinates_) < num_features_,
              "the design");
        for (const std::vector<EdgeConvNetwork>& members : model.folds) {
            check(!members.empty(), "a fold");
            std::vector<PackedNetwork>& fold = folds_.emplace_back();
            for (const EdgeConvNetwork& one : members) {
                fold.push_back(packed(one, num_features_));
            }
        }
        if (!calibration_) return;
        const std::size_t lines = folds() * (calibration_->num_knots + 1);
        check(calibration_->knots.size() == folds() * calibration_->num_knots &&
                  calibration_->anchor.size() == lines &&
                  calibration_->value.size() == lines &&
                  calibration_->slope.size() == lines,
              "the calibration");
    }

    [[nodiscard]] std::size_t folds() const { return folds_.size(); }
    [[nodiscard]] std::size_t num_features() const { return num_features_; }

    /// Scores some jets, of which none is empty.
    void score(const ConstituentRows& jets, std::span<const std::size_t> some,
               std::span<float> score, std::span<float> fold_scores) const {
        EdgeConvRoom room(neighbours_);
        std::vector<std::vector<std::uint32_t>> nearest(some.size());
        for (std::size_t i = 0; i < some.size(); ++i) {
            nearest[i] = in_plane(jets, some[i], room);
        }
        std::vector<float> logits;
        for (std::size_t fold = 0; fold < folds(); ++fold) {
            logits.clear();
            for (const PackedNetwork& network : folds_[fold]) {
                append_logits(network, jets, some, nearest, room, logits);
            }
            give(fold, logits, some, fold_scores);
        }
        for (const std::size_t jet : some) {
            const auto own = fold_scores.subspan(jet * folds(), folds());
            float sum = 0.0F;
            for (const float value : own) sum += value;
            score[jet] = sum / static_cast<float>(folds());
        }
    }

  private:
    [[nodiscard]] std::size_t count(const ConstituentRows& jets,
                                    std::size_t jet) const {
        return static_cast<std::size_t>(jets.counts[jet]);
    }

    [[nodiscard]] const float* values(const ConstituentRows& jets,
                                      std::size_t jet) const {
        return jets.values.data() + jet * jets.slots * num_features_;
    }

    [[nodiscard]] std::vector<std::uint32_t> in_plane(const ConstituentRows& jets,
                                                      std::size_t jet,
                                                      EdgeConvRoom& room) const {
        room.start(count(jets, jet));
        room.find_in_plane(values(jets, jet), num_features_, coordinates_);
        return room.neighbours();
    }

    /// Of one network: logits[jet] after those of others.
    void append_logits(const PackedNetwork& network, const ConstituentRows& jets,
                       std::span<const std::size_t> some,
                       std::span<const std::vector<std::uint32_t>> nearest,
                       EdgeConvRoom& room, std::vector<float>& logits) const {
        std::vector<float> pooled(some.size() * network.pooled);
        for (std::size_t i = 0; i < some.size(); ++i) {
            room.start(count(jets, some[i]));
            room.standardise(values(jets, some[i]), network.mean, network.scale);
            float* means = room.pool(num_features_, &pooled[i * network.pooled]);
            for (std::size_t b = 0; b < network.blocks.size(); ++b) {
                const PackedBlock& block = network.blocks[b];
                if (b == 0) {
                    room.take(nearest[i]);
                } else {
                    room.find_in_space();
                }
                room.apply(block, slope_);
                means = room.pool(block.width, means);
            }
        }
        std::vector<float> hidden;
        std::size_t stride = network.pooled;
        for (const PackedLayer& layer : network.dense) {
            const float slope = &layer == &network.dense.back() ? kLinear : slope_;
            hidden.resize(some.size() * layer.outputs);
            network_path().map(layer, slope, pooled.data(), stride, some.size(),
                               hidden.data());
            std::swap(pooled, hidden);
            stride = layer.outputs;
        }
        for (std::size_t i = 0; i < some.size(); ++i)
            logits.push_back(pooled[i * stride]);
    }

    /// The fold's score of each jet, of logits[network, jet].
    void give(std::size_t fold, std::span<const float> logits,
              std::span<const std::size_t> some, std::span<float> fold_scores) const {
        std::vector<float> own(folds_[fold].size());
        for (std::size_t i = 0; i < some.size(); ++i) {
            for (std::size_t m = 0; m < own.size(); ++m) {
                own[m] = logits[m * some.size() + i];
            }
            const float logit = mean_logit(own);
            fold_scores[some[i] * folds() + fold] =
                calibration_ ? calibrated(*calibration_, fold, logit) : logit;
        }
    }

    std::size_t num_features_;
    std::size_t neighbours_;
    float slope_;
    std::array<std::size_t, 2> coordinates_;
    std::optional<CalibrationLines> calibration_;
    std::vector<std::vector<PackedNetwork>> folds_;
};

EdgeConvScorer::EdgeConvScorer(const EdgeConvModel& model)
    : implementation_(std::make_unique<Implementation>(model)) {}
EdgeConvScorer::~EdgeConvScorer() = default;
EdgeConvScorer::EdgeConvScorer(EdgeConvScorer&&) noexcept = default;
EdgeConvScorer& EdgeConvScorer::operator=(EdgeConvScorer&&) noexcept = default;

std::size_t EdgeConvScorer::folds() const { return implementation_->folds(); }
std::size_t EdgeConvScorer::num_features() const {
    return implementation_->num_features();
}

void EdgeConvScorer::score(const ConstituentRows& jets, int threads,
                           std::span<float> score, std::span<float> fold_scores) const {
    check_threads(threads, "EdgeConvScorer");
    const std::size_t size = jets.counts.size();
    if (jets.values.size() != size * jets.slots * num_features() ||
        score.size() != size || fold_scores.size() != size * folds()) {
        refuse("EdgeConvScorer: ", size, " counts do not fit ", jets.values.size(),
               " values of ", jets.slots, " slots");
    }
    std::vector<std::size_t> filled;
    for (std::size_t jet = 0; jet < size; ++jet) {
        const std::int64_t count = jets.counts[jet];
        if (count < 0 || static_cast<std::size_t>(count) > jets.slots) {
            refuse("EdgeConvScorer: count of jet ", jet, " must be between 0 and ",
                   jets.slots, ", got ", count);
        }
        if (count > 0) filled.push_back(jet);
    }
    std::ranges::fill(score, std::numeric_limits<float>::quiet_NaN());
    std::ranges::fill(fold_scores, std::numeric_limits<float>::quiet_NaN());
    const std::size_t groups = (filled.size() + kGroup - 1) / kGroup;
    for_each_index(groups, threads, [&](std::size_t group) {
        const std::size_t first = group * kGroup;
        const auto some = std::span<const std::size_t>(filled).subspan(
            first, std::min(kGroup, filled.size() - first));
        implementation_->score(jets, some, score, fold_scores);
    });
}

}  // namespace oddjet
