#pragma once

#include <string_view>

namespace oddjet {

/// The vector instructions that clustering uses: "avx512", "avx2" or "scalar", with the
/// same results. The fastest that the machine has, or what the environment's
/// ODDJET_SIMD names. Throws std::invalid_argument if that is unknown or not possible.
[[nodiscard]] std::string_view simd_path();

}  // namespace oddjet
