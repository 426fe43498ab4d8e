#include "edge_conv_blocks.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "vector_width.hpp"

namespace oddjet {
namespace {

// Constituents whose messages are mapped together, so that they stay in the first level
// of cache: whole tiles of rows on every path.
constexpr std::size_t kTogether = 6;

constexpr float kFar = std::numeric_limits<float>::infinity();

/// Walk through the panels of so many padded outputs: panel(first output, its width).
template <class Panel>
void for_each_panel(std::size_t outputs, const Panel& panel) {
    std::size_t width = network_path().widest_panel;
    for (std::size_t first = 0; first < outputs; first += width) {
        while (width > outputs - first) width /= 2;
        panel(first, width);
    }
}

/// Columns of rows as a linear map: the weight of (column, row) is row's column.
void pack_rows(const float* rows, std::size_t n, std::size_t width, std::size_t stride,
               PackedLayer& layer) {
    layer.inputs = width;
    layer.outputs = padded(n);
    layer.bias.assign(layer.outputs, 0.0F);
    layer.panels.resize(layer.inputs * layer.outputs);
    for_each_panel(layer.outputs, [&](std::size_t first, std::size_t panel) {
        float* weights = layer.panels.data() + first * width;
        for (std::size_t i = 0; i < panel; ++i) {
            const bool is_real = first + i < n;
            for (std::size_t c = 0; c < width; ++c) {
                weights[c * panel + i] =
                    is_real ? rows[(first + i) * stride + c] : 0.0F;
            }
        }
    });
}

ODDJET_VECTOR_WIDTHS
void sum_columns(const float* __restrict rows, std::size_t n, std::size_t stride,
                 float* __restrict sums) {
    for (std::size_t c = 0; c < stride; ++c) sums[c] = rows[c];
    for (std::size_t i = 1; i < n; ++i) {
        for (std::size_t c = 0; c < stride; ++c) sums[c] += rows[i * stride + c];
    }
}

ODDJET_VECTOR_WIDTHS
void plane_distances(const float* __restrict x, const float* __restrict y,
                     std::size_t n, std::size_t stride, float* __restrict distances) {
    for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t i = 0; i < stride; ++i) {
            const float across = x[i] - x[j];
            const float along = y[i] - y[j];
            distances[j * stride + i] = across * across + along * along;
        }
    }
}

/// Turn products a.b, in distances[b, a], into b.b/2 - a.b.
ODDJET_VECTOR_WIDTHS
void space_distances(const float* __restrict half_norms, std::size_t n,
                     std::size_t stride, float* __restrict distances) {
    for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t i = 0; i < stride; ++i) {
            distances[j * stride + i] = half_norms[j] - distances[j * stride + i];
        }
    }
}

/// centred = rows - centre.
ODDJET_VECTOR_WIDTHS
void centre_rows(const float* __restrict rows, const float* __restrict centre,
                 std::size_t n, std::size_t stride, float* __restrict centred) {
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t c = 0; c < stride; ++c) {
            centred[i * stride + c] = rows[i * stride + c] - centre[c];
        }
    }
}

/// The messages of some constituents: activated(center + neighbour).
ODDJET_VECTOR_WIDTHS
void start_messages(const float* __restrict center, const float* __restrict neighbour,
                    std::size_t stride, const std::uint32_t* __restrict neighbours,
                    std::size_t count, std::size_t k, float slope,
                    float* __restrict messages) {
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t t = 0; t < k; ++t) {
            const float* other = neighbour + neighbours[i * k + t] * stride;
            float* to = messages + (i * k + t) * stride;
            for (std::size_t c = 0; c < stride; ++c) {
                const float x = center[i * stride + c] + other[c];
                to[c] = x < 0.0F ? slope * x : x;
            }
        }
    }
}

/// rows = activated(mean over k messages + rows).
ODDJET_VECTOR_WIDTHS
void end_messages(const float* __restrict messages, std::size_t stride,
                  std::size_t count, std::size_t k, float slope,
                  float* __restrict rows) {
    const float share = 1.0F / static_cast<float>(k);
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t first = 0; first < stride; first += kPadding) {
            float sums[kPadding] = {};
            for (std::size_t t = 0; t < k; ++t) {
                const float* from = messages + (i * k + t) * stride + first;
                for (std::size_t c = 0; c < kPadding; ++c) sums[c] += from[c];
            }
            float* to = rows + i * stride + first;
            for (std::size_t c = 0; c < kPadding; ++c) {
                const float x = sums[c] * share + to[c];
                to[c] = x < 0.0F ? slope * x : x;
            }
        }
    }
}

/// What a constituent without neighbours has: its shortcut alone.
ODDJET_VECTOR_WIDTHS
void activate(std::span<float> rows, float slope) {
    for (float& x : rows) x = x < 0.0F ? slope * x : x;
}

}  // namespace

