#pragma once

// The one place that knows ONNX Runtime. It is compiled by who uses it, against the
// ONNX Runtime that is there: oddjet's own library stays free of it.
#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "oddjet/edge_conv.hpp"
#include "oddjet/feature_spec.hpp"
#include "oddjet/input_builder.hpp"
#include "oddjet/key_values.hpp"
#include "oddjet/model_texts.hpp"
#include "oddjet/sha256.hpp"

namespace oddjet {

/// A model file that cannot be used; says why.
class ModelError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Scores of the rows of an InputBuilder: NaN where a row is empty.
struct Scores {
    std::size_t folds = 0;
    std::vector<float> score;        // mean over folds
    std::vector<float> fold_scores;  // [row, fold]
};

/// Scores jets with a model file of oddjet: bit for bit as Python's Scorer does with
/// the same ONNX Runtime on the same processor. EdgeConv networks are computed by
/// oddjet's own kernel, others by ONNX Runtime. All const members may be called from
/// several threads at once, each with its own InputBuilder and Scores; a call works on
/// the thread that makes it.
class Scorer {
  public:
    /// Throws ModelError: no such file, no model of oddjet, one whose bytes differ from
    /// its digest, or one that these kernels or, where it is needed, this ONNX Runtime
    /// cannot run.
    explicit Scorer(const std::string& model);

    /// Jets and features that the model takes; make InputBuilders of it.
    [[nodiscard]] const FeatureSpec& spec() const { return spec_; }
    [[nodiscard]] std::size_t folds() const { return folds_; }

    /// Text of the file: "working_points", "provenance", "digest" and others.
    [[nodiscard]] const std::string& text(std::string_view key) const;

    /// An event is selected if its score is above this. Throws ModelError for an
    /// unknown name.
    [[nodiscard]] float threshold(std::string_view working_point) const;

    /// Scores all rows. Scores keeps its memory from call to call.
    void score(const InputBuilder& inputs, Scores& scores) const;

  private:
    static std::string checked_bytes(const std::string& model);
    void read_texts(const std::string& bytes);
    void open_session(const std::string& bytes);
    void score_in_runs(const InputBuilder& inputs, Scores& scores) const;
    void run(const float* values, std::span<const std::size_t> rows, std::size_t length,
             Scores& scores) const;

    // A run's widest activations take this much at most, as in Python: they stay in
    // the second level of cache.
    static constexpr std::size_t kActivationBytes = std::size_t{1} << 19;
    static constexpr std::size_t kMostRows = 64;

