#include "tests/samples/namesrv_thread.h"

#include <chrono>
#include <utility>

#include "absl/log/absl_check.h"
#include "absl/strings/str_cat.h"
#include "corocket/testing/request.h"
#include "tests/support/poll_until.h"

namespace corocket::test {

using ::corocket::testing::EmbeddedNamesrv;
using ::corocket::testing::ScriptedNamesrv;

NamesrvThread::NamesrvThread(std::size_t servers) : work_(io_.get_executor()) {
  for (std::size_t i = 0; i < servers; ++i) {
    absl::StatusOr<EmbeddedNamesrv> server = EmbeddedNamesrv::Create(io_.get_executor());
    ABSL_CHECK(server.ok()) << server.status();
    server->AddTopic("orders", "broker-a", 8);
    servers_.push_back(*std::move(server));
  }
  thread_ = std::thread([this] { io_.run(); });
}

NamesrvThread::~NamesrvThread() {
  servers_.clear();
  io_.stop();
  thread_.join();
}

std::string NamesrvThread::addresses() const {
  std::string addresses;
  for (const EmbeddedNamesrv& server : servers_) {
    absl::StrAppend(&addresses, addresses.empty() ? "" : ";", server.address());
  }
  return addresses;
}

std::uint64_t NamesrvThread::Queries() const {
  std::uint64_t queries = 0;
  for (const EmbeddedNamesrv& server : servers_) queries += server.stats().requests_of(testing::kGetRouteInfo);
  return queries;
}

bool NamesrvThread::WaitForQueries(std::uint64_t more) {
  const std::uint64_t enough = Queries() + more;
  return PollUntil(In(std::chrono::seconds(40)), [&] { return Queries() >= enough; });
}

ScriptedNamesrv NamesrvThread::MakeScripted() {
  absl::StatusOr<ScriptedNamesrv> server = ScriptedNamesrv::Create(io_.get_executor());
  ABSL_CHECK(server.ok()) << server.status();
  return *std::move(server);
}

}  // namespace corocket::test
