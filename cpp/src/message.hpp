#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace oddjet {

/// The parts, one after the other, as text.
template <class... Parts>
[[nodiscard]] std::string message(const Parts&... parts) {
    std::ostringstream text;
    (text << ... << parts);
    return text.str();
}

/// Refuse the caller's input with a sentence made of the parts.
template <class... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
    throw std::invalid_argument(message(parts...));
}

}  // namespace oddjet
