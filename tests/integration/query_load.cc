#include "tests/integration/query_load.h"

#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "asio/co_spawn.hpp"
#include "corocket/endpoint_event.h"
#include "corocket/observer.h"
#include "corocket/route.h"

namespace corocket::test {

/// Notes when the client cleared its choice.
class QueryLoad::NoticeClock final : public Observer {
 public:
  explicit NoticeClock(QueryLoad& load) : load_(load) {}

  void OnEvent(const EndpointEvent& event) override {
    if (event.kind != EventKind::kInvalidated) return;
    const absl::MutexLock lock(load_.mutex_);
    load_.last_noticed_ = event.at;
    // Events are delivered after the fact; the gap in which it happened may be over.
    if (event.at > load_.gap_start_ && event.at < load_.gap_end_) load_.gap_noticed_ = event.at;
  }

 private:
  QueryLoad& load_;
};

absl::StatusOr<std::unique_ptr<QueryLoad>> QueryLoad::Start(Options options) {
  std::unique_ptr<QueryLoad> load(new QueryLoad(std::move(options.topic)));
  options.client.observers.push_back(std::make_shared<NoticeClock>(*load));
  absl::StatusOr<Client> client = Client::Create(load->io_.get_executor(), std::move(options.client));
  if (!client.ok()) return client.status();
  load->client_ = *std::move(client);
  load->running_ = options.coroutines;
  // An exception that leaves a coroutine is a defect: it ends the test loudly.
  const auto rethrow = [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  };
  for (std::size_t i = 0; i < options.coroutines; ++i) asio::co_spawn(load->io_, load->AskUntilStopped(), rethrow);
  load->thread_ = std::thread([io = &load->io_] { io->run(); });
  return load;
}

QueryLoad::QueryLoad(std::string topic) : topic_(std::move(topic)), last_success_(std::chrono::steady_clock::now()) {}

QueryLoad::~QueryLoad() { Stop().IgnoreError(); }

asio::awaitable<void> QueryLoad::AskUntilStopped() {
  for (;;) {
    {
      const absl::MutexLock lock(mutex_);
      if (stopping_) break;
    }
    const absl::StatusOr<TopicRoute> route = co_await client_->QueryRoute(topic_);
    if (route.ok() && route->queues.empty()) {
      Note(absl::DataLossError(absl::StrCat("a route of '", topic_, "' without queues")));
    } else {
      Note(route.status());
    }
  }
  if (--running_ == 0) shutdown_status_ = co_await client_->Shutdown();
}

void QueryLoad::Note(const absl::Status& status) {
  const TimePoint now = std::chrono::steady_clock::now();
  const absl::MutexLock lock(mutex_);
  if (!status.ok()) {
    if (totals_.failed++ == 0) totals_.first_failure = status;
    return;
  }
  ++totals_.succeeded;
  if (now - last_success_ > gap_end_ - gap_start_) {
    gap_start_ = last_success_;
    gap_end_ = now;
    gap_noticed_ = last_noticed_;
  }
  last_success_ = now;
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
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  const absl::MutexLock lock(mutex_);
  Gap gap{.length = duration_cast<microseconds>(gap_end_ - gap_start_), .after_noticing = std::nullopt};
  if (gap_noticed_ > gap_start_) gap.after_noticing = duration_cast<microseconds>(gap_end_ - gap_noticed_);
  return gap;
}

void QueryLoad::ResetGap() {
  const absl::MutexLock lock(mutex_);
  gap_start_ = gap_end_ = gap_noticed_ = TimePoint();
}

absl::Status QueryLoad::Stop() {
  {
    const absl::MutexLock lock(mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
  return shutdown_status_;
}

}  // namespace corocket::test
