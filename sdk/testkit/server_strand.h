#ifndef COROCKET_SDK_TESTKIT_SERVER_STRAND_H_
#define COROCKET_SDK_TESTKIT_SERVER_STRAND_H_

#include <memory>

#include "asio/any_io_executor.hpp"

namespace corocket::testkit {

/// A strand that plain functions can step into.
///
/// A test says `server.Stop()` and means "now", from whatever thread it runs on, whether or not anything runs the
/// server's executor at that moment. Posting to an Asio strand cannot give that, waiting for the post can wait for
/// ever. So here the handlers run under a mutex, and a function that wants to join them takes it:
///
///   const ServerStrand::Entry entry(strand);
///   listener->Close();
///
/// Handlers run one at a time, in no promised order when several threads run the executor. Code that is on the strand
/// already enters it again freely. Thread safety: all members may be called from any thread.
class ServerStrand {
 public:
  /// Handlers run where `inner` runs them.
  explicit ServerStrand(asio::any_io_executor inner);

  [[nodiscard]] asio::any_io_executor executor() const;

  class State;

  /// While it lives, this thread is on the strand. Not to be held across a suspension.
  class [[nodiscard]] Entry {
   public:
    explicit Entry(const ServerStrand& strand);
    explicit Entry(State& state);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    /// Whether this thread is on the strand of `state`.
    static bool Inside(const State& state);

   private:
    State* const state_;
    const bool nested_;
    const Entry* const outer_;
  };

 private:
  std::shared_ptr<State> state_;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SERVER_STRAND_H_
