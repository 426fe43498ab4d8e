#pragma once

/// Marks a function of plain loops that is compiled for a few widths of vector
/// registers; the loader picks what the processor has. All do the same operations in
/// the same order (no contraction), so the choice never changes a bit. Elsewhere, and
/// where ODDJET_ONE_WIDTH is defined (sanitizers, which the loader's choice would run
/// before; tests of the plain form), there is one.
#include <cstddef>  // defines __GLIBC__, if this is the C library

#if !defined(__x86_64__) || !defined(__GLIBC__) || defined(ODDJET_ONE_WIDTH)
#define ODDJET_VECTOR_WIDTHS
#elif defined(__clang__)
#define ODDJET_VECTOR_WIDTHS [[gnu::flatten, gnu::target_clones("avx2", "default")]]
#else
#define ODDJET_VECTOR_WIDTHS \
    [[gnu::flatten, gnu::target_clones("arch=x86-64-v4", "avx2", "default")]]
#endif
