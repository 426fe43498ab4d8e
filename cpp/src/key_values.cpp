#include "oddjet/key_values.hpp"

#include "message.hpp"

namespace oddjet {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

KeyValues parse_key_values(std::string_view text) {
    KeyValues facts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty()) continue;
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos) {
            refuse("the line '", line, "' is not `key = value`");
        }
        const auto [_, is_new] =
            facts.emplace(trimmed(line.substr(0, equals)),
                          std::string(trimmed(line.substr(equals + 1))));
        if (!is_new) refuse("the line '", line, "' repeats a key");
    }
    return facts;
}

}  // namespace oddjet
