#pragma once

#include "oddjet/particles.hpp"

namespace oddjet {

/// Energy correlation functions of a jet and their ratios: C2 (Larkoski, Salam, Thaler,
/// arXiv:1305.0007), D2 (Larkoski, Moult, Neill, arXiv:1409.6298) and N2 (Moult, Necib,
/// Thaler, arXiv:1609.07483). A ratio without a denominator is zero.
struct EnergyCorrelation {
    double e2 = 0.0;  // sum_i<j z_i z_j dR_ij^beta, z_i = pt_i / sum pt
    double e3 = 0.0;  // sum_i<j<k z_i z_j z_k (dR_ij dR_ik dR_jk)^beta
    double c2 = 0.0;  // e3 / e2^2
    double d2 = 0.0;  // e3 / e2^3
    double n2 = 0.0;  // 2e3 / e2^2; 2e3 is e3 with the two smallest of three angles
};

struct EnergyCorrelationOptions {
    double beta = 1.0;
};

/// Throws std::invalid_argument: beta not in (0, 10].
void check_options(const EnergyCorrelationOptions& options);

/// Sums over pairs and triples: O(n^3) time, O(n^2) memory.
[[nodiscard]] EnergyCorrelation energy_correlation(
    const Particles& jet, const EnergyCorrelationOptions& options);

/// How a jet's pt is spread. Zero for a jet without pt; dR is measured from the sum of
/// the momenta.
struct JetShape {
    double girth = 0.0;          // sum pt_i dR_i / sum pt_i
    double pt_dispersion = 0.0;  // sqrt(sum pt_i^2) / sum pt_i
};

/// There is nothing to choose.
struct JetShapeOptions {};

[[nodiscard]] JetShape jet_shape(const Particles& jet);

}  // namespace oddjet
