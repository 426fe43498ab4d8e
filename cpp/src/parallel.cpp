#include "oddjet/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "message.hpp"

namespace oddjet {
namespace {

// Indices are handed out in order, and each one handed out is run: so is every index
// below a failed one, and the lowest failure is the same however many workers there
// are.
class IndexQueue {
  public:
    IndexQueue(std::size_t count, const std::function<void(std::size_t)>& task)
        : count_(count), task_(task), failed_index_(count) {}

    void work() {
        while (!failed_) {  // looked at before an index is taken, never after
            const std::size_t i = next_++;
            if (i >= count_) break;
            try {
                task_(i);
            } catch (...) {
                record_failure(i);
            }
        }
    }

    void throw_failure() const {
        if (failure_) std::rethrow_exception(failure_);
    }

  private:
    void record_failure(std::size_t i) {
        const std::scoped_lock lock(mutex_);
        failed_ = true;
        if (i < failed_index_) {
            failed_index_ = i;
            failure_ = std::current_exception();
        }
    }

    std::size_t count_;
    const std::function<void(std::size_t)>& task_;
    std::atomic<std::size_t> next_ = 0;
    std::atomic<bool> failed_ = false;
    std::mutex mutex_;
    std::size_t failed_index_;
    std::exception_ptr failure_;
};

}  // namespace

void check_threads(int threads, std::string_view kernel) {
    if (threads < 1) refuse(kernel, ": threads must be >= 1, got ", threads);
}

void for_each_index(std::size_t count, int threads,
                    const std::function<void(std::size_t)>& task) {
    IndexQueue queue(count, task);
    const std::size_t workers = std::min(count, static_cast<std::size_t>(threads));
    {
        std::vector<std::jthread> others;
        for (std::size_t i = 1; i < workers; ++i) {
            others.emplace_back([&queue] { queue.work(); });
        }
        queue.work();
    }  // the other workers are joined here
    queue.throw_failure();
}

}  // namespace oddjet
