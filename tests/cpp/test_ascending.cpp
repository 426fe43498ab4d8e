#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "../../cpp/src/ascending.hpp"
#include "expect.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

using Values = std::vector<double>;

/// Against the library's stable sort, to the last bit and place.
void check(const Values& values, const std::string& what) {
    std::vector<std::uint32_t> order(values.size());
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    std::ranges::stable_sort(order, {}, [&](std::uint32_t i) { return values[i]; });
    Workspace workspace(64 * values.size());
    const Ascending found = ascending(values, workspace);
    bool same = std::ranges::equal(found.order, order);
    for (std::size_t k = 0; k < order.size(); ++k) {
        same = same && found.value[k] == values[order[k]];
    }
    expect(same, what + " of " + std::to_string(values.size()));
}

Values spread(std::size_t size, unsigned number) {
    std::mt19937_64 engine(number);
    std::normal_distribution<double> normal;
    Values values(size);
    for (double& value : values) value = normal(engine);
    return values;
}

/// With `many` values next to the smallest, the median or the largest one, which agree
/// in all bits but the last few and come falling.
Values with_cluster(std::size_t size, std::size_t many, double rank) {
    Values values = spread(size, 2);
    Values sorted = values;
    std::ranges::sort(sorted);
    double value = sorted[static_cast<std::size_t>(rank * double(size - 1))];
    const double down = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < many; ++i) {
        values[(i * 37 + 5) % size] = value;
        if (i % 3 != 0) value = std::nextafter(value, down);  // some are equal
    }
    return values;
}

void values_of_all_kinds(std::size_t size) {
    check(spread(size, 1), "spread values");
    Values values = spread(size, 3);
    for (double& value : values) value = std::round(value * 4.0) / 4.0;  // with -0
    check(values, "few different values");
    check(Values(size, -1.5), "equal values");
    for (double& value : values) value = std::exp(200.0 * value);
    check(values, "values of many sizes");
    std::iota(values.begin(), values.end(), 1e15);
    check(values, "rising values");
    std::ranges::reverse(values);
    check(values, "falling values");
    for (const double rank : {0.0, 0.5, 1.0}) {
        for (const std::size_t many : {2, 3, 16, 17, 40}) {
            if (many > size / 2) continue;
            check(
                with_cluster(size, many, rank),
                "a cluster of " + std::to_string(many) + " at " + std::to_string(rank));
        }
    }
}

}  // namespace

int main() {
    // On either side of where leading bits are sorted first.
    for (const std::size_t size : {2, 3, 17, 1023, 1024, 5000}) {
        values_of_all_kinds(size);
    }
    return failures;
}
