#include "sdk/runtime/task_group.h"

#include <atomic>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/synchronization/mutex.h"
#include "asio/associated_cancellation_slot.hpp"
#include "asio/async_result.hpp"
#include "asio/bind_cancellation_slot.hpp"
#include "asio/cancellation_signal.hpp"
#include "asio/cancellation_type.hpp"
#include "asio/co_spawn.hpp"
#include "asio/deferred.hpp"
#include "asio/error.hpp"
#include "asio/post.hpp"
#include "asio/this_coro.hpp"
#include "sdk/runtime/parked.h"

namespace corocket {
namespace {

bool IsAborted(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::system_error& failure) {
    return failure.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

}  // namespace

// Kept alive by the group and by every task.
class TaskGroup::State : public std::enable_shared_from_this<State> {
 public:
  explicit State(asio::any_io_executor strand) : strand_(std::move(strand)) {}

  TaskId Spawn(asio::awaitable<void> task) {
    auto ending = Register();
    const TaskId id = ending.id();
    // Always through the strand: there the start and the cancellation of a task cannot overlap.
    asio::post(strand_, [ending = std::move(ending), task = std::move(task)]() mutable {
      auto mine = std::move(task);  // gone before its ending is told, begun or not
      if (ending.cancelled()) return;
      const auto strand = ending.strand();
      const auto slot = ending.slot();
      asio::co_spawn(strand, std::move(mine), asio::bind_cancellation_slot(slot, std::move(ending)));
    });
    return id;
  }

  void Cancel(TaskId id) {
    std::shared_ptr<Task> task;
    {
      const absl::MutexLock lock(mutex_);
      const auto found = tasks_.find(id);
      if (found == tasks_.end()) return;
      found->second->cancelled = true;
      task = found->second;
    }
    asio::post(strand_, [task] { task->signal.emit(asio::cancellation_type::terminal); });
  }

  void CancelAll() {
    std::vector<std::shared_ptr<Task>> cancelled;
    {
      const absl::MutexLock lock(mutex_);
      cancelled.reserve(tasks_.size());
      for (auto& [id, task] : tasks_) {
        task->cancelled = true;
        cancelled.push_back(task);
      }
    }
    if (cancelled.empty()) return;
    asio::post(strand_, [cancelled = std::move(cancelled)] {
      for (const auto& task : cancelled) task->signal.emit(asio::cancellation_type::terminal);
    });
  }

  void Wait(Parked<std::error_code>::Handler handler, const asio::any_io_executor& executor) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    Parked<std::error_code> joiner(std::move(handler), executor);
    {
      const absl::MutexLock lock(mutex_);
      if (!tasks_.empty()) {
        const std::uint64_t ticket = next_joiner_++;
        if (slot.is_connected()) {
          slot.assign([weak = weak_from_this(), ticket](asio::cancellation_type) {
            if (const auto alive = weak.lock()) alive->StopWaiting(ticket);
          });
        }
        joiners_.emplace(ticket, std::move(joiner));
        return;
      }
    }
    std::move(joiner).Resume({});
  }

  static asio::awaitable<void> Join(std::shared_ptr<State> state) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    auto start = [&](auto handler) { state->Wait(std::move(handler), executor); };
    auto wait = asio::async_initiate<const asio::deferred_t, void(std::error_code)>(start, asio::deferred);
    co_await std::move(wait);
    const std::exception_ptr error = state->error();
    if (error) std::rethrow_exception(error);
  }

  std::size_t size() const {
    const absl::MutexLock lock(mutex_);
    return tasks_.size();
  }

  std::exception_ptr error() const {
    const absl::MutexLock lock(mutex_);
    return error_;
  }

 private:
  struct Task {
    asio::cancellation_signal signal;  // touched on the strand only
    std::atomic<bool> cancelled = false;
  };

  // Completion handler of a task. Destroyed without a call (dropped before it began, or its context ended) it still
  // takes the task off the list, so that nobody waits for what cannot come.
  class Ending {
   public:
    Ending(std::shared_ptr<State> state, TaskId id, std::shared_ptr<Task> task)
        : state_(std::move(state)), id_(id), task_(std::move(task)) {}
    Ending(Ending&&) = default;
    Ending& operator=(Ending&&) = delete;
    ~Ending() {
      if (state_) state_->Ended(id_, nullptr);
    }

    void operator()(std::exception_ptr error) {
      if (error && task_->cancelled && IsAborted(error)) error = nullptr;
      std::exchange(state_, nullptr)->Ended(id_, std::move(error));
    }

    TaskId id() const { return id_; }
    bool cancelled() const { return task_->cancelled; }
    asio::cancellation_slot slot() const { return task_->signal.slot(); }
    asio::any_io_executor strand() const { return state_->strand_; }

   private:
    std::shared_ptr<State> state_;
    TaskId id_;
    std::shared_ptr<Task> task_;
  };

  Ending Register() {
    auto task = std::make_shared<Task>();
    const absl::MutexLock lock(mutex_);
    const TaskId id{next_task_++};
    tasks_.emplace(id, task);
    return Ending(shared_from_this(), id, std::move(task));
  }

  void Ended(TaskId id, std::exception_ptr error) {
    Joiners joiners;
    {
      const absl::MutexLock lock(mutex_);
      const auto ended = tasks_.find(id);
      if (ended != tasks_.end()) tasks_.erase(ended);
      if (error && !error_) error_ = std::move(error);
      if (!tasks_.empty()) return;
      joiners.swap(joiners_);
    }
    // Outside the lock: a context that is ending destroys what is posted to it, at once.
    for (auto& [ticket, joiner] : joiners) std::move(joiner).Resume({});
  }

  void StopWaiting(std::uint64_t ticket) {
    std::optional<Parked<std::error_code>> joiner;
    {
      const absl::MutexLock lock(mutex_);
      const auto found = joiners_.find(ticket);
      if (found == joiners_.end()) return;
      joiner.emplace(std::move(found->second));
      joiners_.erase(found);
    }
    std::move(*joiner).Resume(asio::error::operation_aborted);
  }

  using Joiners = absl::btree_map<std::uint64_t, Parked<std::error_code>>;

  const asio::any_io_executor strand_;
  mutable absl::Mutex mutex_;
  absl::btree_map<TaskId, std::shared_ptr<Task>> tasks_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t next_task_ ABSL_GUARDED_BY(mutex_) = 1;
  std::exception_ptr error_ ABSL_GUARDED_BY(mutex_);
  Joiners joiners_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t next_joiner_ ABSL_GUARDED_BY(mutex_) = 1;
};

TaskGroup::TaskGroup(asio::any_io_executor strand) : state_(std::make_shared<State>(std::move(strand))) {}

TaskGroup::~TaskGroup() {
  try {
    state_->CancelAll();
  } catch (...) {  // out of memory while posting: the tasks go on uncancelled, and still own what they use
  }
}

TaskId TaskGroup::Spawn(asio::awaitable<void> task) { return state_->Spawn(std::move(task)); }
void TaskGroup::Cancel(TaskId task) { state_->Cancel(task); }
void TaskGroup::CancelAll() { state_->CancelAll(); }
std::size_t TaskGroup::size() const { return state_->size(); }
std::exception_ptr TaskGroup::error() const { return state_->error(); }

asio::awaitable<void> TaskGroup::Join() { return State::Join(state_); }

}  // namespace corocket
