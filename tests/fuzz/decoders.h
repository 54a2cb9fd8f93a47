#ifndef COROCKET_TESTS_FUZZ_DECODERS_H_
#define COROCKET_TESTS_FUZZ_DECODERS_H_

#include <string_view>

namespace corocket::test {

/// Takes `bytes` for a stream of frames, decodes each by every message that there is, and ends the process when a frame
/// that was decoded cannot be encoded again to an equal one.
void DecodeAsFrames(std::string_view bytes);

/// Takes `bytes` for a body: reads it as JSON and as every body that there is, and ends the process when a route that
/// was decoded cannot be encoded again to an equal one.
void DecodeAsBody(std::string_view bytes);

}  // namespace corocket::test

#endif  // COROCKET_TESTS_FUZZ_DECODERS_H_
