#ifndef COROCKET_SDK_WIRE_FOREIGN_PROTOCOL_H_
#define COROCKET_SDK_WIRE_FOREIGN_PROTOCOL_H_

#include <optional>
#include <string_view>

namespace corocket::wire {

/// What a peer speaks that does not speak this protocol.
enum class ForeignProtocol {
  kHttpServer,   ///< An HTTP/1 status line, or a page without one.
  kHttpClient,   ///< An HTTP/1 request line.
  kHttp2Server,  ///< An HTTP/2 SETTINGS or GOAWAY frame: what a gRPC server sends first, or in answer to garbage.
  kHttp2Client,  ///< The HTTP/2 connection preface: what a gRPC client sends first.
  kTlsServer,    ///< A TLS alert: how a TLS server refuses plain text.
  kTlsClient,    ///< A TLS handshake record: a ClientHello.
};

/// Recognises the first bytes of a stream that spell another protocol. None of these beginnings is a frame that
/// `PeekFrame` accepts. Some need nine bytes to tell; `nullopt` may become an answer when more bytes have come.
[[nodiscard]] std::optional<ForeignProtocol> DetectForeignProtocol(std::string_view stream);

/// The first eight bytes of an HTTP/2 frame of a server. They are no frame of ours, and the ninth tells what they are.
[[nodiscard]] bool MayBecomeHttp2(std::string_view stream);

/// What the peer looks like and what to do about it, as a clause for an error message.
[[nodiscard]] std::string_view Describe(ForeignProtocol protocol);

}  // namespace corocket::wire

#endif  // COROCKET_SDK_WIRE_FOREIGN_PROTOCOL_H_
