#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_REPORT_FILE_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_REPORT_FILE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace failover_demo {

/// The file of the report. It is tried before the run, so that a bad path is told at once and not minutes later; what
/// stood in it stays until there is something to write, and a file made for nothing is removed.
class ReportFile {
 public:
  /// Errors: INVALID_ARGUMENT quoting `path` and the system's reason.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<ReportFile>> Open(std::string path);
  ~ReportFile();
  ReportFile(const ReportFile&) = delete;
  ReportFile& operator=(const ReportFile&) = delete;

  /// Errors: UNAVAILABLE quoting the path and the system's reason.
  [[nodiscard]] absl::Status Write(const std::string& html);
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  ReportFile(std::string path, bool made) : path_(std::move(path)), empty_(made) {}

  std::string path_;
  /// We made it, and nothing stands in it yet.
  bool empty_;
};

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_REPORT_FILE_H_
