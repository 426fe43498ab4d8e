#pragma once

#include <cstddef>
#include <span>

#include "buffer.hpp"

namespace oddjet {

/// A look at doubles some steps apart: those of a buffer, a member of its elements, or
/// one number again and again.
class Numbers {
  public:
    Numbers() = default;
    explicit(false) Numbers(std::span<const double> values)
        : Numbers(values.data(), 1, values.size()) {}
    explicit(false) Numbers(const Buffer<double>& values)
        : Numbers(std::span(values)) {}

    [[nodiscard]] static Numbers repeated(const double& value, std::size_t size) {
        return {&value, 0, size};
    }

    /// That member, a double, of all elements, which are made of doubles.
    template <class Element>
    [[nodiscard]] static Numbers members(const Buffer<Element>& elements,
                                         double Element::* member) {
        static_assert(sizeof(Element) % sizeof(double) == 0);
        if (elements.empty()) return {};
        return {&(elements.front().*member), sizeof(Element) / sizeof(double),
                elements.size()};
    }

    [[nodiscard]] double operator[](std::size_t i) const { return first_[i * step_]; }
    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    Numbers(const double* first, std::size_t step, std::size_t size)
        : first_(first), step_(step), size_(size) {}

    const double* first_ = nullptr;
    std::size_t step_ = 0;
    std::size_t size_ = 0;
};

}  // namespace oddjet
