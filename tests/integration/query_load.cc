#include "tests/integration/query_load.h"

#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "asio/co_spawn.hpp"
#include "corocket/route.h"
#include "sdk/runtime/asio_runtime.h"
#include "tests/integration/noting_connector.h"

namespace corocket::test {

absl::StatusOr<std::unique_ptr<QueryLoad>> QueryLoad::Start(Options options) {
  std::unique_ptr<QueryLoad> load(new QueryLoad(std::move(options)));
  QueryLoad& self = *load;
  // Nothing of the world outlives the load, whose io_context it runs on.
  absl::StatusOr<Client> client =
      Client::Create({.runtime = MakeAsioRuntime(self.io_.get_executor()),
                      .connector = MakeNotingConnector([&self](const std::string& server) { self.NoteEnd(server); })},
                     self.options_.client);
  if (!client.ok()) return client.status();
  self.client_ = *std::move(client);
  self.running_ = self.options_.coroutines;
  // An exception that leaves a coroutine is a defect: it ends the test loudly.
  const auto rethrow = [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  };
  for (std::size_t i = 0; i < self.options_.coroutines; ++i) asio::co_spawn(self.io_, self.AskUntilStopped(), rethrow);
  self.thread_ = std::thread([&self] {
    self.io_.run();
    const absl::MutexLock lock(self.mutex_);
    self.ended_ = true;
  });
  return load;
}

QueryLoad::QueryLoad(Options options) : options_(std::move(options)), last_success_(std::chrono::steady_clock::now()) {}

QueryLoad::~QueryLoad() { Stop().IgnoreError(); }

asio::awaitable<void> QueryLoad::AskUntilStopped() {
  CallOptions call = options_.client.call;
  for (;;) {
    {
      const absl::MutexLock lock(mutex_);
      if (stopping_) break;
    }
    call.report = std::make_shared<CallReport>();
    const absl::StatusOr<TopicRoute> route = co_await client_->QueryRoute(options_.topic, call);
    absl::Status status = route.status();
    if (route.ok() && route->queues.empty()) {
      status = absl::DataLossError(absl::StrCat("a route of '", options_.topic, "' without queues"));
    }
    Note(status, call.report->answered_by);
  }
  if (--running_ == 0) shutdown_status_ = co_await client_->Shutdown();
}

void QueryLoad::Note(const absl::Status& status, std::string_view answered_by) {
  const TimePoint now = std::chrono::steady_clock::now();
  const absl::MutexLock lock(mutex_);
  if (!status.ok()) {
    if (totals_.failed++ == 0) totals_.first_failure = status;
    return;
  }
  ++totals_.succeeded;
  const Gap gap{.start = last_success_, .end = now};
  if (gap.length() > longest_gap_.length()) longest_gap_ = gap;
  if (switching_ && switching_->from != answered_by) {
    switching_->gap = gap;
    last_switch_ = std::exchange(switching_, std::nullopt);
  }
  last_success_ = now;
}

void QueryLoad::NoteEnd(const std::string& server) {
  const TimePoint now = std::chrono::steady_clock::now();
  const absl::MutexLock lock(mutex_);
  // The reader and the writer of one connection may both meet its end; the first one tells.
  if (switching_ && switching_->from == server) return;
  switching_ = Switch{.from = server, .end_read = now};
}

QueryLoad::Totals QueryLoad::totals() const {
  const absl::MutexLock lock(mutex_);
  return totals_;
}

absl::Status QueryLoad::AwaitSuccesses(std::uint64_t count, Deadline deadline) const {
  const std::uint64_t wanted = totals().succeeded + count;
  if (PollUntil(deadline, [&] { return totals().succeeded >= wanted; })) return absl::OkStatus();
  return absl::DeadlineExceededError(
      absl::StrCat(wanted - totals().succeeded, " of ", count, " successful calls are missing at the deadline"));
}

QueryLoad::Gap QueryLoad::longest_gap() const {
  const absl::MutexLock lock(mutex_);
  return longest_gap_;
}

std::optional<QueryLoad::Switch> QueryLoad::last_switch() const {
  const absl::MutexLock lock(mutex_);
  return last_switch_;
}

void QueryLoad::ResetGaps() {
  const absl::MutexLock lock(mutex_);
  longest_gap_ = {};
  switching_.reset();
  last_switch_.reset();
}

bool QueryLoad::ended() const {
  const absl::MutexLock lock(mutex_);
  return ended_;
}

absl::Status QueryLoad::Stop() {
  {
    const absl::MutexLock lock(mutex_);
    stopping_ = true;
  }
  if (!thread_.joinable()) return shutdown_status_;
  const bool in_time = PollUntil(In(options_.stop_limit), [this] { return ended(); });
  if (!in_time) io_.stop();
  thread_.join();
  if (in_time) return shutdown_status_;
  const std::string what =
      running_ == 0 ? "the shutdown has" : absl::StrCat(running_, " of ", options_.coroutines, " calls have");
  shutdown_status_ =
      absl::DeadlineExceededError(absl::StrCat(what, " not returned after ", options_.stop_limit.count(), " ms"));
  return shutdown_status_;
}

}  // namespace corocket::test
