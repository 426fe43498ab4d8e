// Reads events, scores each one as it comes, and says which a working point accepts.
//
// Usage: select_events MODEL.onnx WORKING_POINT
//                      [--threads N | --time | --time-jets] < EVENTS
// EVENTS: for each event the number of its particles, then pt eta phi mass of each.
// Prints for each event "accept" or "reject", the score, and that of each fold, as
// hexadecimal floats. With --threads all events are scored N times at once, by one
// Scorer, which must always give the same. With --time prints how long one event takes,
// with --time-jets how long its leading jet takes if that has been clustered before.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <iostream>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "oddjet/leading_jet.hpp"
#include "oddjet/scorer.hpp"

namespace {

struct Event {
    std::array<std::vector<double>, 4> columns;  // pt, eta, phi, mass

    [[nodiscard]] oddjet::MomentumView view() const {
        oddjet::MomentumView particles;
        for (std::size_t c = 0; c < 4; ++c) {
            particles.columns[c] = std::span<const double>(columns[c]);
        }
        return particles;
    }
};

std::vector<Event> read_events(std::istream& input) {
    std::vector<Event> events;
    for (std::size_t particles = 0; input >> particles;) {
        Event& event = events.emplace_back();
        for (std::size_t i = 0; i < particles; ++i) {
            std::string number;
            for (auto& column : event.columns) {
                input >> number;
                column.push_back(std::stod(number));
            }
        }
    }
    return events;
}

/// One event at a time, as a trigger sees them.
std::vector<oddjet::Scores> one_by_one(const oddjet::Scorer& scorer,
                                       const std::vector<Event>& events) {
    oddjet::InputBuilder input(scorer.spec());
    std::vector<oddjet::Scores> all(events.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
        input.clear();
        input.add_event(events[i].view());
        scorer.score(input, all[i]);
    }
    return all;
}

bool same(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; }

/// All events in one batch; exits if a bit differs.
void check_batch(const oddjet::Scorer& scorer, const std::vector<Event>& events,
                 const std::vector<oddjet::Scores>& expected) {
    oddjet::InputBuilder inputs(scorer.spec(), std::max<std::size_t>(events.size(), 1));
    for (const Event& event : events) inputs.add_event(event.view());
    oddjet::Scores scores;
    scorer.score(inputs, scores);
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (same(scores.score[i], expected[i].score[0])) continue;
        std::fprintf(stderr, "event %zu scores differently in a batch\n", i);
        std::exit(1);
    }
}

void check_threads(const oddjet::Scorer& scorer, const std::vector<Event>& events,
                   const std::vector<oddjet::Scores>& expected, int threads) {
    std::vector<std::vector<oddjet::Scores>> found(static_cast<std::size_t>(threads));
    {
        std::vector<std::jthread> workers;
        for (auto& scores : found) {
            workers.emplace_back([&] { scores = one_by_one(scorer, events); });
        }
    }
    for (const auto& scores : found) {
        for (std::size_t i = 0; i < events.size(); ++i) {
            if (same(scores[i].score[0], expected[i].score[0])) continue;
            std::fprintf(stderr, "event %zu scores differently on a thread\n", i);
            std::exit(1);
        }
    }
}

/// The leading jets of events and their constituents.
std::vector<Event> leading_jets(const std::vector<Event>& events,
                                const oddjet::FeatureSpec& spec,
                                std::vector<oddjet::FourMomentum>& momenta) {
    std::vector<Event> jets;
    oddjet::LeadingJet leading(spec.clustering);
    for (const Event& event : events) {
        const auto view = event.view();
        const std::array<std::int64_t, 2> offsets = {
            0, static_cast<std::int64_t>(view.size())};
        const auto particles = oddjet::read_list({view, offsets}, 0, "select_events");
        if (!leading.find(particles)) continue;
        momenta.push_back(leading.momentum());
        Event& jet = jets.emplace_back();
        for (const auto i : leading.constituents(particles, view.size())) {
            for (std::size_t c = 0; c < 4; ++c) {
                jet.columns[c].push_back(event.columns[c][static_cast<std::size_t>(i)]);
            }
        }
    }
    return jets;
}

/// Microseconds of the clock and of the processor, as a thread sees them.
std::array<double, 2> now() {
    timespec spent{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    const std::chrono::duration<double, std::micro> wall =
        std::chrono::steady_clock::now().time_since_epoch();
    return {wall.count(), 1e6 * static_cast<double>(spent.tv_sec) +
                              1e-3 * static_cast<double>(spent.tv_nsec)};
}

double quantile(std::vector<double> values, double q) {
    std::ranges::sort(values);
    const auto last = static_cast<double>(values.size() - 1);
    return values[static_cast<std::size_t>(q * last)];
}

/// Times work(0), work(1), ... in rounds. The clock's last round has whatever else the
/// machine does in it; of the processor's time each item counts its best round.
template <class Work>
void print_times(std::size_t count, Work work) {
    constexpr int rounds = 7;
    std::vector<double> wall(count);
    std::vector<double> best(count, 1e300);
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < count; ++i) {
            const auto start = now();
            work(i);
            const auto end = now();
            wall[i] = end[0] - start[0];
            best[i] = std::min(best[i], end[1] - start[1]);
        }
    }
    std::printf("p50 %.1f us p99 %.1f us cpu p50 %.1f us p99 %.1f us\n",
                quantile(wall, 0.5), quantile(wall, 0.99), quantile(best, 0.5),
                quantile(best, 0.99));
}

void print_times_of_events(const oddjet::Scorer& scorer,
                           const std::vector<Event>& events) {
    oddjet::InputBuilder input(scorer.spec());
    oddjet::Scores scores;
    print_times(events.size(), [&](std::size_t i) {
        input.clear();
        input.add_event(events[i].view());
        scorer.score(input, scores);
    });
}

void print_times_of_jets(const oddjet::Scorer& scorer,
                         const std::vector<Event>& events) {
    std::vector<oddjet::FourMomentum> momenta;
    const auto jets = leading_jets(events, scorer.spec(), momenta);
    oddjet::InputBuilder input(scorer.spec());
    oddjet::Scores scores;
    print_times(jets.size(), [&](std::size_t i) {
        input.clear();
        input.add_jet(momenta[i], jets[i].view());
        scorer.score(input, scores);
    });
}

int select(const std::vector<std::string>& arguments) {
    const oddjet::Scorer scorer(arguments.at(0));
    const float threshold = scorer.threshold(arguments.at(1));
    const std::vector<Event> events = read_events(std::cin);
    const std::string mode = arguments.size() > 2 ? arguments[2] : "";
    if (mode == "--time" || mode == "--time-jets") {
        const auto print =
            mode == "--time" ? print_times_of_events : print_times_of_jets;
        print(scorer, events);
        return 0;
    }
    const auto scores = one_by_one(scorer, events);
    check_batch(scorer, events, scores);
    if (mode == "--threads") {
        check_threads(scorer, events, scores, std::stoi(arguments.at(3)));
    }
    for (const oddjet::Scores& event : scores) {
        const bool accepted = event.score[0] > threshold;  // never for NaN
        std::printf("%s %a", accepted ? "accept" : "reject", event.score[0]);
        for (const float fold : event.fold_scores) std::printf(" %a", fold);
        std::printf("\n");
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return select({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "select_events: %s\n", error.what());
        return 2;
    }
}
