#ifndef COROCKET_SDK_NAMESRV_ADDRESS_LIST_H_
#define COROCKET_SDK_NAMESRV_ADDRESS_LIST_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sdk/base/host_port.h"

namespace corocket::namesrv {

/// Different addresses that one list may hold.
inline constexpr std::size_t kMaxNamesrvEndpoints = 256;

/// Reads the NameServers of a configuration. Each item is one address or several, separated by `;` `,` blanks or line
/// ends; a byte order mark and empty places are skipped. Order is kept, an address that comes again is dropped.
///
/// An address is what `ParseHostPort` reads, always with its port. `http://` or `https://` before it is dropped, as
/// other clients do (it says nothing about encryption), and so is one `/` behind it.
/// Errors: INVALID_ARGUMENT quoting the bad address; an address server (`http://host/path`), `file:` and `dns:` are
///   refused by their name, and so is a list without any address.
[[nodiscard]] absl::StatusOr<std::vector<HostPort>> ParseNamesrvList(const std::vector<std::string>& items);

/// The same for the environment variable NAMESRV_ADDR, which the errors name; where it is not set, they name the places
/// where addresses can be given.
[[nodiscard]] absl::StatusOr<std::vector<HostPort>> NamesrvFromEnvironment();

}  // namespace corocket::namesrv

#endif  // COROCKET_SDK_NAMESRV_ADDRESS_LIST_H_
