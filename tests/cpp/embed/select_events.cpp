// Reads events, scores each one as it comes, and says which a working point accepts.
//
// Usage: select_events MODEL.onnx WORKING_POINT [--threads N | --time] < EVENTS
// EVENTS: for each event the number of its particles, then pt eta phi mass of each.
// Prints for each event "accept" or "reject", the score, and that of each fold, as
// hexadecimal floats. With --threads all events are scored N times at once, by one
// Scorer, which must always give the same. With --time prints how long one event takes.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <span>
#include <string>
#include <thread>
#include <vector>

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

void print_times(const oddjet::Scorer& scorer, const std::vector<Event>& events) {
    oddjet::InputBuilder input(scorer.spec());
    oddjet::Scores scores;
    std::vector<double> microseconds;
    for (int round = 0; round < 3; ++round) {
        microseconds.clear();
        for (const Event& event : events) {
            const auto start = std::chrono::steady_clock::now();
            input.clear();
            input.add_event(event.view());
            scorer.score(input, scores);
            const std::chrono::duration<double, std::micro> taken =
                std::chrono::steady_clock::now() - start;
            microseconds.push_back(taken.count());
        }
    }
    std::ranges::sort(microseconds);
    const auto quantile = [&](double q) {
        const auto last = static_cast<double>(microseconds.size() - 1);
        return microseconds[static_cast<std::size_t>(q * last)];
    };
    std::printf("p50 %.1f us p99 %.1f us\n", quantile(0.5), quantile(0.99));
}

int select(const std::vector<std::string>& arguments) {
    const oddjet::Scorer scorer(arguments.at(0));
    const float threshold = scorer.threshold(arguments.at(1));
    const std::vector<Event> events = read_events(std::cin);
    const std::string mode = arguments.size() > 2 ? arguments[2] : "";
    if (mode == "--time") {
        print_times(scorer, events);
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
