#pragma once

#include <span>
#include <variant>
#include <vector>

#include "oddjet/cluster.hpp"
#include "oddjet/grooming.hpp"
#include "oddjet/jet_shapes.hpp"
#include "oddjet/lund_tree.hpp"
#include "oddjet/nsubjettiness.hpp"
#include "oddjet/particles.hpp"

namespace oddjet {

/// What can be asked about a jet, with the options of the question.
using Quantity = std::variant<SoftDropOptions, TrimOptions, FilterOptions,
                              MassDropOptions, PruneOptions, NsubjettinessOptions,
                              EnergyCorrelationOptions, JetShapeOptions, LundOptions>;

/// The answer for all jets: of grooming one jet an "event"; of N-subjettiness
/// values[jet, count] in C order.
using Measured = std::variant<Jets, std::vector<double>, std::vector<EnergyCorrelation>,
                              std::vector<JetShape>, LundTrees>;

/// Answers in the order of the questions. Each list is read once, and clustered once
/// for all questions that look at the same clustering. Throws std::invalid_argument:
/// options, offsets, momenta, threads < 1.
[[nodiscard]] std::vector<Measured> measure(const ParticleLists& jets,
                                            std::span<const Quantity> quantities,
                                            int threads = 1);

}  // namespace oddjet
