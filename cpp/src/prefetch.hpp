#pragma once

namespace oddjet {

/// Ask for what is at the address, which a later step will need. Where a loop does much
/// at an address that only data tells, the processor sees too few of them ahead.
inline void prefetch([[maybe_unused]] const void* address) {
#if defined(__GNUC__)
    __builtin_prefetch(address);
#endif
}

}  // namespace oddjet
