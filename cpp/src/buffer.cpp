#include "buffer.hpp"

#include <algorithm>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace oddjet {
namespace {

constexpr std::size_t kHugePage = std::size_t{1} << 21;
constexpr std::size_t kCacheLine = 64;

std::size_t rounded_up(std::size_t bytes, std::size_t unit) {
    return (bytes + unit - 1) / unit * unit;
}

}  // namespace

void prefer_huge_pages(void* memory, std::size_t bytes) {
#if defined(__linux__)
    // Advice: where it is not taken, pages are small.
    std::size_t room = bytes;
    constexpr std::size_t kPage = 4096;
    if (bytes < kHugePage || std::align(kPage, kPage, memory, room) == nullptr) return;
    (void)madvise(memory, room, MADV_HUGEPAGE);
#else
    (void)memory;
    (void)bytes;
#endif
}

std::vector<double> lasting(std::size_t size, double value) {
    std::vector<double> numbers;
    numbers.reserve(size);
    prefer_huge_pages(numbers.data(), size * sizeof(double));
    numbers.assign(size, value);
    return numbers;
}

Workspace::~Workspace() {
    for (const Chunk& chunk : chunks_) ::operator delete(chunk.allocated);
}

void* Workspace::take(std::size_t bytes) {
    bytes = rounded_up(bytes, kCacheLine);
    const std::scoped_lock lock(mutex_);
    for (Piece& piece : pieces_) {
        if (!piece.is_free || piece.bytes != bytes) continue;
        piece.is_free = false;
        return piece.memory;
    }
    pieces_.push_back({new_piece(bytes), bytes, false});
    return pieces_.back().memory;
}

std::byte* Workspace::new_piece(std::size_t bytes) {
    if (chunks_.empty() || chunks_.back().bytes - used_ < bytes) {
        chunks_.reserve(chunks_.size() + 1);  // throws while there is nothing to lose
        // A large chunk fills its pages, so that none of them is small.
        std::size_t size = std::max(bytes, chunk_bytes_);
        if (size >= kHugePage / 2) size = rounded_up(size, kHugePage);
        // Not by an aligned new: glibc would never keep that memory for the next call.
        const std::size_t unit = size >= kHugePage ? kHugePage : kCacheLine;
        std::size_t room = size + unit;
        void* const allocated = ::operator new(room);
        void* memory = allocated;
        std::align(unit, size, memory, room);
        prefer_huge_pages(memory, size);
        chunks_.push_back({allocated, static_cast<std::byte*>(memory), size});
        used_ = 0;
    }
    std::byte* piece = chunks_.back().memory + used_;
    used_ += bytes;
    return piece;
}

void Workspace::give_back(const void* memory) noexcept {
    const std::scoped_lock lock(mutex_);
    for (Piece& piece : pieces_) {
        if (piece.memory == memory) piece.is_free = true;
    }
}

}  // namespace oddjet
