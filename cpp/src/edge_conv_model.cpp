#include <charconv>
#include <string>
#include <utility>

#include "message.hpp"
#include "oddjet/edge_conv.hpp"
#include "oddjet/key_values.hpp"
#include "onnx_constants.hpp"

namespace oddjet {
namespace {

constexpr std::string_view kKind = "kind = edge_conv\n";

template <class Number>
Number number(std::string_view text) {
    Number value{};
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        refuse("the description of its network has '", text, "' for a number");
    }
    return value;
}

/// The words of a value, in order.
class Words {
  public:
    explicit Words(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool empty() const { return rest_.empty(); }

    std::string_view next() {
        if (rest_.empty()) refuse("the description of its network ends too early");
        const std::size_t end = std::min(rest_.find(' '), rest_.size());
        const std::string_view word = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return word;
    }

  private:
    std::string_view rest_;
};

std::vector<std::size_t> sizes(std::string_view text) {
    std::vector<std::size_t> found;
    for (Words words(text); !words.empty();) {
        found.push_back(number<std::size_t>(words.next()));
    }
    return found;
}

/// Reads networks of the constants that a description names.
class Reader {
  public:
    explicit Reader(OnnxGraph graph)
        : graph_(std::move(graph)), facts_(parse_key_values(graph_.description)) {}

    [[nodiscard]] EdgeConvModel model() const {
        EdgeConvModel model;
        model.num_features = number<std::size_t>(fact("num_features"));
        model.neighbours = number<std::size_t>(fact("neighbours"));
        model.slope = number<float>(fact("slope"));
        const std::vector<std::size_t> columns = sizes(fact("coordinates"));
        if (columns.size() != 2) refuse("its network has not two coordinates");
        model.coordinates = {columns[0], columns[1]};
        const std::vector<std::size_t> members = sizes(fact("networks"));
        for (std::size_t fold = 0; fold < members.size(); ++fold) {
            std::vector<EdgeConvNetwork>& networks = model.folds.emplace_back();
            for (std::size_t member = 0; member < members[fold]; ++member) {
                networks.push_back(
                    network(fact(message("fold_", fold, ".network_", member))));
            }
        }
        if (facts_.contains("calibration")) model.calibration = calibration();
        return model;
    }

  private:
    [[nodiscard]] const std::string& fact(std::string_view key) const {
        const auto found = facts_.find(key);
        if (found == facts_.end()) {
            refuse("the description of its network has no '", key, "'");
        }
        return found->second;
    }

    [[nodiscard]] const OnnxConstant& constant(Words& names) const {
        const std::string_view name = names.next();
        const auto found = graph_.constants.find(name);
        if (found == graph_.constants.end()) {
            refuse("the description of its network names '", name,
                   "', which the graph does not have");
        }
        return found->second;
    }

    [[nodiscard]] LinearMap map(Words& names, bool has_bias = true) const {
        const OnnxConstant& weight = constant(names);
        if (weight.shape.size() != 2) refuse("a map of its network is no matrix");
        LinearMap map{weight.shape[0], weight.shape[1], weight.floats(), {}};
        map.bias =
            has_bias ? constant(names).floats() : std::vector<float>(map.outputs, 0.0F);
        return map;
    }

    [[nodiscard]] EdgeConvNetwork network(std::string_view text) const {
        Words names(text);
        EdgeConvNetwork network;
        network.mean = constant(names).floats();
        network.scale = constant(names).floats();
        for (const std::size_t layers : sizes(fact("layers"))) {
            EdgeConvBlock& block = network.blocks.emplace_back();
            block.center = map(names);
            block.neighbour = map(names, false);
            for (std::size_t i = 1; i < layers; ++i) block.layers.push_back(map(names));
            block.shortcut = map(names);
        }
        const auto dense = number<std::size_t>(fact("dense"));
        for (std::size_t i = 0; i < dense; ++i) network.dense.push_back(map(names));
        network.output = map(names);
        if (!names.empty()) {
            refuse("the description of its network names more than it has maps");
        }
        return network;
    }

    [[nodiscard]] CalibrationLines calibration() const {
        Words names(fact("calibration"));
        const OnnxConstant& knots = constant(names);
        if (knots.shape.size() != 2) refuse("the calibration has no knots a fold");
        CalibrationLines lines{knots.shape[1], knots.doubles(), {}, {}, {}};
        lines.anchor = constant(names).doubles();
        lines.value = constant(names).doubles();
        lines.slope = constant(names).doubles();
        return lines;
    }

    OnnxGraph graph_;
    KeyValues facts_;
};

}  // namespace

std::optional<EdgeConvModel> edge_conv_model(std::string_view onnx) {
    OnnxGraph graph = read_onnx_graph(onnx);
    if (!graph.description.starts_with(kKind)) return std::nullopt;
    return Reader(std::move(graph)).model();
}

}  // namespace oddjet
