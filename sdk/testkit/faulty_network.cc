#include "corocket/testing/faulty_network.h"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/log/absl_check.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "asio/as_tuple.hpp"
#include "asio/deferred.hpp"
#include "asio/error.hpp"
#include "asio/post.hpp"
#include "asio/steady_timer.hpp"
#include "sdk/base/host_port.h"
#include "sdk/net/asio_connector.h"
#include "sdk/net/transport.h"
#include "sdk/runtime/asio_runtime.h"

namespace corocket::testing {
namespace {

[[noreturn]] void Throw(asio::error::basic_errors error) {
  throw std::system_error(asio::error::make_error_code(error));
}

HostPort ParseNumeric(const std::string& address) {
  const absl::StatusOr<HostPort> parsed = ParseHostPort(address);
  ABSL_CHECK(parsed.ok()) << parsed.status();
  ABSL_CHECK(IsIpLiteral(parsed->host)) << address << " is a name, and packets go to numeric addresses: give one";
  return *parsed;
}

}  // namespace

/// Which addresses are cut off, and whom it concerns when one is healed.
class FaultyNetwork::Faults {
 public:
  void Drop(const HostPort& address) {
    const absl::MutexLock lock(mutex_);
    dropped_.insert(address);
  }
  void Heal(const HostPort& address);
  [[nodiscard]] bool Dropped(const HostPort& address) const {
    const absl::MutexLock lock(mutex_);
    return dropped_.contains(address);
  }

  /// `path`, which lives on `on`, is told when `address` is healed, until it leaves.
  [[nodiscard]] std::uint64_t Enter(HostPort address, asio::any_io_executor on, std::weak_ptr<Path> path) {
    const absl::MutexLock lock(mutex_);
    paths_.emplace(next_id_, Entry{std::move(address), std::move(on), std::move(path)});
    return next_id_++;
  }
  void Leave(std::uint64_t id) {
    const absl::MutexLock lock(mutex_);
    paths_.erase(id);
  }

 private:
  struct Entry {
    HostPort address;
    asio::any_io_executor on;
    std::weak_ptr<Path> path;
  };

  mutable absl::Mutex mutex_;
  absl::btree_set<HostPort> dropped_ ABSL_GUARDED_BY(mutex_);
  absl::btree_map<std::uint64_t, Entry> paths_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t next_id_ ABSL_GUARDED_BY(mutex_) = 1;
};

/// One dial, and the connection that it makes. Lives on one executor; what awaits there owns it.
class FaultyNetwork::Path {
 public:
  [[nodiscard]] static std::shared_ptr<Path> Create(const asio::any_io_executor& on, std::shared_ptr<Faults> faults,
                                                    HostPort address) {
    auto path = std::make_shared<Path>(on, std::move(faults), std::move(address));
    path->id_ = path->faults_->Enter(path->address_, on, path);
    return path;
  }
  Path(const asio::any_io_executor& on, std::shared_ptr<Faults> faults, HostPort address)
      : on_(on), faults_(std::move(faults)), address_(std::move(address)), healed_(on) {}
  ~Path() { faults_->Leave(id_); }
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;

  [[nodiscard]] static asio::awaitable<void> Dial(std::shared_ptr<Path> self, std::shared_ptr<net::Connector> real);
  [[nodiscard]] static asio::awaitable<std::size_t> Read(std::shared_ptr<Path> self, std::span<char> into);
  [[nodiscard]] static asio::awaitable<void> Write(std::shared_ptr<Path> self,
                                                   std::span<const std::string_view> pieces);
  void Close() {
    closed_ = true;
    healed_.cancel();
    real_->Close();
  }
  void CloseSend() {
    lost_ = lost_ || dropped();
    if (!lost_) real_->CloseSend();
  }
  void Reset() {
    closed_ = true;
    healed_.cancel();
    real_->Reset();
  }
  [[nodiscard]] std::string peer() const { return real_->peer(); }

  void OnHealed() {
    healed_.cancel();
    if (!lost_ || closed_) return;
    broken_ = true;
    real_->Reset();  // ends a read that waits for the answer to what was lost
  }

 private:
  [[nodiscard]] bool dropped() const { return faults_->Dropped(address_); }
  [[nodiscard]] static asio::awaitable<void> UntilHealed(std::shared_ptr<Path> self);

