#include "sdk/wire/foreign_protocol.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "sdk/wire/codec.h"

namespace corocket::wire {
namespace {

using namespace std::string_view_literals;
using enum ForeignProtocol;

struct Peer {
  std::string_view what;
  std::string_view bytes;
  ForeignProtocol protocol;
  std::string_view says;
};

// What peers of each kind really send first, or in answer to a RocketMQ request.
constexpr Peer kPeers[] = {
    {"status line", "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n"sv, kHttpServer, "HTTP server"},
    {"old status line", "HTTP/1.0 400 Bad request\r\n\r\n"sv, kHttpServer, "HTTP server"},
    {"page without a status line", "<!DOCTYPE HTML>\n<html lang=\"en\">"sv, kHttpServer, "HTTP server"},
    {"bare page", "<html>\r\n<head><title>400 Bad Request</title>"sv, kHttpServer, "HTTP server"},
    {"health check", "GET /health HTTP/1.1\r\nHost: ns1\r\n\r\n"sv, kHttpClient, "HTTP client"},
    {"post", "POST /v1 HTTP/1.1\r\n\r\n"sv, kHttpClient, "HTTP client"},
    {"head", "HEAD / HTTP/1.0\r\n\r\n"sv, kHttpClient, "HTTP client"},
    {"options", "OPTIONS * HTTP/1.1\r\n\r\n"sv, kHttpClient, "HTTP client"},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"sv, kHttp2Client, "HTTP/2 (gRPC) client"},
    {"settings", "\0\0\x12\4\0\0\0\0\0\0\3\x7F\xFF\xFF\xFF"sv, kHttp2Server, "HTTP/2 (gRPC) server"},
    {"empty settings", "\0\0\0\4\0\0\0\0\0"sv, kHttp2Server, "HTTP/2 (gRPC) server"},
    {"acknowledged settings", "\0\0\0\4\1\0\0\0\0"sv, kHttp2Server, "HTTP/2 (gRPC) server"},
    {"goaway", "\0\0\x08\7\0\0\0\0\0\0\0\0\0\0\0\0\1"sv, kHttp2Server, "HTTP/2 (gRPC) server"},
    {"alert of TLS 1.0", "\x15\3\1\0\2\2\x46"sv, kTlsServer, "TLS server that refuses plain text"},
    {"alert of TLS 1.2", "\x15\3\3\0\2\2\x28"sv, kTlsServer, "TLS server that refuses plain text"},
    {"ClientHello", "\x16\3\1\2\0\1\0\1\xFC\3\3"sv, kTlsClient, "TLS client"},
};

TEST(ForeignProtocol, RecognisesWhatPeersSendFirst) {
  for (const Peer& peer : kPeers) EXPECT_EQ(DetectForeignProtocol(peer.bytes), peer.protocol) << peer.what;
}

TEST(ForeignProtocol, IsNamedByPeekFrameTogetherWithTheBytesAndWhatToDo) {
  for (const Peer& peer : kPeers) {
    const absl::Status refused = PeekFrame(peer.bytes).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << peer.what;
    EXPECT_TRUE(absl::StrContains(refused.message(), peer.says)) << refused;
    EXPECT_TRUE(absl::StrContains(refused.message(), "port")) << refused;
    EXPECT_TRUE(absl::StrContains(refused.message(), "it begins with \"")) << refused;
  }
}

TEST(ForeignProtocol, IsNamedByTheFirstRefusalHoweverTheBytesAreCut) {
  for (const Peer& peer : kPeers) {
    std::size_t size = 1;
    absl::StatusOr<FrameExtent> extent = PeekFrame(peer.bytes.substr(0, size));
    for (; extent.ok() && size < peer.bytes.size(); extent = PeekFrame(peer.bytes.substr(0, ++size))) {
      ASSERT_EQ(extent->bytes, 0u) << peer.what << " after " << size;
    }
    EXPECT_TRUE(absl::StrContains(extent.status().message(), peer.says)) << peer.what << ": " << extent.status();
    EXPECT_EQ(DetectForeignProtocol(peer.bytes.substr(0, size)), peer.protocol) << peer.what << " after " << size;
  }
}

TEST(ForeignProtocol, IsNotWaitedForWhereTheNinthByteCannotMakeIt) {
  // A frame with an empty header that is no SETTINGS and no GOAWAY frame either: too short a list, unknown flags,
  // others.
  for (const std::string_view bytes :
       {"\0\0\7\4\0\0\0\0"sv, "\0\0\6\4\2\0\0\0"sv, "\0\0\7\7\0\0\0\0"sv, "\0\0\6\5\0\0\0\0"sv}) {
    EXPECT_FALSE(PeekFrame(bytes).ok());
  }
  EXPECT_FALSE(PeekFrame("\0\0\6\4\0\0\0\0\1"sv).ok()) << "a stream of its own";
}

TEST(ForeignProtocol, IsNotSeenInFrames) {
  for (const std::string_view frame : {"\0\0\0\x9E\0\0\0\x9A{\"co"sv, "\0\0\0\x47\1\0\0\x41\0\x69"sv, ""sv, "\0"sv}) {
    EXPECT_EQ(DetectForeignProtocol(frame), std::nullopt);
  }
}

TEST(ForeignProtocol, GarbageIsQuotedInstead) {
  const absl::Status refused = PeekFrame("SSH-2.0-OpenSSH_9.2p1\r\n").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(absl::StrContains(refused.message(), "\"SSH-2.0-OpenSSH_9.2p1\\r\\n\"")) << refused;
}

}  // namespace
}  // namespace corocket::wire
