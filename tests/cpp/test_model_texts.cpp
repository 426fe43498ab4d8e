#include <string>
#include <string_view>

#include "expect.hpp"
#include "oddjet/model_texts.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

/// A field of bytes, as Protobuf writes those of up to 127.
std::string field(int number, std::string_view bytes) {
    std::string written;
    written.push_back(static_cast<char>(number << 3 | 2));
    written.push_back(static_cast<char>(bytes.size()));
    return written.append(bytes);
}

std::string entry(std::string_view key, std::string_view value) {
    return field(14, field(1, key) + field(2, value));
}

void texts_among_other_fields() {
    const std::string version = "\x08\x0a";  // field 1, a number
    const std::string model = version + entry("unit", "event") + field(7, "graph") +
                              entry("empty", "") + entry("unit", "jet") +
                              field(14, field(2, "value first") + field(1, "turned"));
    const KeyValues found = model_texts(model);
    const KeyValues expected = {
        {"empty", ""}, {"turned", "value first"}, {"unit", "jet"}};
    expect(found == expected, "texts by key, the last of a key");
    expect(model_texts(version).empty(), "no texts");
    expect(model_texts("").empty(), "no bytes");
}

void what_is_no_model() {
    const std::string whole = entry("unit", "event");
    for (std::size_t size = 1; size < whole.size(); ++size) {
        expect_refusal([&] { (void)model_texts(whole.substr(0, size)); },
                       "no ONNX file, or a damaged one");
    }
    const std::string inside = field(14, std::string_view("\x0a\x05unit", 6));
    expect_refusal([&] { (void)model_texts(inside); }, "no ONNX file");
    expect_refusal([&] { (void)model_texts("text"); }, "no ONNX file");
    expect_refusal([&] { (void)model_texts(std::string(11, '\xff')); }, "no ONNX file");
}

}  // namespace

int main() {
    texts_among_other_fields();
    what_is_no_model();
    return failures;
}
