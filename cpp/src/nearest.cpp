#include "nearest.hpp"

#include <array>
#include <cstdlib>
#include <optional>

#include "message.hpp"
#include "oddjet/simd.hpp"

namespace oddjet {
namespace {

#if defined(__x86_64__) && defined(__GNUC__)

bool runs_avx2() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

bool runs_avx512() {
    return runs_avx2() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

const NearestPath* path_of(std::string_view name) {
    if (name == "avx512" && runs_avx512()) return &avx512_path();
    if (name == "avx2" && runs_avx2()) return &avx2_path();
    return name == "scalar" ? &scalar_path() : nullptr;
}

#else  // other machines start here: one path more, such as NEON's, and its name

const NearestPath* path_of(std::string_view name) {
    return name == "scalar" ? &scalar_path() : nullptr;
}

#endif

constexpr std::array<std::string_view, 3> kFastestFirst = {"avx512", "avx2", "scalar"};

const NearestPath& chosen_path() {
    const char* wanted = std::getenv("ODDJET_SIMD");
    if (wanted == nullptr || *wanted == '\0') {
        for (const std::string_view name : kFastestFirst) {
            if (const NearestPath* path = path_of(name)) return *path;
        }
    }
    const std::string_view name = wanted == nullptr ? "" : wanted;
    for (const std::string_view known : kFastestFirst) {
        if (name != known) continue;
        if (const NearestPath* path = path_of(name)) return *path;
        refuse("ODDJET_SIMD: this machine cannot run '", name, "'");
    }
    refuse("ODDJET_SIMD must be scalar, avx2 or avx512, got '", name, "'");
}

}  // namespace

const NearestPath& nearest_path() {
    static const NearestPath& path = chosen_path();
    return path;
}

std::string_view simd_path() { return nearest_path().name; }

}  // namespace oddjet
