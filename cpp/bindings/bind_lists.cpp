#include "arrays.hpp"
#include "bindings.hpp"
#include "oddjet/lists.hpp"

namespace oddjet::bindings {

using namespace pybind11::literals;

namespace {

// Far beyond any memory, and sums of it are far from overflow.
constexpr std::int64_t kMaxValues = std::int64_t{1} << 48;

using Lists = std::tuple<py::array, py::array>;

py::array join(const std::vector<Lists>& sources) {
    if (sources.empty()) throw py::value_error("sources must not be empty");
    const py::dtype type = std::get<1>(sources.front()).dtype();
    if (type.kind() == 'O') throw py::type_error("values must be numbers, got object");
    const auto value_bytes = static_cast<std::size_t>(type.itemsize());
    std::vector<ValueLists> lists;
    py::ssize_t total = 0;
    for (const auto& [offsets, values] : sources) {
        const bool is_constant = values.ndim() == 0;
        check_layout(values, "values", is_constant ? 0 : 1);
        if (!values.dtype().equal(type)) {
            throw py::type_error("values must be of one type, got " +
                                 type_name(std::get<1>(sources.front())) + " and " +
                                 type_name(values));
        }
        const std::span bytes(static_cast<const std::byte*>(values.data()),
                              static_cast<std::size_t>(values.nbytes()));
        const auto places = as_span<std::int64_t>(offsets, "offsets");
        lists.push_back({places, bytes, is_constant});
        const std::int64_t end = places.empty() ? 0 : places.back();
        if (end < 0 || end > kMaxValues) {
            throw py::value_error("offsets must end at a number of values, got " +
                                  std::to_string(end));
        }
        total += end;
    }
    py::array joined(type, std::vector<py::ssize_t>{total});
    const std::span room(static_cast<std::byte*>(joined.mutable_data()),
                         static_cast<std::size_t>(joined.nbytes()));
    without_gil([&] { join_lists(lists, value_bytes, room); });
    return joined;
}

template <class Real>
std::size_t unpad_rows(const py::array& rows, std::size_t slots,
                       const std::vector<py::array>& columns, std::size_t place,
                       std::span<std::int64_t> filled) {
    std::vector<std::span<Real>> room;
    for (py::array column : columns) {
        (void)as_span<Real>(column, "a column");
        if (!column.writeable()) throw py::value_error("a column must be writeable");
        room.emplace_back(static_cast<Real*>(column.mutable_data()),
                          static_cast<std::size_t>(column.size()));
    }
    const auto width = static_cast<std::size_t>(rows.shape(1));
    const auto values = span_of<Real>(rows);
    return without_gil([&] {
        return unpad<Real>(values, width, slots, std::span<const std::span<Real>>(room),
                           place, filled);
    });
}

}  // namespace

void bind_lists(py::module_& m) {
    m.def("join_lists", &join, py::kw_only(), "sources"_a);
    m.def(
        "unpad",
        [](const py::array& rows, std::size_t slots,
           const std::vector<py::array>& columns, std::size_t place) {
            check_layout(rows, "rows", 2);
            std::vector<std::int64_t> filled(static_cast<std::size_t>(rows.shape(0)));
            std::size_t end = 0;
            if (holds<double>(rows)) {
                end = unpad_rows<double>(rows, slots, columns, place, filled);
            } else if (holds<float>(rows)) {
                end = unpad_rows<float>(rows, slots, columns, place, filled);
            } else {
                throw py::type_error("rows must be float32 or float64, got " +
                                     type_name(rows));
            }
            return std::tuple(to_numpy(std::move(filled)), end);
        },
        py::kw_only(), "rows"_a, "slots"_a, "columns"_a, "place"_a);
}

}  // namespace oddjet::bindings
