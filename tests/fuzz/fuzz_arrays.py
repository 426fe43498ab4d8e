"""Arrays of any kind at the door of the kernels: an answer or one of two errors.

`python tests/fuzz/fuzz_arrays.py -max_total_time=60` (atheris, which brings libFuzzer).
"""

from __future__ import annotations

import sys

import atheris
import numpy as np

from oddjet import _core

DTYPES = ("f8", "f4", "i8", "i4", "u1", "?", ">f8", "f2", "c16", "O", "U3", "M8[s]")
ALGORITHMS = ("antikt", "kt", "ca", "genkt", "no such")
COORDINATES = ("pt_eta_phi_mass", "px_py_pz_energy")
PLAIN = np.array([0.0, 1.0, 0.5, -0.25, 2.0, 50.0, 1e-100, 1e139, np.nan, np.inf])


@atheris.instrument_func
def values_of(data, size, dtype):
    """Finite for the most part, so that the kernels get to see something."""
    if dtype.kind in "iu?":
        return np.array([data.ConsumeIntInRange(-1, 40) for _ in range(size)])
    places = [data.ConsumeIntInRange(0, 4) for _ in range(size)]
    if data.ConsumeIntInRange(0, 9) == 0:
        places = [data.ConsumeIntInRange(0, len(PLAIN) - 1) for _ in range(size)]
    return PLAIN[places]


@atheris.instrument_func
def array_of(data, size, *, dtype="f8", dimensions=1):
    """Most often what is asked for; else of another type, shape, layout or access."""
    oddity = data.ConsumeIntInRange(0, 24)
    dtype = np.dtype(data.PickValueInList(DTYPES) if oddity == 1 else dtype)
    dimensions = data.ConsumeIntInRange(0, 3) if oddity == 2 else dimensions
    shape = (size, *(data.ConsumeIntInRange(0, 4) for _ in range(dimensions - 1)))
    shape = shape if dimensions else ()
    values = values_of(data, int(np.prod(shape)), dtype).reshape(shape)
    with np.errstate(all="ignore"):
        array = values.astype("f8" if dtype.kind == "M" else dtype)
    array = array.astype("i8").astype(dtype) if dtype.kind == "M" else array
    if oddity == 3:
        array = np.repeat(array, 2, axis=0)[::2] if array.ndim else array
    elif oddity == 4:
        array = array[::-1] if array.ndim else array
    elif oddity == 5:
        array = np.broadcast_to(array[:1], shape) if size and array.ndim else array
    elif oddity == 6:
        array = np.asfortranarray(array)
    elif oddity == 7:
        array.flags.writeable = False
    elif oddity == 8:
        unaligned = np.empty(array.nbytes + 1, "u1")[1:].view(array.dtype)
        unaligned[...] = array.ravel()
        array = unaligned.reshape(shape)
    elif oddity == 9:
        array = array[: data.ConsumeIntInRange(0, size)] if array.ndim else array
    return array


@atheris.instrument_func
def offsets_of(data, size):
    """Most often true ones."""
    lists = data.ConsumeIntInRange(0, 4)
    cuts = sorted(data.ConsumeIntInRange(0, size) for _ in range(lists))
    offsets = np.array([0, *cuts, size], np.int64)
    lie = data.ConsumeIntInRange(0, 14)
    if lie == 1:
        offsets[data.ConsumeIntInRange(0, len(offsets) - 1)] = data.ConsumeInt(8)
    elif lie == 2:
        offsets = offsets[:-1]
    elif lie == 3:
        return array_of(data, len(offsets), dtype="i8")
    return offsets


@atheris.instrument_func
def lists_of(data):
    size = data.ConsumeIntInRange(0, 24)
    dtype = data.PickValueInList(["f8", "f4"])
    return {
        "coordinates": data.PickValueInList(COORDINATES),
        "columns": [array_of(data, size, dtype=dtype) for _ in range(4)],
        "offsets": offsets_of(data, size),
    }


@atheris.instrument_func
def cluster(data):
    _core.cluster(
        **lists_of(data),
        algorithm=data.PickValueInList(ALGORITHMS),
        radius=data.PickValueInList([0.4, 1000.0, -1.0]),
        pt_min_gev=0.0,
        power=0.5,
        recombination=data.PickValueInList(["E", "WTA_pt"]),
        threads=1,
    )