PackedLayer pack(const LinearMap& map) {
    PackedLayer layer;
    layer.inputs = map.inputs;
    layer.outputs = padded(map.outputs);
    layer.bias = map.bias;
    layer.bias.resize(layer.outputs);
    layer.panels.resize(layer.inputs * layer.outputs);
    for_each_panel(layer.outputs, [&](std::size_t first, std::size_t width) {
        float* panel = layer.panels.data() + first * map.inputs;
        const std::size_t real =
            std::min(width, map.outputs - std::min(first, map.outputs));
        for (std::size_t i = 0; i < map.inputs; ++i) {
            std::copy_n(map.weight.data() + i * map.outputs + first, real,
                        panel + i * width);
        }
    });
    return layer;
}

void EdgeConvRoom::start(std::size_t n) {
    n_ = n;
    k_ = std::min(most_, n - 1);
}

void EdgeConvRoom::standardise(const float* features, std::span<const float> mean,
                               std::span<const float> scale) {
    width_ = mean.size();
    stride_ = padded(width_);
    rows_.assign(n_ * stride_, 0.0F);
    for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t c = 0; c < width_; ++c) {
            rows_[i * stride_ + c] = (features[i * width_ + c] - mean[c]) / scale[c];
        }
    }
}

float* EdgeConvRoom::pool(std::size_t width, float* means) {
    centre_.resize(stride_);
    sum_columns(rows_.data(), n_, stride_, centre_.data());
    for (float& sum : centre_) sum /= static_cast<float>(n_);
    return std::copy_n(centre_.data(), width, means);
}

void EdgeConvRoom::find_in_plane(const float* features, std::size_t num_features,
                                 const std::array<std::size_t, 2>& columns) {
    const std::size_t stride = padded(n_);
    centred_.assign(2 * stride, 0.0F);
    for (std::size_t axis = 0; axis < 2; ++axis) {
        for (std::size_t i = 0; i < n_; ++i) {
            centred_[axis * stride + i] = features[i * num_features + columns[axis]];
        }
    }
    distances_.resize(n_ * stride);
    plane_distances(centred_.data(), centred_.data() + stride, n_, stride,
                    distances_.data());
    find_nearest();
}

void EdgeConvRoom::find_in_space() {
    const std::size_t stride = padded(n_);
    centred_.resize(n_ * stride_);
    centre_rows(rows_.data(), centre_.data(), n_, stride_, centred_.data());
    pack_rows(centred_.data(), n_, width_, stride_, others_);
    distances_.resize(n_ * stride);
    network_path().map(others_, kLinear, centred_.data(), stride_, n_,
                       distances_.data());
    nearest_room_.resize(n_);
    for (std::size_t i = 0; i < n_; ++i) {
        nearest_room_[i] = 0.5F * distances_[i * stride + i];
    }
    space_distances(nearest_room_.data(), n_, stride, distances_.data());
    find_nearest();
}

void EdgeConvRoom::find_nearest() {
    const std::size_t stride = padded(n_);
    neighbours_.resize(n_ * k_);
    if (k_ == 0) return;
    for (std::size_t i = 0; i < n_; ++i) distances_[i * stride + i] = kFar;
    nearest_room_.resize(2 * k_ * kPadding);
    network_path().nearest(distances_.data(), stride, n_, k_, nearest_room_.data(),
                           neighbours_.data());
}

void EdgeConvRoom::apply(const PackedBlock& block, float slope) {
    const NetworkPath& path = network_path();
    const std::size_t first = block.center.outputs;
    const std::size_t last = block.shortcut.outputs;
    next_.resize(n_ * last);
    path.map(block.shortcut, kLinear, rows_.data(), stride_, n_, next_.data());
    if (k_ == 0) activate(next_, slope);
    center_.resize(n_ * first);
    neighbour_.resize(n_ * first);
    path.map(block.center, kLinear, rows_.data(), stride_, n_, center_.data());
    path.map(block.neighbour, kLinear, rows_.data(), stride_, n_, neighbour_.data());
    messages_.resize(kTogether * k_ * block.widest);
    mapped_.resize(messages_.size());
    for (std::size_t i = 0; i < n_ && k_ > 0; i += kTogether) {
        const std::size_t count = std::min(kTogether, n_ - i);
        start_messages(&center_[i * first], neighbour_.data(), first,
                       &neighbours_[i * k_], count, k_, slope, messages_.data());
        std::size_t stride = first;
        for (const PackedLayer& layer : block.layers) {
            path.map(layer, slope, messages_.data(), stride, count * k_,
                     mapped_.data());
            std::swap(messages_, mapped_);
            stride = layer.outputs;
        }
        end_messages(messages_.data(), last, count, k_, slope, &next_[i * last]);
    }
    std::swap(rows_, next_);
    width_ = block.width;
    stride_ = last;
}

}  // namespace oddjet
