#include "oddjet/jet_clusterings.hpp"

namespace oddjet {

const ClusteringHistory& JetClusterings::history(Algorithm algorithm, double radius,
                                                 Recombination recombination) const {
    for (const Made& one : made_) {
        if (one.algorithm == algorithm && one.radius == radius &&
            one.recombination == recombination) {
            return one.history;
        }
    }
    ClusterOptions options;
    options.algorithm = algorithm;
    options.radius = radius;
    options.recombination = recombination;
    made_.push_back(
        {algorithm, radius, recombination, clustering_history(particles_, options)});
    return made_.back().history;
}

}  // namespace oddjet
