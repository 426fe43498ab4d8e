#include <cmath>

#include "expect.hpp"
#include "oddjet/lund_tree.hpp"
#include "oddjet/substructure.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

LundTrees lund_trees(const ParticleLists& jets, const LundOptions& options) {
    const Quantity quantity = options;
    return std::get<LundTrees>(measure(jets, {&quantity, 1}).front());
}

void full_trees_hold_every_merging() {
    for (const std::size_t size : {0, 1, 2, 40, 300}) {
        const RandomLists<double> random(3, size, 6);
        const LundTrees trees = lund_trees(random.view(), {});
        expect(trees.offsets.size() == 4, "a tree for each jet");
        const std::size_t splits = size == 0 ? 0 : size - 1;
        expect(trees.nodes.size() == 3 * splits, "one node less than constituents");
    }
}

void neighbours_are_mutual() {
    const RandomLists<float> random(1, 100, 7);
    const std::vector<LundNode> tree = lund_trees(random.view(), {}).nodes;
    for (std::size_t i = 0; i < tree.size(); ++i) {
        for (const std::size_t place : {1, 2}) {
            const std::int64_t daughter = tree[i].neighbours[place];
            if (daughter < 0) continue;
            expect(tree[static_cast<std::size_t>(daughter)].neighbours[0] ==
                       static_cast<std::int64_t>(i),
                   "a daughter knows its mother");
        }
        const bool first = tree[i].neighbours[0] < 0;
        expect(first == (i == 0), "all but the first have a mother");
    }
}

void cuts_and_values() {
    const RandomLists<double> random(20, 50, 8);
    LundOptions options;
    options.kt_min_gev = 1.0;
    options.delta_min = 0.2;
    options.logarithms = false;
    for (const LundNode& node : lund_trees(random.view(), options).nodes) {
        expect(node.kt >= 1.0 && node.delta >= 0.2, "nodes are above the cuts");
        expect(node.z > 0.0 && node.z <= 0.5, "the softer has at most half");
        expect(std::isfinite(node.psi), "an angle");
    }
}

void a_tree_of_nothing_is_one_node_where_asked() {
    LundOptions options;
    expect(lund_tree(Particles{}, options).empty(), "nothing");
    options.empty = LundEmpty::kZeros;
    const std::vector<LundNode> tree = lund_tree(Particles{}, options);
    expect(tree.size() == 1 && tree[0].z == 0.0 && tree[0].mass == 0.0, "zeros");
    expect(tree[0].neighbours == std::array<std::int64_t, 3>{-1, -1, -1}, "alone");
}

}  // namespace

int main() {
    full_trees_hold_every_merging();
    neighbours_are_mutual();
    cuts_and_values();
    a_tree_of_nothing_is_one_node_where_asked();
    expect_refusal([] { check_options({.leaves = true}); }, "logarithms to be off");
    return failures;
}
