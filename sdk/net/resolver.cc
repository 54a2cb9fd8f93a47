#include "sdk/net/resolver.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "asio/any_io_executor.hpp"
#include "asio/associated_cancellation_slot.hpp"
#include "asio/async_result.hpp"
#include "asio/cancellation_type.hpp"
#include "asio/deferred.hpp"
#include "asio/error.hpp"
#include "asio/execution/context.hpp"
#include "asio/execution_context.hpp"
#include "asio/io_context.hpp"
#include "asio/ip/tcp.hpp"
#include "asio/query.hpp"
#include "asio/this_coro.hpp"
#include "sdk/net/asio_endpoint.h"
#include "sdk/runtime/parked.h"

namespace corocket::net {
namespace {

/// What a look-up came to. Copied for each who waited for it, so the error is a code: an exception that several
/// threads rethrow would be one object.
struct Found {
  std::vector<HostPort> addresses;
  std::error_code error;
  std::string why;
};

using Waiter = Parked<Found>;
using LookupPtr = std::shared_ptr<const Lookup>;

struct Job {
  LookupPtr lookup;
  HostPort name;
  /// By number of their tickets. Guarded by the mutex of the desk; empty: nobody is interested any more.
  std::map<std::uint64_t, Waiter> waiters;
};

// Signals of the process are for the threads of its owner.
class WithoutSignals {
 public:
  WithoutSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~WithoutSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  WithoutSignals(const WithoutSignals&) = delete;
  WithoutSignals& operator=(const WithoutSignals&) = delete;

 private:
  sigset_t before_;
};

Found Run(const Job& job) {
  Found found;
  try {
    found.addresses = (*job.lookup)(job.name);
  } catch (const std::system_error& error) {
    found.error = error.code();
  } catch (...) {
    found.error = asio::error::make_error_code(asio::error::no_recovery);
  }
  return found;
}

// The look-ups of one execution context. Shared by the context's service and by the threads, which may outlive it.
class Desk : public std::enable_shared_from_this<Desk> {
 public:
  void Take(LookupPtr lookup, HostPort name, Waiter waiter, asio::cancellation_slot slot) {
    const absl::MutexLock lock(mutex_);
    std::shared_ptr<Job> job = Find(lookup, name);
    const bool full =
        job ? job->waiters.size() >= kMaxCallersPerLookup : waiting_.size() >= kMaxWaitingLookups || !HaveThread();
    if (full) {
      std::move(waiter).Resume({.addresses = {},
                                .error = asio::error::make_error_code(asio::error::host_not_found_try_again),
                                .why = "too many look-ups at once"});
      return;
    }
    if (!job) {
      job = std::make_shared<Job>(Job{.lookup = std::move(lookup), .name = std::move(name), .waiters = {}});
      waiting_.push_back(job);
    }
    const std::uint64_t ticket = ++tickets_;
    if (slot.is_connected()) {
      slot.assign([weak = weak_from_this(), job = std::weak_ptr<Job>(job), ticket](asio::cancellation_type) {
        const auto desk = weak.lock();
        const auto alive = job.lock();
        if (desk && alive) desk->Abandon(alive, ticket);
      });
    }
    job->waiters.emplace(ticket, std::move(waiter));
  }

  /// The context ends: whoever waits on it must not be resumed any more.
  void Shutdown() {
    std::deque<std::shared_ptr<Job>> dropped;
    std::vector<std::map<std::uint64_t, Waiter>> waiters;  // destroyed outside the lock
    const absl::MutexLock lock(mutex_);
    dropped.swap(waiting_);
    dropped.insert(dropped.end(), running_.begin(), running_.end());
    for (const auto& job : dropped) waiters.push_back(std::exchange(job->waiters, {}));
  }

 private:
  /// The look-up of this name that has not ended, waiting or running; null: there is none.
  std::shared_ptr<Job> Find(const LookupPtr& lookup, const HostPort& name) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto same = [&](const std::shared_ptr<Job>& job) { return job->lookup == lookup && job->name == name; };
    if (const auto found = std::ranges::find_if(running_, same); found != running_.end()) return *found;
    if (const auto found = std::ranges::find_if(waiting_, same); found != waiting_.end()) return *found;
    return nullptr;
  }

  // Under the lock on purpose: `Shutdown` then either finds the waiters or knows them posted while the context was
  // there.
  void Answer(Job& job, const Found& found) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (auto& [ticket, waiter] : std::exchange(job.waiters, {})) std::move(waiter).Resume(found);
  }