  const asio::any_io_executor on_;
  const std::shared_ptr<Faults> faults_;
  const HostPort address_;
  std::uint64_t id_ = 0;
  /// Never expires; cancelled when the address is healed.
  asio::steady_timer healed_;
  std::unique_ptr<net::Transport> real_;
  /// Something was sent or has arrived while the address was cut off: the stream has a hole.
  bool lost_ = false;
  /// Healed after that.
  bool broken_ = false;
  bool closed_ = false;
};

void FaultyNetwork::Faults::Heal(const HostPort& address) {
  std::vector<Entry> concerned;
  {
    const absl::MutexLock lock(mutex_);
    if (dropped_.erase(address) == 0) return;
    for (const auto& [id, entry] : paths_) {
      if (entry.address == address) concerned.push_back(entry);
    }
  }
  for (const Entry& entry : concerned) {
    asio::post(entry.on, [weak = entry.path] {
      if (const auto path = weak.lock()) path->OnHealed();
    });
  }
}

asio::awaitable<void> FaultyNetwork::Path::UntilHealed(std::shared_ptr<Path> self) {
  // After a cancellation the next round throws.
  while (self->dropped() && !self->closed_) {
    self->healed_.expires_at(asio::steady_timer::time_point::max());
    auto wait = self->healed_.async_wait(asio::as_tuple(asio::deferred));
    co_await std::move(wait);
  }
}

asio::awaitable<void> FaultyNetwork::Path::Dial(std::shared_ptr<Path> self, std::shared_ptr<net::Connector> real) {
  while (true) {
    co_await UntilHealed(self);
    std::unique_ptr<net::Transport> made;
    std::exception_ptr failure;
    try {
      made = co_await real->Connect(self->on_, self->address_);
    } catch (const std::system_error&) {
      failure = std::current_exception();
    }
    if (self->dropped()) continue;  // whatever the answer was, it does not get through
    if (failure) std::rethrow_exception(failure);
    self->real_ = std::move(made);
    co_return;
  }
}

asio::awaitable<std::size_t> FaultyNetwork::Path::Read(std::shared_ptr<Path> self, std::span<char> into) {
  if (!self->lost_) {
    std::size_t bytes = 0;
    std::error_code error;
    try {
      bytes = co_await self->real_->ReadSome(into);
    } catch (const std::system_error& failure) {
      error = failure.code();
    }
    // By the reader itself: nothing has arrived.
    if (error == asio::error::operation_aborted && !self->broken_) throw std::system_error(error);
    // What arrives while the address is cut off is lost, the end of the stream included.
    self->lost_ = self->lost_ || self->dropped();
    if (!self->lost_) {
      if (error) throw std::system_error(error);
      co_return bytes;
    }
  }
  co_await UntilHealed(self);
  Throw(self->closed_ ? asio::error::operation_aborted : asio::error::connection_reset);
}

asio::awaitable<void> FaultyNetwork::Path::Write(std::shared_ptr<Path> self, std::span<const std::string_view> pieces) {
  if (self->closed_) Throw(asio::error::operation_aborted);
  if (self->dropped()) {
    self->lost_ = true;  // As a kernel does: it takes the bytes and nobody ever acknowledges them.
    co_return;
  }
  if (self->lost_) Throw(asio::error::connection_reset);
  std::error_code error;
  try {
    co_await self->real_->Write(pieces);
  } catch (const std::system_error& failure) {
    error = failure.code();
  }
  if (!error) co_return;
  if (self->closed_) Throw(asio::error::operation_aborted);
  if (self->broken_) Throw(asio::error::connection_reset);
  if (!self->dropped()) throw std::system_error(error);
  self->lost_ = true;  // nor does the news get through that the peer has gone
}

class FaultyNetwork::FaultyTransport final : public net::Transport {
 public:
  explicit FaultyTransport(std::shared_ptr<Path> path) : path_(std::move(path)) {}
  ~FaultyTransport() override { Close(); }
  FaultyTransport(const FaultyTransport&) = delete;
  FaultyTransport& operator=(const FaultyTransport&) = delete;

  asio::awaitable<std::size_t> ReadSome(std::span<char> into) override { return Path::Read(path_, into); }
  asio::awaitable<void> Write(std::span<const std::string_view> pieces) override { return Path::Write(path_, pieces); }
  void Close() noexcept override { path_->Close(); }
  void CloseSend() noexcept override { path_->CloseSend(); }
  void Reset() noexcept override { path_->Reset(); }
  std::string peer() const override { return path_->peer(); }

 private:
  const std::shared_ptr<Path> path_;
};

class FaultyNetwork::FaultyConnector final : public net::Connector {
 public:
  explicit FaultyConnector(std::shared_ptr<Faults> faults) : faults_(std::move(faults)) {}

  asio::awaitable<std::vector<HostPort>> Resolve(HostPort name) override { return real_->Resolve(std::move(name)); }

  asio::awaitable<std::unique_ptr<net::Transport>> Connect(asio::any_io_executor on, HostPort address) override {
    return ConnectThrough(real_, Path::Create(on, faults_, std::move(address)));
  }

 private:
  /// By value: a dial that was abandoned may outlive the connector.
  static asio::awaitable<std::unique_ptr<net::Transport>> ConnectThrough(std::shared_ptr<net::Connector> real,
                                                                         std::shared_ptr<Path> path) {
    co_await Path::Dial(path, std::move(real));
    co_return std::make_unique<FaultyTransport>(std::move(path));
  }

  const std::shared_ptr<net::Connector> real_ = net::MakeAsioConnector();
  const std::shared_ptr<Faults> faults_;
};

FaultyNetwork::FaultyNetwork(asio::any_io_executor executor)
    : executor_(std::move(executor)), faults_(std::make_shared<Faults>()) {}

FaultyNetwork::~FaultyNetwork() = default;

Environment FaultyNetwork::environment() const {
  return {.runtime = MakeAsioRuntime(executor_), .connector = std::make_shared<FaultyConnector>(faults_)};
}

void FaultyNetwork::Drop(const std::string& address) { faults_->Drop(ParseNumeric(address)); }

void FaultyNetwork::Heal(const std::string& address) { faults_->Heal(ParseNumeric(address)); }

}  // namespace corocket::testing
