#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "oddjet/kinematics.hpp"

namespace oddjet {

/// A flat column in single or double precision. Reading gives a double: exact.
class Column {
  public:
    Column() = default;
    explicit(false) Column(std::span<const float> values) : values_(values) {}
    explicit(false) Column(std::span<const double> values) : values_(values) {}

    [[nodiscard]] double operator[](std::size_t i) const {
        const auto* doubles = std::get_if<std::span<const double>>(&values_);
        return doubles ? (*doubles)[i] : std::get<std::span<const float>>(values_)[i];
    }
    [[nodiscard]] std::size_t size() const;

    /// The `count` values from place `begin` on.
    [[nodiscard]] std::vector<double> copy(std::size_t begin, std::size_t count) const;

    /// The values from place `begin` on, as many as there is room for.
    void read(std::size_t begin, std::span<double> into) const;

    /// The `count` values from place `begin` on: where they are if they are doubles,
    /// else converted in that memory.
    [[nodiscard]] std::span<const double> doubles(std::size_t begin, std::size_t count,
                                                  std::vector<double>& memory) const;

  private:
    std::variant<std::span<const double>, std::span<const float>> values_;
};

enum class Coordinates { kPtEtaPhiMass, kPxPyPzEnergy };

/// "pt_eta_phi_mass" or "px_py_pz_energy"; else std::invalid_argument.
[[nodiscard]] Coordinates coordinates_from_name(std::string_view name);

/// Momenta as four columns, in the order that the coordinates' name gives.
struct MomentumView {
    Coordinates coordinates = Coordinates::kPtEtaPhiMass;
    std::array<Column, 4> columns;

    [[nodiscard]] std::size_t size() const { return columns[0].size(); }
    [[nodiscard]] FourMomentum momentum(std::size_t i) const;
    [[nodiscard]] double pt(std::size_t i) const;
};

/// Lists of particles: list i holds the particles offsets[i] to offsets[i + 1]. The
/// names appear in errors: "particle 3 of event 12 has ...".
struct ParticleLists {
    MomentumView particles;
    std::span<const std::int64_t> offsets;
    std::string_view particle_name = "particle";
    std::string_view list_name = "event";

    [[nodiscard]] std::size_t size() const { return offsets.size() - 1; }
};

/// The particles of one list, converted once for the whole chain of kernels.
struct Particles {
    std::vector<FourMomentum> momenta;
    std::vector<double> pt;  // as given: equal inputs stay equal when sorted
    /// The columns that they were read from, kept for their memory.
    std::array<std::vector<double>, 4> columns;
};

/// Momenta in collider coordinates, column by column.
struct ColliderColumns {
    std::vector<double> pt;
    std::vector<double> eta;
    std::vector<double> phi;
    std::vector<double> mass;
};

/// Throws std::invalid_argument unless all four columns have one length. `kernel` opens
/// the message.
void check_columns(const MomentumView& view, std::string_view kernel);

/// Throws std::invalid_argument unless all columns have one length and the offsets
/// start at 0, do not decrease and end at that length. `kernel` opens the message.
void check_lists(const ParticleLists& lists, std::string_view kernel);

/// What is wrong with particle i, whose momentum is p: a value that is not finite, pt <
/// 0, |p| or |E| above 1e140 GeV (squares must stay finite), or space-like beyond
/// rounding (E < 0 or p^2 > (1 + 1e-5) E^2). Nothing if it is fine.
[[nodiscard]] std::optional<std::string> momentum_problem(const MomentumView& view,
                                                          std::size_t i,
                                                          const FourMomentum& p);

/// The particles of one list. Throws std::invalid_argument for a momentum_problem.
[[nodiscard]] Particles read_list(const ParticleLists& lists, std::size_t list,
                                  std::string_view kernel);

/// The same in the memory of former particles.
void read_list(const ParticleLists& lists, std::size_t list, std::string_view kernel,
               Particles& particles);

/// Indices sorted by decreasing pt; equal pt keeps the lower index first.
void sort_hardest_first(std::span<std::int64_t> indices, std::span<const double> pt);

}  // namespace oddjet
