#include <cmath>
#include <numbers>
#include <numeric>

#include "expect.hpp"
#include "oddjet/augment.hpp"
#include "oddjet/philox.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

// The known answers that come with Salmon et al.'s generators.
void philox_gives_the_known_answers() {
    constexpr std::uint32_t ones = 0xFFFFFFFF;
    constexpr PhiloxCounter zero = philox({0, 0, 0, 0}, {0, 0});
    expect(zero == PhiloxCounter{0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8},
           "all bits clear");
    expect(philox({ones, ones, ones, ones}, {ones, ones}) ==
               PhiloxCounter{0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD},
           "all bits set");
    expect(philox({0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344},
                  {0xA4093822, 0x299F31D0}) ==
               PhiloxCounter{0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1},
           "digits of pi");
}

struct NumberedLists {
    explicit NumberedLists(std::uint64_t first) : random(20, 5, 1), numbers(20) {
        std::iota(numbers.begin(), numbers.end(), first);
    }

    RandomLists<double> random;
    std::vector<std::uint64_t> numbers;
};

void threads_change_nothing_and_numbers_everything() {
    const NumberedLists lists(0);
    const Draws draws{7, 2, lists.numbers};
    const auto one = smear_directions(lists.random.view(), draws, 0.1, 1);
    const auto two = smear_directions(lists.random.view(), draws, 0.1, 3);
    expect(one.eta == two.eta && one.phi == two.phi, "the same for any threads");
    const NumberedLists later(20);
    const auto other =
        smear_directions(later.random.view(), {7, 2, later.numbers}, 0.1);
    expect(one.eta != other.eta, "other numbers, other draws");
    const auto original =
        smear_directions(lists.random.view(), {7, 0, lists.numbers}, 0.1);
    expect(original.eta == lists.random.columns[1], "copy 0 is the original");
}

void an_event_turns_as_a_whole() {
    const NumberedLists lists(0);
    const auto turned = rotate_events(lists.random.view(), {1, 1, lists.numbers});
    const auto turn = [&](std::size_t i) {
        const double angle = turned.phi[i] - lists.random.columns[2][i];
        return std::remainder(angle, 2.0 * std::numbers::pi);
    };
    for (std::size_t i = 0; i < turned.phi.size(); ++i) {
        const double gap = turn(i) - turn(i / 5 * 5);
        expect(std::fabs(std::remainder(gap, 2.0 * std::numbers::pi)) < 1e-12,
               "one angle an event");
        expect(turned.phi[i] >= -std::numbers::pi && turned.phi[i] < std::numbers::pi,
               "wrapped");
    }
}

void deviations_are_those_of_the_cards() {
    expect(std::fabs(deviation(Resolution::kCmsHcal, 10.0) - 4.77) < 0.01, "CMS");
    expect(std::fabs(deviation(Resolution::kCmsHcalLiteral, 1e3) - 231.3) < 0.1,
           "CMS as printed");
    expect(std::fabs(deviation(Resolution::kAtlasHcal, 0.0) - 1.59) < 1e-12, "ATLAS");
    expect_refusal([] { (void)resolution_from_name("ecal"); }, "got 'ecal'");
}

void bad_input_is_refused() {
    const NumberedLists lists(0);
    const ParticleLists view = lists.random.view();
    const MomentumView& axes = view.particles;
    const Draws draws{1, 1, lists.numbers};
    expect_refusal([&] { (void)smear_directions(view, draws, -1.0); },
                   "scale_gev must be >= 0 and finite, got -1");
    expect_refusal([&] { (void)rotate_events(view, {1, -1, lists.numbers}); },
                   "copy must be >= 0 and < 16777216, got -1");
    expect_refusal([&] { (void)rotate_events(view, {1, 1, {}}); },
                   "got 0 numbers and 20 lists");
    expect_refusal([&] { (void)rotate_jets(axes, view, draws); },
                   "got 21 offsets and 100 jets");
    expect_refusal([&] { (void)smear_pt(view, draws, Resolution::kCmsHcal, 0); },
                   "smear_pt: threads must be >= 1, got 0");
    ParticleLists none = view;
    none.offsets = {};
    expect_refusal([&] { (void)rotate_events(none, draws); },
                   "offsets must not be empty");
}

}  // namespace

int main() {
    philox_gives_the_known_answers();
    threads_change_nothing_and_numbers_everything();
    an_event_turns_as_a_whole();
    deviations_are_those_of_the_cards();
    bad_input_is_refused();
    return failures;
}