    KeyValues texts_;
    FeatureSpec spec_;
    KeyValues working_points_;
    std::size_t folds_ = 0;
    std::size_t bytes_per_constituent_ = 1;
    std::optional<EdgeConvScorer> kernel_;
    std::optional<Ort::Env> env_;  // where there is no kernel
    std::optional<Ort::Session> session_;
};

inline Scorer::Scorer(const std::string& model) {
    const std::string bytes = checked_bytes(model);
    const auto refuse = [&](const std::exception& error) {
        throw ModelError("cannot use the model " + model + ": " + error.what());
    };
    try {
        read_texts(bytes);
        if (const auto network = edge_conv_model(bytes)) {
            kernel_.emplace(*network);
        } else {
            open_session(bytes);
        }
    } catch (const std::invalid_argument& error) {
        refuse(error);
    } catch (const Ort::Exception& error) {
        refuse(error);
    }
}

inline void Scorer::open_session(const std::string& bytes) {
    if (OrtGetApiBase()->GetApi(ORT_API_VERSION) == nullptr) {
        throw ModelError(std::string("ONNX Runtime ") +
                         OrtGetApiBase()->GetVersionString() +
                         " is older than the headers this was compiled with");
    }
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(1);
    options.SetInterOpNumThreads(1);
    options.SetDeterministicCompute(true);
    options.DisableMemPattern();
    env_.emplace(ORT_LOGGING_LEVEL_ERROR, "oddjet");
    session_.emplace(*env_, bytes.data(), bytes.size(), options);
}

/// The content of a file. What has no digest is no model of oddjet, and is told so
/// where its texts are read.
inline std::string Scorer::checked_bytes(const std::string& model) {
    std::ifstream file(model, std::ios::binary);
    if (!file) throw ModelError("cannot use the model " + model + ": cannot be read");
    std::string bytes{std::istreambuf_iterator<char>(file), {}};
    // Key and value as protobuf writes them: a tag, and 64 as the length of the value.
    constexpr std::string_view key = "oddjet.file_digest\x12\x40";
    constexpr std::size_t digits = 64;
    const std::size_t found = bytes.rfind(key);
    if (found == std::string::npos || found + key.size() + digits > bytes.size()) {
        return bytes;
    }
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(found + key.size());
    const std::string digest(place, place + digits);
    std::fill_n(place, digits, '0');
    if (sha256(bytes) != digest) {
        throw ModelError("cannot use the model " + model +
                         ": it is damaged or was edited, its bytes differ from its own "
                         "digest; take a new copy or export it again");
    }
    return bytes;
}

inline void Scorer::read_texts(const std::string& bytes) {
    const KeyValues all = model_texts(bytes);
    for (const char* key :
         {"format_version", "feature_spec", "unit", "folds", "working_points",
          "bytes_per_constituent", "provenance", "digest", "file_digest"}) {
        const std::string name = std::string("oddjet.") + key;
        const auto found = all.find(name);
        if (found == all.end()) throw std::invalid_argument("it has no " + name);
        texts_[key] = found->second;
    }
    if (text("format_version") != "1") {
        throw std::invalid_argument("it has model format " + text("format_version") +
                                    ", this oddjet reads format 1");
    }
    spec_ = feature_spec_from_text(text("feature_spec"));
    working_points_ = parse_key_values(text("working_points"));
    folds_ = std::stoul(text("folds"));
    bytes_per_constituent_ = std::stoul(text("bytes_per_constituent"));
}

inline const std::string& Scorer::text(std::string_view key) const {
    const auto found = texts_.find(key);
    if (found == texts_.end()) {
        throw ModelError("a model has no text '" + std::string(key) + "'");
    }
    return found->second;
}

inline float Scorer::threshold(std::string_view working_point) const {
    const auto found = working_points_.find(std::string(working_point) + ".threshold");
    if (found == working_points_.end()) {
        throw ModelError("the model has no working point '" +
                         std::string(working_point) + "'");
    }
    // As Python reads it, and in any locale.
    double value = 0.0;
    const std::string& digits = found->second;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return static_cast<float>(value);
}

inline void Scorer::score(const InputBuilder& inputs, Scores& scores) const {
    scores.folds = folds_;
    const float nan = std::numeric_limits<float>::quiet_NaN();
    scores.score.assign(inputs.size(), nan);
    scores.fold_scores.assign(inputs.size() * folds_, nan);
    if (!kernel_) {
        score_in_runs(inputs, scores);
        return;
    }
    std::vector<std::int64_t> counts(inputs.size());
    for (std::size_t row = 0; row < counts.size(); ++row) {
        counts[row] = static_cast<std::int64_t>(inputs.count(row));
    }
    constexpr int threads = 1;
    kernel_->score({inputs.all_values(), inputs.slots(), counts}, threads, scores.score,
                   scores.fold_scores);
}

inline void Scorer::score_in_runs(const InputBuilder& inputs, Scores& scores) const {
    std::vector<std::size_t> order(inputs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {},
                             [&](std::size_t row) { return inputs.count(row); });
    std::vector<float> together;
    for (std::size_t begin = 0; begin < order.size();) {
        const std::size_t length = inputs.count(order[begin]);
        std::size_t end = begin;
        const std::size_t fit =
            kActivationBytes /
            std::max<std::size_t>(length * bytes_per_constituent_, 1);
        const std::size_t most = std::clamp<std::size_t>(fit, 1, kMostRows);
        while (end < order.size() && end - begin < most &&
               inputs.count(order[end]) == length) {
            ++end;
        }
        const auto rows = std::span(order).subspan(begin, end - begin);
        begin = end;
        if (length == 0) continue;
        const std::size_t used = length * inputs.num_features();
        if (rows.size() == 1) {  // where it is already lies as the model wants it
            run(inputs.values(rows[0]).data(), rows, length, scores);
            continue;
        }
        together.clear();
        for (const std::size_t row : rows) {
            const auto values = inputs.values(row).first(used);
            together.insert(together.end(), values.begin(), values.end());
        }
        run(together.data(), rows, length, scores);
    }
}

inline void Scorer::run(const float* values, std::span<const std::size_t> rows,
                        std::size_t length, Scores& scores) const {
    const std::size_t features = spec_.features.features.size();
    const std::array<std::int64_t, 3> shape = {static_cast<std::int64_t>(rows.size()),
                                               static_cast<std::int64_t>(length),
                                               static_cast<std::int64_t>(features)};
    const auto mask = std::make_unique<bool[]>(rows.size() * length);
    std::fill_n(mask.get(), rows.size() * length, true);
    const auto memory =
        Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    // ONNX Runtime takes inputs as if it could write to them; it only reads.
    const std::array<Ort::Value, 2> inputs = {
        Ort::Value::CreateTensor<float>(memory, const_cast<float*>(values),
                                        rows.size() * length * features, shape.data(),
                                        3),
        Ort::Value::CreateTensor<bool>(memory, mask.get(), rows.size() * length,
                                       shape.data(), 2)};
    constexpr std::array<const char*, 2> input_names = {"features", "mask"};
    constexpr std::array<const char*, 2> output_names = {"score", "fold_scores"};
    // Running does not change a session, though the interface does not say so.
    auto& session = const_cast<Ort::Session&>(*session_);
    const auto outputs = session.Run(Ort::RunOptions(), input_names.data(),
                                     inputs.data(), 2, output_names.data(), 2);
    const float* mean = outputs[0].GetTensorData<float>();
    const float* by_fold = outputs[1].GetTensorData<float>();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        scores.score[rows[i]] = mean[i];
        std::copy_n(by_fold + i * folds_, folds_,
                    scores.fold_scores.data() + rows[i] * folds_);
    }
}

}  // namespace oddjet
