#include "corocket/testing/test_server.h"

#include <utility>

#include "sdk/testkit/server_core.h"

namespace corocket::testing {

TestServer::TestServer(std::shared_ptr<testkit::ServerCore> core) : core_(std::move(core)) {}

TestServer::TestServer(TestServer&&) noexcept = default;

TestServer& TestServer::operator=(TestServer&& other) noexcept {
  if (this == &other) return *this;
  if (core_) core_->Stop();
  core_ = std::move(other.core_);
  return *this;
}

TestServer::~TestServer() {
  if (core_) core_->Stop();
}

const std::string& TestServer::address() const { return core_->address(); }
ServerStats TestServer::stats() const { return core_->stats(); }
bool TestServer::listening() const { return core_->listening(); }
void TestServer::Stop() { core_->Stop(); }
absl::Status TestServer::Start() { return core_->Start(); }
void TestServer::Stall(bool stalled) { core_->Stall(stalled); }
void TestServer::DelayAnswers(std::chrono::milliseconds delay) { core_->DelayAnswers(delay); }
void TestServer::RefuseReset(bool refuse) { core_->RefuseReset(refuse); }
void TestServer::CloseAll(CloseMode how) { core_->CloseAll(how); }

}  // namespace corocket::testing
