#include "expect.hpp"
#include "oddjet/energy_fractions.hpp"

using namespace oddjet;
using namespace oddjet::test;

int main() {
    const RandomLists<float> random(3, 4, 1);
    const ParticleLists jets = random.view();
    const std::vector<std::int64_t> codes = {11, -13, 22, 211, 1,  1,
                                             1,  1,   22, 22,  22, -11};
    const std::vector<double> found = energy_fractions(jets, codes, 2);
    for (std::size_t jet = 0; jet < 3; ++jet) {
        const Particles particles = read_list(jets, jet, "test");
        std::array<double, 4> expected{};
        double sum = 0.0;
        for (std::size_t i = 0; i < 4; ++i) {
            const double energy = particles.momenta[i].energy;
            sum += energy;
            const std::size_t of_all[] = {0, 1, 2, 3, 3, 3, 3, 3, 2, 2, 2, 0};
            expected[of_all[4 * jet + i]] += energy;
        }
        for (std::size_t kind = 0; kind < 4; ++kind) {
            const double difference = found[4 * jet + kind] - expected[kind] / sum;
            expect(std::abs(difference) < 1e-14, "the share of each kind");
        }
    }
    expect_refusal([&] { (void)energy_fractions(jets, std::span(codes).first(5)); },
                   "needs one pdg_id a particle, got 5 for 12");
    expect_refusal([&] { (void)energy_fractions(jets, codes, 0); },
                   "threads must be >= 1");
    return failures;
}
