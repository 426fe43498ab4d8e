#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace oddjet {

/// Lists of values of any type: list i holds the values offsets[i] to offsets[i + 1],
/// or, if `is_constant`, as many times the one value that is there.
struct ValueLists {
    std::span<const std::int64_t> offsets;
    std::span<const std::byte> values;
    bool is_constant = false;
};

/// The lists of the sources one after the other, list by list: first list 0 of each
/// source, then list 1 of each. A value has `value_bytes` bytes in every source; the
/// offsets of the result are the sums of theirs. `joined` has room for all values.
/// Throws std::invalid_argument: different numbers of lists, offsets that do not begin
/// at 0, decrease or do not end at the number of values, another room.
void join_lists(std::span<const ValueLists> sources, std::size_t value_bytes,
                std::span<std::byte> joined);

/// Rows of a fixed length: `slots` times `columns.size()` numbers, and what is not
/// read. A slot is filled if its first number is not zero (NaN is not).
///
/// The numbers of the filled slots of all rows are written to the columns, from `place`
/// on; filled[row] is the number of filled slots. Returns the place behind the last.
/// Throws std::invalid_argument: rows shorter than their slots, values that are no
/// whole rows, one count for each row, columns without room for every slot.
template <class Real>
std::size_t unpad(std::span<const Real> values, std::size_t width, std::size_t slots,
                  std::span<const std::span<Real>> columns, std::size_t place,
                  std::span<std::int64_t> filled);

extern template std::size_t unpad(std::span<const float>, std::size_t, std::size_t,
                                  std::span<const std::span<float>>, std::size_t,
                                  std::span<std::int64_t>);
extern template std::size_t unpad(std::span<const double>, std::size_t, std::size_t,
                                  std::span<const std::span<double>>, std::size_t,
                                  std::span<std::int64_t>);

}  // namespace oddjet
