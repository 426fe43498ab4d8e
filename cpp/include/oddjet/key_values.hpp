#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace oddjet {

/// Facts by their key.
using KeyValues = std::map<std::string, std::string, std::less<>>;

/// Read lines of `key = value`; empty ones are skipped. Throws std::invalid_argument: a
/// line without `=`, or a key that stands twice.
[[nodiscard]] KeyValues parse_key_values(std::string_view text);

}  // namespace oddjet
