#pragma once

#include <cstddef>

namespace oddjet {

/// A vector register of eight numbers in single precision, or four in double.
template <class Real>
using Register [[gnu::vector_size(32)]] = Real;

template <class Real>
inline constexpr std::size_t kRegister = 32 / sizeof(Real);

// Rows become columns. Spelt out, as compilers do not find the shuffles; for functions
// that are compiled for a few widths.

inline __attribute__((always_inline)) void transpose(Register<float> (&each)[8]) {
    Register<float> other[8];
    for (std::size_t i = 0; i < 8; i += 2) {
        other[i] =
            __builtin_shufflevector(each[i], each[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        other[i + 1] =
            __builtin_shufflevector(each[i], each[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (std::size_t i = 0; i < 8; i += 4) {
        for (std::size_t j = i; j < i + 2; ++j) {
            each[2 * j - i] = __builtin_shufflevector(other[j], other[j + 2], 0, 1, 8,
                                                      9, 4, 5, 12, 13);
            each[2 * j - i + 1] = __builtin_shufflevector(other[j], other[j + 2], 2, 3,
                                                          10, 11, 6, 7, 14, 15);
        }
    }
    for (std::size_t i = 0; i < 4; ++i) {
        const Register<float> low =
            __builtin_shufflevector(each[i], each[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        each[i + 4] =
            __builtin_shufflevector(each[i], each[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
        each[i] = low;
    }
}

inline __attribute__((always_inline)) void transpose(Register<double> (&each)[4]) {
    Register<double> other[4];
    for (std::size_t i = 0; i < 4; i += 2) {
        other[i] = __builtin_shufflevector(each[i], each[i + 1], 0, 4, 2, 6);
        other[i + 1] = __builtin_shufflevector(each[i], each[i + 1], 1, 5, 3, 7);
    }
    for (std::size_t i = 0; i < 2; ++i) {
        each[i] = __builtin_shufflevector(other[i], other[i + 2], 0, 1, 4, 5);
        each[i + 2] = __builtin_shufflevector(other[i], other[i + 2], 2, 3, 6, 7);
    }
}

}  // namespace oddjet
