#pragma once

#include <string_view>

#include "oddjet/key_values.hpp"

namespace oddjet {

/// What the bytes of an .onnx file say about the model, by key (its metadata_props);
/// of a key that comes twice, the last. Throws std::invalid_argument: bytes that are no
/// ONNX file.
[[nodiscard]] KeyValues model_texts(std::string_view onnx);

}  // namespace oddjet
