#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "corocket/options.h"
#include "sdk/namesrv/address_list.h"

namespace corocket {
namespace {

absl::Status CheckNamesrv(const ClientOptions& options) {
  if (options.namesrv.empty()) return namesrv::NamesrvFromEnvironment().status();
  const absl::Status status = namesrv::ParseNamesrvList(options.namesrv).status();
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("ClientOptions::namesrv: ", status.message()));
}

}  // namespace

absl::Status ClientOptions::Validate() const {
  if (absl::Status status = CheckNamesrv(*this); !status.ok()) return status;
  if (absl::Status status = call.Validate(); !status.ok()) return status;
  if (call.report) {
    return absl::InvalidArgumentError("ClientOptions::call.report is set; a report belongs to one call's own options");
  }
  if (absl::Status status = failover.Validate(); !status.ok()) return status;
  for (std::size_t i = 0; i < observers.size(); ++i) {
    if (observers[i] == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("ClientOptions::observers[", i, "] is null; leave it out"));
    }
  }
  return absl::OkStatus();
}

}  // namespace corocket