  void Abandon(const std::shared_ptr<Job>& job, std::uint64_t ticket) {
    const absl::MutexLock lock(mutex_);
    auto waiter = job->waiters.extract(ticket);
    if (waiter.empty()) return;
    std::move(waiter.mapped()).Resume({.addresses = {}, .error = asio::error::operation_aborted, .why = {}});
    // One that runs goes on, and whoever asks next finds it.
    if (job->waiters.empty()) std::erase(waiting_, job);
  }

  // Whether a thread will come for what is put into the queue next.
  bool HaveThread() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (threads_ >= kMaxLookupThreads) return true;
    const WithoutSignals blocked;
    try {
      std::thread([self = shared_from_this()] { self->Work(); }).detach();
      ++threads_;
    } catch (const std::system_error&) {  // the system has no thread for us
    }
    return threads_ > 0;
  }

  void Work() {
    const absl::MutexLock lock(mutex_);
    while (!waiting_.empty()) {
      const std::shared_ptr<Job> job = std::move(waiting_.front());
      waiting_.pop_front();
      running_.push_back(job);
      mutex_.unlock();
      const Found found = Run(*job);
      mutex_.lock();
      std::erase(running_, job);
      Answer(*job, found);
    }
    --threads_;
  }

  absl::Mutex mutex_;
  std::deque<std::shared_ptr<Job>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Job>> running_ ABSL_GUARDED_BY(mutex_);
  std::size_t threads_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t tickets_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Lives in the execution context and hears of its end: a thread that comes back later must not post into it.
class DeskService final : public asio::execution_context::service {
 public:
  using key_type = DeskService;
  static asio::execution_context::id id;

  explicit DeskService(asio::execution_context& owner) : asio::execution_context::service(owner) {}
  const std::shared_ptr<Desk>& desk() const { return desk_; }

 private:
  void shutdown() override { desk_->Shutdown(); }
  const std::shared_ptr<Desk> desk_ = std::make_shared<Desk>();
};

asio::execution_context::id DeskService::id;

asio::awaitable<Found> Ask(LookupPtr lookup, HostPort name) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto& context = asio::query(executor, asio::execution::context);
  const std::shared_ptr<Desk> desk = asio::use_service<DeskService>(context).desk();
  auto start = [&](auto handler) {
    const auto slot = asio::get_associated_cancellation_slot(handler);
    desk->Take(std::move(lookup), std::move(name), Waiter(std::move(handler), executor), slot);
  };
  auto ask = asio::async_initiate<const asio::deferred_t, void(Found)>(start, asio::deferred);
  Found found = co_await std::move(ask);
  co_return found;
}

asio::awaitable<std::vector<HostPort>> ResolveName(LookupPtr lookup, HostPort name) {
  if (IsIpLiteral(name.host)) co_return std::vector<HostPort>{std::move(name)};
  Found found = co_await Ask(std::move(lookup), name);
  if (found.error) {
    throw std::system_error(found.error, found.why.empty() ? name.ToString() : name.ToString() + ": " + found.why);
  }
  std::vector<HostPort> addresses;
  for (HostPort& address : found.addresses) {
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(std::move(address));
  }
  if (addresses.empty()) {
    throw std::system_error(asio::error::make_error_code(asio::error::host_not_found), name.ToString());
  }
  co_return addresses;
}

/// One for all resolvers without a function of their own, so that their look-ups are joined, too.
const LookupPtr& SharedSystemLookup() {
  static const LookupPtr lookup = std::make_shared<const Lookup>(SystemLookup);
  return lookup;
}

}  // namespace

std::vector<HostPort> SystemLookup(const HostPort& name) {
  asio::io_context unused;  // a blocking look-up runs nothing on it
  asio::ip::tcp::resolver resolver(unused);
  std::error_code error;
  const auto results =
      resolver.resolve(name.host, std::to_string(name.port), asio::ip::resolver_base::numeric_service, error);
  if (error) throw std::system_error(error, name.ToString());
  std::vector<HostPort> addresses;
  for (const auto& result : results) addresses.push_back(ToHostPort(result.endpoint()));
  return addresses;
}

Resolver::Resolver(Lookup lookup)
    : lookup_(lookup ? std::make_shared<const Lookup>(std::move(lookup)) : SharedSystemLookup()) {}

asio::awaitable<std::vector<HostPort>> Resolver::Resolve(HostPort name) const {
  return ResolveName(lookup_, std::move(name));
}

}  // namespace corocket::net
