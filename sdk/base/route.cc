#include "corocket/route.h"

#include <ostream>
#include <string_view>

#include "sdk/base/printable.h"

namespace corocket {

// Names and addresses are what a server says, and are printed to terminals.

std::ostream& operator<<(std::ostream& out, const QueueGroup& queues) {
  out << Printable(queues.broker_name) << ": " << queues.read_queues << " read, " << queues.write_queues << " write, "
      << (queues.readable() ? 'R' : '-') << (queues.writable() ? 'W' : '-')
      << ((queues.perm & kPermInherit) != 0 ? 'X' : '-');
  if ((queues.perm & kPermPriority) != 0) out << ", priority";
  return out;
}

std::ostream& operator<<(std::ostream& out, const BrokerGroup& broker) {
  out << Printable(broker.name) << " (" << Printable(broker.cluster) << "):";
  std::string_view separator = " ";
  for (const auto& [id, address] : broker.addresses) {
    out << separator << id << '=' << Printable(address);
    separator = ", ";
  }
  return out;
}

}  // namespace corocket
