#include <cstring>
#include <limits>
#include <string>

#include "expect.hpp"
#include "oddjet/substructure.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

const std::vector<Quantity> kEverything = {
    SoftDropOptions{0.2, 1.0, 0.8},
    SoftDropOptions{0.1, 0.0, 0.8},
    MassDropOptions{},
    LundOptions{},
    TrimOptions{0.3, 0.05},
    TrimOptions{0.3, 0.01},
    FilterOptions{0.3, 2, Algorithm::kKt},
    NsubjettinessOptions{{1, 2, 3, 4}, 0.8, 1.0},
    NsubjettinessOptions{{1, 2}, 0.8, 2.0, Axes::kOnePassWinnerTakeAllKt},
    NsubjettinessOptions{{1, 2}, 0.8, 2.0, Axes::kKt},
    EnergyCorrelationOptions{2.0},
    JetShapeOptions{},
    PruneOptions{},
};

template <class Row>
bool same_bytes(const std::vector<Row>& one, const std::vector<Row>& other) {
    return one.size() == other.size() &&
           std::memcmp(one.data(), other.data(), one.size() * sizeof(Row)) == 0;
}

bool same(const Jets& one, const Jets& other) {
    return one.pt == other.pt && one.eta == other.eta && one.phi == other.phi &&
           one.mass == other.mass && one.constituent_index == other.constituent_index &&
           one.constituent_offsets == other.constituent_offsets;
}
bool same(const LundTrees& one, const LundTrees& other) {
    if (one.offsets != other.offsets) return false;
    for (std::size_t i = 0; i < one.nodes.size(); ++i) {
        const LundNode& a = one.nodes[i];
        const LundNode& b = other.nodes[i];
        if (a.z != b.z || a.delta != b.delta || a.psi != b.psi || a.mass != b.mass ||
            a.kt != b.kt || a.neighbours != b.neighbours || a.primary != b.primary) {
            return false;
        }
    }
    return true;
}
template <class Row>
bool same(const std::vector<Row>& one, const std::vector<Row>& other) {
    return same_bytes(one, other);
}

void expect_same(const Measured& one, const Measured& other, const std::string& what) {
    const bool equal = std::visit(
        [&]<class Answer>(const Answer& answer) {
            return same(answer, std::get<Answer>(other));
        },
        one);
    expect(equal, what);
}

void one_clustering_serves_all_who_look_at_it() {
    const RandomLists<double> random(1, 40, 11);
    const Particles particles = read_list(random.view(), 0, "test");
    const JetClusterings jet(particles);
    expect(jet.made() == 0, "nobody has asked");
    (void)soft_drop(jet, {0.1, 0.0, 0.8});
    (void)soft_drop(jet, {0.2, 1.0, 0.8});
    (void)mass_drop(jet, {});
    (void)lund_tree(jet, {});
    expect(jet.made() == 1, "one Cambridge/Aachen tree");
    (void)nsubjettiness(jet, {{1, 2, 3, 4}, 0.8, 1.0});
    (void)nsubjettiness(jet, {{2}, 0.8, 2.0});
    (void)nsubjettiness(jet, {{2}, 0.8, 2.0, Axes::kOnePassWinnerTakeAllKt});
    expect(jet.made() == 2, "one kt tree of winners");
    (void)nsubjettiness(jet, {{2}, 0.8, 2.0, Axes::kKt});
    expect(jet.made() == 3, "another recombination is another tree");
    (void)trim(jet, {0.3, 0.05});
    (void)trim(jet, {0.3, 0.01});
    (void)filter(jet, {0.3, 3, Algorithm::kKt});
    expect(jet.made() == 4, "one set of subjets");
    (void)filter(jet, {0.2, 3, Algorithm::kKt});
    (void)filter(jet, {0.2, 3});
    expect(jet.made() == 6, "another radius, another algorithm");
}

void together_as_alone() {
    const RandomLists<float> random(30, 25, 12);
    const std::vector<Measured> together = measure(random.view(), kEverything);
    expect(together.size() == kEverything.size(), "an answer for each question");
    for (std::size_t i = 0; i < kEverything.size(); ++i) {
        const std::span<const Quantity> alone(&kEverything[i], 1);
        expect_same(measure(random.view(), alone).front(), together[i],
                    "quantity " + std::to_string(i) + " is as it is alone");
    }
}

void threads_change_nothing() {
    const RandomLists<double> random(60, 30, 13);
    const std::vector<Measured> one = measure(random.view(), kEverything, 1);
    const std::vector<Measured> four = measure(random.view(), kEverything, 4);
    for (std::size_t i = 0; i < one.size(); ++i) {
        expect_same(one[i], four[i],
                    "quantity " + std::to_string(i) + " on four threads");
    }
}

void bad_input_is_named() {
    RandomLists<double> random(3, 4, 14);
    random.columns[1][6] = std::numeric_limits<double>::quiet_NaN();
    const auto alone = [&](const Quantity& quantity) {
        (void)measure(random.view(), {&quantity, 1});
    };
    expect_refusal([&] { alone(TrimOptions{}); },
                   "trim: particle 2 of event 1 has non-finite eta");
    expect_refusal([&] { (void)measure(random.view(), kEverything); },
                   "measure_jets: particle 2 of event 1");
    expect_refusal([&] { alone(TrimOptions{0.2, 2.0}); }, "trim: pt_fraction");
    expect_refusal([&] { (void)measure(random.view(), kEverything, 0); },
                   "measure_jets: threads must be >= 1, got 0");
    random.offsets[1] = 100;
    expect_refusal([&] { alone(LundOptions{}); }, "lund_tree: offsets must not");
}

}  // namespace

int main() {
    one_clustering_serves_all_who_look_at_it();
    together_as_alone();
    threads_change_nothing();
    bad_input_is_named();
    const RandomLists<double> random(2, 3, 15);
    expect(measure(random.view(), {}).empty(), "no question, no answer");
    return failures;
}
