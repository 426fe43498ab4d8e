#include <array>

#include "expect.hpp"
#include "oddjet/lists.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

using Offsets = std::vector<std::int64_t>;

template <class Value>
ValueLists lists(const Offsets& offsets, const std::vector<Value>& values,
                 bool is_constant = false) {
    return {offsets, std::as_bytes(std::span(values)), is_constant};
}

template <class Value>
void joins() {
    const Offsets a = {0, 2, 2, 3}, b = {0, 0, 1, 3}, c = {0, 1, 1, 3};
    const std::vector<Value> of_a = {1, 2, 3}, of_b = {4, 5, 6}, of_c = {9};
    const std::array sources = {lists(a, of_a), lists(b, of_b), lists(c, of_c, true)};
    std::vector<Value> joined(9);
    join_lists(sources, sizeof(Value), std::as_writable_bytes(std::span(joined)));
    expect(joined == std::vector<Value>({1, 2, 9, 4, 3, 5, 6, 9, 9}), "lists joined");
    std::vector<Value> small(8), large(10);
    expect_refusal(
        [&] {
            join_lists(sources, sizeof(Value),
                       std::as_writable_bytes(std::span(small)));
        },
        "room for 8 values only");
    expect_refusal(
        [&] {
            join_lists(sources, sizeof(Value),
                       std::as_writable_bytes(std::span(large)));
        },
        "room for 10 values, 9 of which are needed");
}

void refuses() {
    const std::vector<double> values = {1, 2};
    std::vector<double> joined(4);
    const auto room = std::as_writable_bytes(std::span(joined));
    const auto call = [&](const Offsets& first, const Offsets& second) {
        const std::array sources = {lists(first, values), lists(second, values)};
        join_lists(sources, sizeof(double), room);
    };
    call({0, 2}, {0, 2});
    expect_refusal([&] { call({0, 2}, {0, 1, 2}); }, "must have 1 lists, got 3");
    expect_refusal([&] { call({0, 2}, {1, 2}); }, "begin at 0");
    expect_refusal([&] { call({0, 1, 2}, {0, 3, 2}); }, "never decrease");
    expect_refusal([&] { call({0, 2}, {0, 3}); }, "end at 3, but there are 2");
    expect_refusal([&] { join_lists({}, 8, room); }, "of at least one source");
}

template <class Real>
void unpads() {
    // Two rows of three slots of two numbers, and one number behind them.
    const std::vector<Real> rows = {1, 2, 0, 7, 3, 4, 8, 0, 7, 0, 7, 5, 6, 8};
    std::vector<Real> first(7), second(7);
    const std::array<std::span<Real>, 2> columns = {first, second};
    const std::span<const std::span<Real>> to(columns);
    std::vector<std::int64_t> filled(2);
    const std::size_t end = unpad<Real>(rows, 7, 3, to, 1, filled);
    expect(end == 4 && filled == Offsets({2, 1}), "filled slots counted");
    expect(std::vector(first.begin() + 1, first.begin() + 4) ==
               std::vector<Real>({1, 3, 5}),
           "first numbers");
    expect(std::vector(second.begin() + 1, second.begin() + 4) ==
               std::vector<Real>({2, 4, 6}),
           "second numbers");
    expect_refusal([&] { (void)unpad<Real>(rows, 7, 4, to, 0, filled); },
                   "rows of 7 numbers do not hold 4 slots of 2");
    expect_refusal([&] { (void)unpad<Real>(rows, 7, 3, to, 2, filled); },
                   "needs room for 6 values from place 2 on, got 7");
    expect_refusal([&] { (void)unpad<Real>(rows, 6, 3, to, 0, filled); },
                   "14 values are not 2 rows of 6");
}

}  // namespace

int main() {
    joins<double>();
    joins<float>();
    joins<std::int16_t>();
    refuses();
    unpads<double>();
    unpads<float>();
    return failures;
}
