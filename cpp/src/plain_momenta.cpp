#include "plain_momenta.hpp"

#include <cmath>
#include <cstdint>

#include "vector_width.hpp"

namespace oddjet {
namespace {

ODDJET_VECTOR_WIDTHS
bool all_plain_collider(const double* pt, const double* eta, const double* phi,
                        const double* mass, std::size_t size) {
    std::int64_t doubtful = 0;
    for (std::size_t i = 0; i < size; ++i) {
        // Never NaN, and |p| below 1e104; a negative mass changes E^2 by 1e-6 of it.
        const bool plain = (pt[i] >= 0.0) & (pt[i] <= 1e60) &
                           (std::fabs(eta[i]) <= 100.0) & (std::fabs(phi[i]) <= 1e60) &
                           (mass[i] >= -1e-3 * pt[i]) & (mass[i] <= 1e60);
        doubtful |= plain ? 0 : 1;
    }
    return doubtful == 0;
}

ODDJET_VECTOR_WIDTHS
bool all_plain_cartesian(const double* px, const double* py, const double* pz,
                         const double* energy, std::size_t size) {
    std::int64_t doubtful = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const double squared = px[i] * px[i] + py[i] * py[i] + pz[i] * pz[i];
        // Rounding makes half of all massless particles space-like.
        const bool plain = (energy[i] >= 0.0) & (energy[i] <= 1e100) &
                           (squared <= (1.0 + 1e-6) * (energy[i] * energy[i]));
        doubtful |= plain ? 0 : 1;
    }
    return doubtful == 0;
}

}  // namespace

MomentumSpans momentum_spans(const MomentumView& view, std::size_t begin,
                             std::size_t end, SpanMemory& memory) {
    MomentumSpans spans{view.coordinates, {}};
    for (std::size_t c = 0; c < 4; ++c) {
        spans.columns[c] = view.columns[c].doubles(begin, end - begin, memory[c]);
    }
    return spans;
}

bool all_plain(const MomentumSpans& momenta) {
    const auto& [w, x, y, z] = momenta.columns;
    const auto check = momenta.coordinates == Coordinates::kPtEtaPhiMass
                           ? &all_plain_collider
                           : &all_plain_cartesian;
    return check(w.data(), x.data(), y.data(), z.data(), w.size());
}

}  // namespace oddjet
