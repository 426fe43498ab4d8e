#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <numeric>

#include "expect.hpp"
#include "oddjet/event_tensors.hpp"
#include "oddjet/input_builder.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

std::atomic<long> allocations = 0;

}  // namespace

// Every allocation of this program is counted, but not under the thread sanitizer: its
// runtime has an operator of its own, and no place for another.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ODDJET_ALLOCATES_ITSELF
#endif
#endif
#if defined(ODDJET_ALLOCATES_ITSELF) || defined(__SANITIZE_THREAD__)
constexpr bool kCountsAllocations = false;
#else
constexpr bool kCountsAllocations = true;

void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace {

constexpr std::string_view kText = R"(source = particles
algorithm = antikt
radius = 0.8
jet = leading
num_constituents = 12
features = delta_rapidity delta_azimuth log_pt log_pt_ratio delta_r
versions = 1 1 1 1 1
)";

std::string replaced(std::string_view old, std::string_view with) {
    std::string text(kText);
    return text.replace(text.find(old), old.size(), with);
}

/// The particles of one list as a view of their own.
template <class Real>
MomentumView of_list(const RandomLists<Real>& random, std::size_t list) {
    const auto begin = static_cast<std::size_t>(random.offsets[list]);
    const auto size = static_cast<std::size_t>(random.offsets[list + 1]) - begin;
    MomentumView view;
    for (std::size_t c = 0; c < 4; ++c) {
        view.columns[c] = std::span<const Real>(random.columns[c]).subspan(begin, size);
    }
    return view;
}

void a_spec_comes_from_text() {
    const FeatureSpec spec = feature_spec_from_text(kText);
    expect(spec.source == "particles" && spec.clustering.radius == 0.8 &&
               spec.clustering.algorithm == Algorithm::kAntiKt &&
               spec.features.num_constituents == 12 &&
               spec.features.features.size() == 5 &&
               spec.features.features[4] == Feature::kDeltaR,
           "what the text says");
    const auto refused = [](std::string_view old, std::string_view with,
                            const std::string& message) {
        expect_refusal([&] { (void)feature_spec_from_text(replaced(old, with)); },
                       message);
    };
    refused("= antikt", "= durham", "algorithm must be");
    refused("0.8", "0,8", "radius is '0,8', which is no number");
    refused("0.8", "-1", "radius must be > 0");
    refused("leading", "second", "jet must be 'leading'");
    refused("delta_r\n", "log_q\n", "unknown feature 'log_q'");
    refused("1 1 1 1 1", "1 1 2 1 1", "version 2 of log_pt, these kernels compute");
    refused("1 1 1 1 1", "1 1 1 1", "one per feature (5), got 4");
    refused("source", "sauce", "unknown key 'sauce'");
    refused("radius = 0.8\n", "", "the key 'radius' is missing");
    refused("radius", "algorithm", "repeats a key");
    refused("radius = 0.8", "radius", "is not `key = value`");
}

template <class Real>
void rows_are_those_of_the_kernels(std::size_t particles) {
    const FeatureSpec spec = feature_spec_from_text(kText);
    const RandomLists<Real> random(30, particles, 5);
    const ParticleLists events = random.view();
    const EventTensors expected = event_tensors(events, spec.clustering, spec.features);
    InputBuilder builder(spec, events.size());
    for (int round = 0; round < 2; ++round) {  // cleared, it is as new
        builder.clear();
        for (std::size_t i = 0; i < events.size(); ++i) {
            const RowStatus status = builder.add_event(of_list(random, i));
            expect((status == RowStatus::kFilled) == (expected.found[i] != 0),
                   "found or not");
        }
        const std::size_t step = builder.slots() * builder.num_features();
        for (std::size_t i = 0; i < events.size(); ++i) {
            const auto row = std::span(expected.tensor.values).subspan(i * step, step);
            expect(std::ranges::equal(builder.values(i), row), "values of an event");
            const auto mask = std::span(expected.tensor.mask)
                                  .subspan(i * builder.slots(), builder.slots());
            const auto count = std::accumulate(mask.begin(), mask.end(), 0U);
            expect(builder.count(i) == count, "count of an event");
        }
    }
    expect_refusal([&] { builder.add_event(of_list(random, 0)); },
                   "has room for 30 rows and is full");
}

