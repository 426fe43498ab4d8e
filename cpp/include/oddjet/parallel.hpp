#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace oddjet {

/// Run task(0) ... task(count - 1), each once, on `threads` workers. Tasks write only
/// what is theirs, so the number of workers cannot change a result. If tasks throw, the
/// exception of the lowest index is thrown again once all workers have stopped.
void for_each_index(std::size_t count, int threads,
                    const std::function<void(std::size_t)>& task);

/// Throws std::invalid_argument, naming the kernel, if threads < 1.
void check_threads(int threads, std::string_view kernel);

}  // namespace oddjet
