#ifndef COROCKET_OBSERVER_H_
#define COROCKET_OBSERVER_H_

#include "corocket/endpoint_event.h"

namespace corocket {

/// Receives endpoint events as they are delivered: in order, one at a time, from a bounded queue, on a strand of the
/// SDK and with no lock held. Must not block; may call any member of the client. A slow observer loses the oldest
/// events (the sequence numbers show it) and never slows a channel. An exception that leaves `OnEvent` is dropped.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void OnEvent(const EndpointEvent& event) = 0;
};

}  // namespace corocket

#endif  // COROCKET_OBSERVER_H_