template <class Real>
void jets_allocate_nothing() {
    const FeatureSpec spec = feature_spec_from_text(kText);
    const RandomLists<Real> random(20, 50, 7);
    std::vector<MomentumView> constituents;
    MomentumView axes;
    std::array<std::vector<double>, 4> columns;
    std::vector<ColliderMomentum> jets;
    for (std::size_t i = 0; i < 20; ++i) {
        constituents.push_back(of_list(random, i));
        FourMomentum sum{0, 0, 0, 0};
        for (std::size_t j = 0; j < 50; ++j) {
            sum = sum + constituents[i].momentum(j);
        }
        jets.push_back(collider_momentum(sum));
        const std::array<double, 4> row = {jets[i].pt, jets[i].eta, jets[i].phi,
                                           jets[i].mass};
        for (std::size_t c = 0; c < 4; ++c) columns[c].push_back(row[c]);
    }
    for (std::size_t c = 0; c < 4; ++c) {
        axes.columns[c] = std::span<const double>(columns[c]);
    }
    const FeatureTensor expected =
        constituent_features(axes, random.view(), spec.features);
    InputBuilder builder(spec, 20);
    const long before = allocations;
    for (int round = 0; round < 3; ++round) {
        builder.clear();
        for (std::size_t i = 0; i < 20; ++i) builder.add_jet(jets[i], constituents[i]);
    }
    expect(allocations == before, "a jet allocates");
    expect((allocations > 0) == kCountsAllocations, "allocations are counted");
    const std::size_t step = builder.slots() * builder.num_features();
    for (std::size_t i = 0; i < 20; ++i) {
        expect(builder.status(i) == RowStatus::kFilled && builder.count(i) == 12,
               "a full row");
        expect(std::ranges::equal(builder.values(i),
                                  std::span(expected.values).subspan(i * step, step)),
               "values of a jet");
    }
}

template <class Real>
void events_allocate_nothing() {
    const FeatureSpec spec = feature_spec_from_text(kText);
    InputBuilder builder(spec, 8);
    // Of every size up to the largest there is room for, and of every shape: a single
    // jet needs other cells than an event all around the beam.
    for (const std::size_t particles : {0, 1, 9, 130, 600, 1000, 3000, 4096}) {
        RandomLists<Real> random(3, particles, 11);
        for (std::size_t i = 0; i < random.columns[1].size() / 3; ++i) {
            random.columns[1][i] *= Real(0.02);
        }
        const long before = allocations;
        builder.clear();
        for (std::size_t i = 0; i < 3; ++i) builder.add_event(of_list(random, i));
        const long made = allocations - before;
        expect(made == 0, "an event allocates");
        expect(particles == 0 || builder.status(0) == RowStatus::kFilled,
               "it is filled");
    }
    expect(builder.most_particles() == 4096, "what there is room for");
}

void what_cannot_be_scored_is_an_empty_row() {
    const FeatureSpec spec = feature_spec_from_text(kText);
    InputBuilder builder(spec, 4);
    const RandomLists<double> random(1, 5, 9);
    const MomentumView none;
    expect(builder.add_event(none) == RowStatus::kNoJet, "an event of nothing");
    expect(builder.add_jet(ColliderMomentum{9, 0, 0, 1}, none) ==
               RowStatus::kNoConstituents,
           "a jet of nothing");
    expect(builder.add_jet(FourMomentum{0, 0, 3, 7}, of_list(random, 0)) ==
               RowStatus::kZeroPt,
           "a jet along the beam");
    for (std::size_t i = 0; i < 3; ++i) {
        expect(builder.count(i) == 0, "an empty row");
        expect(std::ranges::all_of(builder.values(i), [](float v) { return v == 0; }),
               "a row of zeros");
    }
    auto broken = random;
    broken.columns[2][3] = std::nan("");
    expect_refusal(
        [&] { builder.add_jet(ColliderMomentum{9, 0, 0, 1}, of_list(broken, 0)); },
        "constituent 3 has non-finite phi");
    expect_refusal([&] { builder.add_event(of_list(broken, 0)); },
                   "particle 3 of event 0 has non-finite phi");
    expect_refusal(
        [&] { builder.add_jet(FourMomentum{9, 0, 0, 1}, of_list(random, 0)); },
        "jet 0 has |p| 9 above its energy 1");
    expect(builder.size() == 3, "what is refused adds no row");
    expect_refusal([&] { InputBuilder(spec, 0); }, "capacity must be >= 1");
}

}  // namespace

int main() {
    a_spec_comes_from_text();
    for (const std::size_t particles : {0, 1, 5, 60}) {
        rows_are_those_of_the_kernels<double>(particles);
        rows_are_those_of_the_kernels<float>(particles);
    }
    jets_allocate_nothing<float>();
    jets_allocate_nothing<double>();
    events_allocate_nothing<float>();
    events_allocate_nothing<double>();
    what_cannot_be_scored_is_an_empty_row();
    return failures;
}
