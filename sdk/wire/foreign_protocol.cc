#include "sdk/wire/foreign_protocol.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "sdk/wire/big_endian.h"

namespace corocket::wire {
namespace {

using enum ForeignProtocol;

struct Beginning {
  std::string_view bytes;
  ForeignProtocol protocol;
};

// Read as frame lengths, all of these are far beyond the limit.
constexpr std::array<Beginning, 18> kBeginnings = {{
    {"HTTP", kHttpServer},
    {"<!DO", kHttpServer},
    {"<!do", kHttpServer},
    {"<htm", kHttpServer},
    {"<HTM", kHttpServer},
    {"<?xm", kHttpServer},
    {"GET ", kHttpClient},
    {"PUT ", kHttpClient},
    {"POST", kHttpClient},
    {"HEAD", kHttpClient},
    {"DELE", kHttpClient},
    {"OPTI", kHttpClient},
    {"PATC", kHttpClient},
    {"CONN", kHttpClient},
    {"TRAC", kHttpClient},
    {"PRI ", kHttp2Client},
    {"\x15\x03", kTlsServer},
    {"\x16\x03", kTlsClient},
}};

constexpr std::size_t kHttp2FrameHeaderBytes = 9;
constexpr std::size_t kHttp2FlagsAt = 4;
constexpr char kHttp2Settings = 4;
constexpr char kHttp2GoAway = 7;
constexpr std::size_t kHttp2SettingBytes = 6;
constexpr std::size_t kMinHttp2GoAwayBytes = 8;

// Length (3 bytes), type, flags, stream 0 (4 bytes, of which the first three are looked at). Read as a frame this is
// one with an empty header, which none has. `stream` holds at least eight bytes.
bool BeginsHttp2ServerFrame(std::string_view stream) {
  if ((LoadBigEndian32(stream.data() + kHttp2FlagsAt) & 0xFF'FFFF) != 0) return false;
  const std::size_t length = LoadBigEndian32(stream.data()) >> 8;
  const char type = stream[3];
  const char flags = stream[kHttp2FlagsAt];
  if (type == kHttp2Settings) return (flags == 0 || flags == 1) && length % kHttp2SettingBytes == 0;
  return type == kHttp2GoAway && flags == 0 && length >= kMinHttp2GoAwayBytes;
}

}  // namespace

std::optional<ForeignProtocol> DetectForeignProtocol(std::string_view stream) {
  for (const Beginning& beginning : kBeginnings) {
    if (stream.starts_with(beginning.bytes)) return beginning.protocol;
  }
  const bool http2 = stream.size() >= kHttp2FrameHeaderBytes && BeginsHttp2ServerFrame(stream) && stream[8] == 0;
  if (http2) return kHttp2Server;
  return std::nullopt;
}

bool MayBecomeHttp2(std::string_view stream) {
  return stream.size() == kHttp2FrameHeaderBytes - 1 && BeginsHttp2ServerFrame(stream);
}

std::string_view Describe(ForeignProtocol protocol) {
  switch (protocol) {
    case kHttpServer:
      return "the peer looks like an HTTP server; give the remoting port of a NameServer (9876 unless configured "
             "otherwise), not the port of a console, a metrics exporter or a load balancer's HTTP listener";
    case kHttpClient:
      return "the peer looks like an HTTP client; this port speaks RocketMQ remoting, point HTTP checks elsewhere or "
             "make them plain TCP checks";
    case kHttp2Server:
      return "the peer looks like an HTTP/2 (gRPC) server; give the remoting port (NameServer 9876, proxy 8080 unless "
             "configured otherwise), not the proxy's gRPC port";
    case kHttp2Client:
      return "the peer looks like an HTTP/2 (gRPC) client; this port speaks RocketMQ remoting, gRPC clients belong on "
             "the proxy's gRPC port (8081 unless configured otherwise)";
    case kTlsServer:
      return "the peer looks like a TLS server that refuses plain text; give a port without TLS, or have the server "
             "accept both (tls.server.mode=permissive)";
    case kTlsClient:
      return "the peer looks like a TLS client; this port is plain text, switch TLS off in the client or give it a "
             "TLS port";
  }
  return "the peer speaks another protocol";
}

}  // namespace corocket::wire
