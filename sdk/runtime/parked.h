#ifndef COROCKET_SDK_RUNTIME_PARKED_H_
#define COROCKET_SDK_RUNTIME_PARKED_H_

#include <optional>
#include <utility>

#include "asio/any_completion_handler.hpp"
#include "asio/any_io_executor.hpp"
#include "asio/execution/outstanding_work.hpp"
#include "asio/post.hpp"
#include "asio/prefer.hpp"

namespace corocket {

/// The other end of a suspended await: whoever holds it resumes the coroutine, once.
///
/// Holds work on the coroutine's executor, so that `io_context::run()` does not end under it. Destroyed without
/// `Resume`, it destroys the waiting coroutine (what Asio does with handlers of a context that ends).
///
/// Thread safety: distinct objects: safe. Shared object: unsafe; its owner serialises.
template <typename Result>
class Parked {
 public:
  using Handler = asio::any_completion_handler<void(Result)>;

  /// `executor` is the one that the coroutine runs on.
  Parked(Handler handler, const asio::any_io_executor& executor)
      : handler_(std::move(handler)), work_(asio::prefer(executor, asio::execution::outstanding_work.tracked)) {}

  /// Resumes the coroutine on its own executor; never inside this call, so a cancellation handler may call it.
  void Resume(Result result) && {
    const asio::any_io_executor executor = std::exchange(work_, asio::any_io_executor());
    asio::post(executor, [handler = std::move(handler_), result = std::move(result)]() mutable {
      std::move(handler)(std::move(result));
    });
  }

 private:
  Handler handler_;
  asio::any_io_executor work_;
};

/// Takes what is parked, if anything still is: the loser of a race finds nothing.
template <typename Result>
std::optional<Parked<Result>> Take(std::optional<Parked<Result>>& parked) {
  return std::exchange(parked, std::nullopt);
}

}  // namespace corocket

#endif  // COROCKET_SDK_RUNTIME_PARKED_H_
