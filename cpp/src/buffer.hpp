#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace oddjet {

/// The memory of one call, taken from the system in chunks of that size: in huge pages,
/// where it has them and a chunk is large. What a buffer gives back, the next one of
/// its size gets. Outlives its buffers; any thread may take.
class Workspace {
  public:
    explicit Workspace(std::size_t chunk_bytes) : chunk_bytes_(chunk_bytes) {}
    ~Workspace();
    Workspace(const Workspace&) = delete;
    Workspace& operator=(const Workspace&) = delete;

    [[nodiscard]] void* take(std::size_t bytes);
    void give_back(const void* memory) noexcept;

  private:
    struct Chunk {
        void* allocated;
        std::byte* memory;
        std::size_t bytes;
    };
    struct Piece {
        void* memory;
        std::size_t bytes;
        bool is_free;
    };

    std::byte* new_piece(std::size_t bytes);

    std::size_t chunk_bytes_;
    std::mutex mutex_;
    std::vector<Chunk> chunks_;
    std::size_t used_ = 0;       // of the last chunk
    std::vector<Piece> pieces_;  // a few
};

/// Memory that is written to for the first time comes in huge pages, where the system
/// has them and it is large.
void prefer_huge_pages(void* memory, std::size_t bytes);

/// Numbers that outlive a workspace.
[[nodiscard]] std::vector<double> lasting(std::size_t size, double value);

/// Allocates in a workspace, and leaves numbers that nobody sets as they are.
template <class T>
struct BufferAllocator {
    using value_type = T;
    using propagate_on_container_move_assignment = std::true_type;

    Workspace* workspace = nullptr;  // none: holds nothing

    BufferAllocator() = default;
    explicit(false) BufferAllocator(Workspace& all) : workspace(&all) {}
    template <class Other>
    explicit(false) BufferAllocator(const BufferAllocator<Other>& other)
        : workspace(other.workspace) {}

    [[nodiscard]] T* allocate(std::size_t count) {
        return static_cast<T*>(workspace->take(count * sizeof(T)));
    }
    void deallocate(T* values, std::size_t /*count*/) noexcept {
        workspace->give_back(values);
    }
    template <class Each>
    void construct(Each* each) {
        ::new (static_cast<void*>(each)) Each;
    }
    template <class Each, class... Arguments>
    void construct(Each* each, Arguments&&... arguments) {
        std::construct_at(each, std::forward<Arguments>(arguments)...);
    }
    template <class Other>
    bool operator==(const BufferAllocator<Other>& other) const {
        return workspace == other.workspace;
    }
};

/// A vector in a workspace: Buffer<double>(n, workspace) holds n numbers of any value.
template <class T>
using Buffer = std::vector<T, BufferAllocator<T>>;

}  // namespace oddjet
