#ifndef COROCKET_SDK_RUNTIME_TASK_GROUP_H_
#define COROCKET_SDK_RUNTIME_TASK_GROUP_H_

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"

namespace corocket {

/// Names one task of one group; never used twice.
enum class TaskId : std::uint64_t {};

/// Background coroutines that somebody answers for: counted, cancellable, awaited, their first error kept.
///
///   TaskGroup tasks(asio::make_strand(runtime->executor()));
///   const TaskId reader = tasks.Spawn(ReadLoop(shared_from_this()));
///   ...
///   tasks.CancelAll();
///   co_await tasks.Join();
///
/// Destroying the group cancels its tasks and neither blocks nor throws; they wind down on the strand by themselves, so
/// a task owns what it uses. Like every strand, it goes before its execution context does. A task that ends with
/// `operation_aborted` after it was cancelled has not failed.
///
/// Thread safety: all members may be called from any thread.
class TaskGroup {
 public:
  /// Tasks run on `strand`: a strand, or an executor of a single-threaded context.
  explicit TaskGroup(asio::any_io_executor strand);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts `task` on the strand, not before this returns. Inside it only terminal cancellation is admitted, as
  /// `co_spawn` has it; a task that wants more resets its cancellation state.
  TaskId Spawn(asio::awaitable<void> task);

  /// Cancels one task (terminal). One that has not begun is dropped; one that has ended is no error.
  void Cancel(TaskId task);

  /// Cancels the tasks that there are now; later ones are not touched.
  void CancelAll();

  /// Suspends until no task is left, then throws the first error that escaped from one, to every joiner. At once when
  /// there is none. Not to be awaited by a task of the group itself. Resumes on the caller's executor.
  /// Cancellation: terminal, partial, total; ends this wait, not the tasks.
  [[nodiscard]] asio::awaitable<void> Join();

  /// Tasks that have not ended.
  [[nodiscard]] std::size_t size() const;

  /// The first error that escaped from a task, or null. Kept until the group is destroyed.
  [[nodiscard]] std::exception_ptr error() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace corocket

#endif  // COROCKET_SDK_RUNTIME_TASK_GROUP_H_
