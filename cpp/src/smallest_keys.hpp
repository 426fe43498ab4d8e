#pragma once

#include <cstddef>
#include <vector>

namespace oddjet {

/// Put the lower of the keys at two places first.
struct Comparator {
    std::size_t lower;
    std::size_t upper;
};

/// Finds the smallest keys of many sets at once with a sorting network; set r has the
/// keys keys[j * lanes + r]. No branch depends on a key, so all sets take the same
/// steps, side by side in vector registers. O(size log^2 count) steps.
/// Batcher, Proc. AFIPS Spring Joint Computer Conf. 32 (1968) 307.
class SmallestKeys {
  public:
    /// For `count` >= 1 keys of sets of any size.
    explicit SmallestKeys(std::size_t count);

    /// Sort the min(count, size) smallest of each set to its front; what follows is in
    /// no order, and not complete. No key may be NaN or a zero.
    void select(float* keys, std::size_t size, std::size_t lanes) const;

  private:
    std::size_t width_;  // the power of two that holds count
    std::vector<Comparator> sort_;
    std::vector<Comparator> sort_bitonic_;
};

}  // namespace oddjet
