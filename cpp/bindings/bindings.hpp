#pragma once

#include <pybind11/pybind11.h>

namespace oddjet::bindings {

void bind_augment(pybind11::module_& m);
void bind_cluster(pybind11::module_& m);
void bind_constituent_features(pybind11::module_& m);
void bind_edge_conv(pybind11::module_& m);
void bind_energy_fractions(pybind11::module_& m);
void bind_distance_correlation(pybind11::module_& m);
void bind_event_tensors(pybind11::module_& m);
void bind_jet_images(pybind11::module_& m);
void bind_knn_graph(pybind11::module_& m);
void bind_lists(pybind11::module_& m);
void bind_substructure(pybind11::module_& m);

}  // namespace oddjet::bindings
