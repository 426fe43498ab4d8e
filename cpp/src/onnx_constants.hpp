#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace oddjet {

/// A constant of a graph: float or double in C order.
struct OnnxConstant {
    std::vector<std::size_t> shape;
    bool is_double = false;
    std::string_view bytes;

    /// Its numbers. Throws std::invalid_argument if they are not of this type, or not
    /// as many as its shape says.
    [[nodiscard]] std::vector<float> floats() const;
    [[nodiscard]] std::vector<double> doubles() const;
};

/// What oddjet reads of a graph; views of the file's bytes.
struct OnnxGraph {
    std::string_view description;  // its doc_string
    std::map<std::string, OnnxConstant, std::less<>> constants;
};

/// Throws std::invalid_argument for bytes that are no ONNX model.
[[nodiscard]] OnnxGraph read_onnx_graph(std::string_view onnx);

}  // namespace oddjet
