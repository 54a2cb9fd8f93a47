#include "sdk/testkit/server_strand.h"

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "asio/execution/blocking.hpp"
#include "asio/execution/context.hpp"
#include "asio/execution_context.hpp"
#include "asio/query.hpp"
#include "asio/require.hpp"

namespace corocket::testkit {
namespace {

/// Strands that this thread is on, innermost first: a server may drive a client that drives another server.
thread_local const ServerStrand::Entry* innermost = nullptr;

}  // namespace

class ServerStrand::State {
 public:
  explicit State(asio::any_io_executor inner)
      : inner_(std::move(inner)), inner_never_(asio::require(inner_, asio::execution::blocking.never)) {}

  absl::Mutex& mutex() { return mutex_; }
  asio::execution_context& context() const { return asio::query(inner_, asio::execution::context); }
  const asio::any_io_executor& inner(bool never_blocks) const { return never_blocks ? inner_never_ : inner_; }

 private:
  absl::Mutex mutex_;
  const asio::any_io_executor inner_;
  const asio::any_io_executor inner_never_;
};

// The analysis cannot follow a lock that is taken only when the thread has it not already.
ServerStrand::Entry::Entry(State& state) ABSL_NO_THREAD_SAFETY_ANALYSIS : state_(&state),
                                                                          nested_(Inside(state)),
                                                                          outer_(innermost) {
  if (!nested_) state_->mutex().lock();
  innermost = this;
}

ServerStrand::Entry::Entry(const ServerStrand& strand) : Entry(*strand.state_) {}

ServerStrand::Entry::~Entry() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  innermost = outer_;
  if (!nested_) state_->mutex().unlock();
}

bool ServerStrand::Entry::Inside(const State& state) {
  for (const Entry* entry = innermost; entry != nullptr; entry = entry->outer_) {
    if (entry->state_ == &state) return true;
  }
  return false;
}

namespace {

/// What Asio sees: an executor over the inner one. Small enough to live inside `any_io_executor` without an allocation.
class StrandExecutor {
 public:
  StrandExecutor(std::shared_ptr<ServerStrand::State> state, bool never_blocks)
      : state_(std::move(state)), never_blocks_(never_blocks) {}

  asio::execution_context& query(asio::execution::context_t) const noexcept { return state_->context(); }
  asio::execution::blocking_t query(asio::execution::blocking_t) const noexcept {
    if (never_blocks_) return asio::execution::blocking.never;
    return asio::execution::blocking.possibly;
  }
  StrandExecutor require(asio::execution::blocking_t::never_t) const { return {state_, true}; }
  StrandExecutor require(asio::execution::blocking_t::possibly_t) const { return {state_, false}; }
  friend bool operator==(const StrandExecutor&, const StrandExecutor&) noexcept = default;

  template <typename Work>
  void execute(Work&& work) const {
    if (!never_blocks_ && ServerStrand::Entry::Inside(*state_)) {
      std::forward<Work>(work)();
      return;
    }
    state_->inner(never_blocks_).execute([state = state_, work = std::forward<Work>(work)]() mutable {
      const ServerStrand::Entry entry(*state);
      // What the work owns goes on the strand, too.
      auto here = std::move(work);
      std::move(here)();
    });
  }

 private:
  std::shared_ptr<ServerStrand::State> state_;
  bool never_blocks_;
};

}  // namespace

ServerStrand::ServerStrand(asio::any_io_executor inner) : state_(std::make_shared<State>(std::move(inner))) {}

asio::any_io_executor ServerStrand::executor() const { return StrandExecutor(state_, false); }

}  // namespace corocket::testkit