@atheris.instrument_func
def substructure(data):
    _core.measure(
        **lists_of(data),
        quantities=[
            _core.TrimOptions(subjet_radius=0.3, pt_fraction=0.05, algorithm="kt"),
            _core.SoftDropOptions(z_cut=0.1, beta=0.0, radius=0.8),
            _core.PruneOptions(z_cut=0.1, radius_cut_factor=0.5, algorithm="ca"),
            _core.NsubjettinessOptions(
                n=[1, 2, 30], radius=0.8, beta=1.0, axes="onepass_kt"
            ),
            _core.EnergyCorrelationOptions(beta=1.0),
            _core.LundOptions(
                plane="full",
                psi="atan2",
                below_kt="drop_both",
                empty="zeros",
                kt_min_gev=0.1,
                delta_min=0.0,
                leaves=True,
                logarithms=False,
            ),
        ],
        threads=1,
    )


@atheris.instrument_func
def energy_fractions(data):
    lists = lists_of(data)
    size = np.size(lists["columns"][0])
    _core.energy_fractions(**lists, pdg_id=array_of(data, size, dtype="i8"), threads=1)


@atheris.instrument_func
def jets_of(data, lists):
    count = max(0, np.size(lists["offsets"]) - 1)
    return {
        "jet_coordinates": data.PickValueInList(COORDINATES),
        "jet_columns": [array_of(data, count) for _ in range(4)],
    }


@atheris.instrument_func
def constituent_features(data):
    lists = lists_of(data)
    kernel = data.PickValueInList(
        [_core.constituent_features, _core.ragged_constituent_features]
    )
    kernel(
        **jets_of(data, lists),
        **lists,
        features=[data.PickValueInList(list(_core.feature_versions()))],
        num_constituents=data.ConsumeIntInRange(0, 6),
        threads=1,
    )


@atheris.instrument_func
def jet_images(data):
    lists = lists_of(data)
    _core.jet_images(
        **jets_of(data, lists),
        **lists,
        bins=data.ConsumeIntInRange(-1, 7),
        half_width=data.PickValueInList([1.0, 0.0, 1e9]),
        center=data.ConsumeBool(),
        rotate=data.ConsumeBool(),
        flip=data.ConsumeBool(),
        normalise=data.ConsumeBool(),
        threads=1,
    )


@atheris.instrument_func
def knn_graph(data):
    size = data.ConsumeIntInRange(0, 5)
    masked = data.ConsumeBool()
    _core.knn_graph(
        points=array_of(data, size, dimensions=3),
        k=data.ConsumeIntInRange(-1, 9),
        mask=array_of(data, size, dtype="?", dimensions=2) if masked else None,
        periodic=[data.ConsumeIntInRange(-1, 3)] if data.ConsumeBool() else [],
        threads=1,
    )


@atheris.instrument_func
def distance_correlations(data):
    size = data.ConsumeIntInRange(0, 20)
    _core.distance_correlations(
        variables=[array_of(data, size), array_of(data, size)],
        weights=array_of(data, size) if data.ConsumeBool() else None,
        pairs=[(0, data.ConsumeIntInRange(-1, 2))],
        gradients=[(True, data.ConsumeBool())],
        statistic=data.PickValueInList(["distance_correlation", "no such"]),
        threads=1,
    )


KERNELS = (
    cluster,
    substructure,
    energy_fractions,
    constituent_features,
    jet_images,
    knn_graph,
    distance_correlations,
)


@atheris.instrument_func
def test_one_input(raw):
    data = atheris.FuzzedDataProvider(raw)
    kernel = data.PickValueInList(list(KERNELS))
    try:
        kernel(data)
    except (ValueError, TypeError) as error:
        if not str(error).strip():
            raise RuntimeError(kernel.__name__) from error


if __name__ == "__main__":
    # Long inputs from the start: short ones are all empty arrays.
    atheris.Setup([*sys.argv, "-len_control=0"], test_one_input)
    atheris.Fuzz()
