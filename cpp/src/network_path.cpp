#include "network_path.hpp"

#include "oddjet/simd.hpp"

namespace oddjet {

const NetworkPath& network_path() {
#if defined(__x86_64__) && defined(__GNUC__)
    if (simd_path() == avx512_network_path().name) return avx512_network_path();
    if (simd_path() == avx2_network_path().name) return avx2_network_path();
#endif
    return scalar_network_path();
}

}  // namespace oddjet
