#ifndef COROCKET_SDK_RUNTIME_PARKED_H_
#define COROCKET_SDK_RUNTIME_PARKED_H_

#include <optional>
#include <utility>

#include "asio/any_completion_handler.hpp"
#include "asio/any_io_executor.hpp"
#include "asio/post.hpp"

namespace corocket {

/// The other end of a suspended await: whoever holds it resumes the coroutine, once.
///
/// `io_context::run()` does not end meanwhile: `co_spawn` counts each coroutine as work. Destroyed without `Resume`, it
/// destroys the waiting coroutine (what Asio does with handlers of a context that ends).
///
/// Thread safety: distinct objects: safe. Shared object: unsafe; its owner serialises.
template <typename Result>
class Parked {
 public:
  using Handler = asio::any_completion_handler<void(Result)>;

  /// `executor` is the one that the coroutine runs on.
  Parked(Handler handler, asio::any_io_executor executor)
      : handler_(std::move(handler)), executor_(std::move(executor)) {}

  /// Resumes the coroutine on its own executor; never inside this call, so a cancellation handler may call it.
  void Resume(Result result) && {
    asio::post(executor_, [handler = std::move(handler_), result = std::move(result)]() mutable {
      std::move(handler)(std::move(result));
    });
  }

 private:
  Handler handler_;
  asio::any_io_executor executor_;
};

/// Takes what is parked, if anything still is: the loser of a race finds nothing.
template <typename Result>
std::optional<Parked<Result>> Take(std::optional<Parked<Result>>& parked) {
  return std::exchange(parked, std::nullopt);
}

}  // namespace corocket

#endif  // COROCKET_SDK_RUNTIME_PARKED_H_
