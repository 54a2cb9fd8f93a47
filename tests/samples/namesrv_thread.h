#ifndef COROCKET_TESTS_SAMPLES_NAMESRV_THREAD_H_
#define COROCKET_TESTS_SAMPLES_NAMESRV_THREAD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "asio/executor_work_guard.hpp"
#include "asio/io_context.hpp"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/scripted_namesrv.h"

namespace corocket::test {

/// NameServers on TCP for programs under test, on a thread of their own. All of them know the topic `orders`.
class NamesrvThread {
 public:
  explicit NamesrvThread(std::size_t servers);
  ~NamesrvThread();
  NamesrvThread(const NamesrvThread&) = delete;
  NamesrvThread& operator=(const NamesrvThread&) = delete;

  [[nodiscard]] testing::EmbeddedNamesrv& operator[](std::size_t i) { return servers_[i]; }
  /// All addresses, as a program gets them.
  [[nodiscard]] std::string addresses() const;
  /// Waits until all servers together have got `more` route queries beyond those that they have now.
  [[nodiscard]] bool WaitForQueries(std::uint64_t more);
  /// One more server, which knows what its script says.
  [[nodiscard]] testing::ScriptedNamesrv MakeScripted();

 private:
  [[nodiscard]] std::uint64_t Queries() const;

  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::vector<testing::EmbeddedNamesrv> servers_;
  std::thread thread_;
};

}  // namespace corocket::test

#endif  // COROCKET_TESTS_SAMPLES_NAMESRV_THREAD_H_
