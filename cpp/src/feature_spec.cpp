#include "oddjet/feature_spec.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>
#include <vector>

#include "message.hpp"
#include "oddjet/key_values.hpp"

namespace oddjet {
namespace {

constexpr std::array<std::string_view, 7> kKeys = {
    "algorithm", "features", "jet", "num_constituents", "radius", "source", "versions"};

template <class Number>
Number number(std::string_view key, const std::string& text) {
    Number value{};
    const char* end = text.data() + text.size();
    const auto [parsed, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || parsed != end) {
        refuse("FeatureSpec: ", key, " is '", text, "', which is no number");
    }
    return value;
}

std::vector<std::string> words(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> found;
    for (std::string word; stream >> word;) found.push_back(word);
    return found;
}

void check_keys(const KeyValues& values) {
    for (const auto& [key, value] : values) {
        if (std::ranges::find(kKeys, key) == kKeys.end()) {
            refuse("FeatureSpec: unknown key '", key, "'");
        }
    }
    for (const std::string_view key : kKeys) {
        if (!values.contains(key))
            refuse("FeatureSpec: the key '", key, "' is missing");
    }
}

FeatureOptions features_of(const KeyValues& values) {
    FeatureOptions options;
    options.num_constituents =
        number<int>("num_constituents", values.find("num_constituents")->second);
    const auto names = words(values.find("features")->second);
    const auto versions = words(values.find("versions")->second);
    if (names.size() != versions.size()) {
        refuse("FeatureSpec: versions must be one per feature (", names.size(),
               "), got ", versions.size());
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        options.features.push_back(feature_from_name(names[i]));
        const auto& known =
            feature_definitions()[static_cast<std::size_t>(options.features.back())];
        if (number<int>("versions", versions[i]) != known.version) {
            refuse("FeatureSpec: the model was made with version ", versions[i], " of ",
                   names[i], ", these kernels compute version ", known.version);
        }
    }
    check_options(options);
    return options;
}

}  // namespace

FeatureSpec feature_spec_from_text(std::string_view text) {
    const KeyValues values = parse_key_values(text);
    check_keys(values);
    const std::string& jet = values.find("jet")->second;
    if (jet != "leading") refuse("FeatureSpec: jet must be 'leading', got '", jet, "'");
    ClusterOptions clustering;
    clustering.algorithm = algorithm_from_name(values.find("algorithm")->second);
    clustering.radius = number<double>("radius", values.find("radius")->second);
    check_options(clustering);
    return {values.find("source")->second, clustering, features_of(values)};
}

}  // namespace oddjet
