#include "bindings.hpp"

PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
    m.doc() =
        "The compiled kernels of oddjet; call them through their wrapper modules.";
    oddjet::bindings::bind_augment(m);
    oddjet::bindings::bind_cluster(m);
    oddjet::bindings::bind_constituent_features(m);
    oddjet::bindings::bind_edge_conv(m);
    oddjet::bindings::bind_energy_fractions(m);
    oddjet::bindings::bind_distance_correlation(m);
    oddjet::bindings::bind_event_tensors(m);
    oddjet::bindings::bind_jet_images(m);
    oddjet::bindings::bind_knn_graph(m);
    oddjet::bindings::bind_lists(m);
    oddjet::bindings::bind_substructure(m);
}
