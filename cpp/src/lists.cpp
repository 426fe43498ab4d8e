#include "oddjet/lists.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "message.hpp"

namespace oddjet {
namespace {

void check(const ValueLists& lists, std::size_t num_lists, std::size_t value_bytes) {
    const auto offsets = lists.offsets;
    if (offsets.size() != num_lists + 1) {
        refuse("join_lists: every source must have ", num_lists, " lists, got ",
               offsets.size(), " offsets");
    }
    if (offsets.front() != 0 || !std::is_sorted(offsets.begin(), offsets.end())) {
        refuse("join_lists: offsets must begin at 0 and never decrease");
    }
    const auto end = static_cast<std::uint64_t>(offsets.back());
    const std::size_t values = lists.values.size() / value_bytes;
    if (lists.values.size() % value_bytes != 0 ||
        values != (lists.is_constant ? 1 : end)) {
        refuse("join_lists: the offsets end at ", end, ", but there are ", values,
               " values");
    }
}

/// One value, many times; 4 and 8 bytes are what physics has most of.
template <class Value>
void fill(std::byte* to, const std::byte* value, std::size_t count) {
    Value copy;
    std::memcpy(&copy, value, sizeof copy);
    for (std::size_t i = 0; i < count; ++i) {
        std::memcpy(to + i * sizeof copy, &copy, sizeof copy);
    }
}

void fill(std::byte* to, const std::byte* value, std::size_t count,
          std::size_t value_bytes) {
    if (value_bytes == 4) return fill<std::uint32_t>(to, value, count);
    if (value_bytes == 8) return fill<std::uint64_t>(to, value, count);
    for (std::size_t i = 0; i < count; ++i) {
        std::memcpy(to + i * value_bytes, value, value_bytes);
    }
}

/// `kNumbers` in a slot, or 0 for what the columns say.
template <std::size_t kNumbers, class Real>
std::size_t unpad_rows(const Real* values, std::size_t width, std::size_t slots,
                       std::span<const std::span<Real>> columns, std::size_t place,
                       std::span<std::int64_t> filled) {
    const std::size_t numbers = kNumbers == 0 ? columns.size() : kNumbers;
    std::vector<Real*> to;
    for (const std::span<Real>& column : columns) to.push_back(column.data());
    for (std::size_t row = 0; row < filled.size(); ++row) {
        const Real* slot = values + row * width;
        const std::size_t first = place;
        for (std::size_t s = 0; s < slots; ++s, slot += numbers) {
            if (slot[0] == Real(0)) continue;  // most often the end of the row
            for (std::size_t n = 0; n < numbers; ++n) to[n][place] = slot[n];
            ++place;
        }
        filled[row] = static_cast<std::int64_t>(place - first);
    }
    return place;
}

}  // namespace

void join_lists(std::span<const ValueLists> sources, std::size_t value_bytes,
                std::span<std::byte> joined) {
    if (sources.empty() || value_bytes == 0 || sources.front().offsets.empty()) {
        refuse("join_lists: needs lists of values of at least one source");
    }
    const std::size_t num_lists = sources.front().offsets.size() - 1;
    const std::size_t room = joined.size() / value_bytes;
    std::size_t left = room;
    for (const ValueLists& source : sources) {
        check(source, num_lists, value_bytes);
        const auto size = static_cast<std::size_t>(source.offsets.back());
        if (size > left) refuse("join_lists: there is room for ", room, " values only");
        left -= size;
    }
    if (left != 0 || joined.size() % value_bytes != 0) {
        refuse("join_lists: there is room for ", room, " values, ", room - left,
               " of which are needed");
    }
    std::byte* to = joined.data();
    for (std::size_t list = 0; list < num_lists; ++list) {
        for (const ValueLists& source : sources) {
            const auto begin = static_cast<std::size_t>(source.offsets[list]);
            const auto end = static_cast<std::size_t>(source.offsets[list + 1]);
            if (begin == end) continue;
            const std::size_t bytes = (end - begin) * value_bytes;
            if (source.is_constant) {
                fill(to, source.values.data(), end - begin, value_bytes);
            } else {
                std::memcpy(to, source.values.data() + begin * value_bytes, bytes);
            }
            to += bytes;
        }
    }
}

template <class Real>
std::size_t unpad(std::span<const Real> values, std::size_t width, std::size_t slots,
                  std::span<const std::span<Real>> columns, std::size_t place,
                  std::span<std::int64_t> filled) {
    const std::size_t numbers = columns.size();
    if (numbers == 0 || width == 0 || slots > width / numbers) {
        refuse("unpad: rows of ", width, " numbers do not hold ", slots, " slots of ",
               numbers);
    }
    const std::size_t rows = filled.size();
    if (values.size() % width != 0 || values.size() / width != rows) {
        refuse("unpad: ", values.size(), " values are not ", rows, " rows of ", width);
    }
    for (const std::span<Real>& column : columns) {
        if (place > column.size() || column.size() - place < rows * slots) {
            refuse("unpad: needs room for ", rows * slots, " values from place ", place,
                   " on, got ", column.size());
        }
    }
    switch (numbers) {  // so that the numbers of a slot are moved without a loop
        case 3:
            return unpad_rows<3>(values.data(), width, slots, columns, place, filled);
        case 4:
            return unpad_rows<4>(values.data(), width, slots, columns, place, filled);
        default:
            return unpad_rows<0>(values.data(), width, slots, columns, place, filled);
    }
}

template std::size_t unpad(std::span<const float>, std::size_t, std::size_t,
                           std::span<const std::span<float>>, std::size_t,
                           std::span<std::int64_t>);
template std::size_t unpad(std::span<const double>, std::size_t, std::size_t,
                           std::span<const std::span<double>>, std::size_t,
                           std::span<std::int64_t>);

}  // namespace oddjet
