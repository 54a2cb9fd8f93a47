#ifndef COROCKET_TESTS_FUZZ_DECODERS_H_
#define COROCKET_TESTS_FUZZ_DECODERS_H_

#include <string_view>

#include "sdk/wire/frame.h"

namespace corocket::test {

// All three end the process when something that was decoded does not encode again to an equal value.

/// Takes `frame`'s fields and body for those of every message that there is, as they are, and with the fields added
/// that a request must have. @return How many messages it was.
int DecodeAsEveryMessage(wire::Frame frame);

/// Takes `bytes` for a stream of frames, and each frame for every message.
void DecodeAsFrames(std::string_view bytes);

/// Takes `bytes` for a body: reads it as JSON and as the body of every message.
void DecodeAsBody(std::string_view bytes);

}  // namespace corocket::test

#endif  // COROCKET_TESTS_FUZZ_DECODERS_H_
