#pragma once

#include <string>
#include <string_view>

#include "oddjet/cluster.hpp"
#include "oddjet/constituent_features.hpp"

namespace oddjet {

/// The jet and the constituent features that a model was made for, as its file says:
/// cluster the collection `source` of an event with `clustering`, take the leading jet
/// and the `features` of its hardest constituents.
struct FeatureSpec {
    std::string source;
    ClusterOptions clustering;
    FeatureOptions features;
};

/// Read what Python's FeatureSpec.to_text wrote. Throws std::invalid_argument: an
/// unknown, missing or doubled key, a value that does not fit, or a version of a
/// feature that these kernels do not compute.
[[nodiscard]] FeatureSpec feature_spec_from_text(std::string_view text);

}  // namespace oddjet
