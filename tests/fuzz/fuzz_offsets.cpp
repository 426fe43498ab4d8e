// Any bytes as offsets and column lengths: they are taken if and only if they are as
// documented, by the validator and by every kernel that reads lists.

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

#include "bytes.hpp"
#include "oddjet/cluster.hpp"
#include "oddjet/energy_fractions.hpp"
#include "oddjet/event_tensors.hpp"
#include "oddjet/substructure.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

std::vector<std::int64_t> offsets_of(Bytes& bytes, bool raw) {
    std::vector<std::int64_t> offsets;
    while (!bytes.empty() && offsets.size() < 64) {
        offsets.push_back(raw ? bytes.take<std::int64_t>() : bytes.take<std::int8_t>());
    }
    return offsets;
}

bool as_documented(const std::vector<std::int64_t>& offsets,
                   const std::array<std::size_t, 4>& lengths) {
    return !offsets.empty() && offsets.front() == 0 &&
           std::ranges::is_sorted(offsets) &&
           std::ranges::all_of(lengths, [&](std::size_t length) {
               return offsets.back() == static_cast<std::int64_t>(length);
           });
}

template <class Call>
bool takes(const Call& call) {
    try {
        call();
        return true;
    } catch (const std::invalid_argument&) {
        return false;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    const auto choice = bytes.take<std::uint8_t>();
    const std::size_t length = bytes.take<std::uint8_t>() % 128;
    std::array<std::size_t, 4> lengths = {length, length, length, length};
    if (choice & 1) lengths[1 + choice % 3] = bytes.take<std::uint8_t>() % 128;
    const std::vector<std::int64_t> offsets = offsets_of(bytes, (choice & 2) != 0);
    std::array<std::vector<float>, 4> columns;
    ParticleLists lists;
    for (std::size_t c = 0; c < 4; ++c) {
        // Of exactly that length on the heap, so that a read beyond is seen.
        columns[c].assign(lengths[c], 1.0F);
        columns[c].shrink_to_fit();
        lists.particles.columns[c] = std::span<const float>(columns[c]);
    }
    lists.offsets = offsets;
    const bool fine = as_documented(offsets, lengths);
    const std::vector<std::int64_t> pdg_id(lengths[0], 22);
    const Quantity lund = LundOptions{};
    demand(takes([&] { check_lists(lists, "fuzz"); }) == fine, "check_lists");
    demand(takes([&] { (void)cluster(lists, {}); }) == fine, "cluster");
    demand(takes([&] { (void)measure(lists, {&lund, 1}); }) == fine, "measure");
    demand(takes([&] { (void)energy_fractions(lists, pdg_id, 1); }) == fine,
           "energy_fractions");
    const FeatureOptions features{{Feature::kLogPt}, 4};
    demand(takes([&] { (void)event_tensors(lists, {}, features, 1); }) == fine,
           "event_tensors");
    return 0;
}
