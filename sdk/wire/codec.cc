#include "sdk/wire/codec.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "sdk/base/quoted.h"
#include "sdk/wire/big_endian.h"
#include "sdk/wire/binary_header.h"
#include "sdk/wire/foreign_protocol.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/json_header.h"
#include "sdk/wire/limits.h"

namespace corocket::wire {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kHeaderWordBytes = 4;
constexpr std::size_t kPrefixBytes = kLengthBytes + kHeaderWordBytes;
constexpr std::size_t kMinJsonHeaderBytes = 2;  // {}
// Heads whose bound is no more are written on the stack first.
constexpr std::size_t kSmallHeadBytes = 2048;
// Bytes quoted from a stream that holds no frame.
constexpr std::size_t kQuotedBytes = 32;

bool IsBinary(const Frame& frame) { return frame.serialize == SerializeType::kRocketMq; }

absl::Status TooLarge(std::size_t bytes) {
  return absl::ResourceExhaustedError(absl::StrCat("a frame of ", bytes, " bytes is above the limit of ",
                                                   kMaxFrameBytes, ", which servers enforce too"));
}

absl::Status CheckStrings(const Header& header) {
  if (header.ext_fields.size() > kMaxExtFields) {
    return absl::ResourceExhaustedError(
        absl::StrCat(header.ext_fields.size(), " header fields are above the limit of ", kMaxExtFields));
  }
  const auto too_long = [](std::string_view text) {
    return absl::ResourceExhaustedError(
        absl::StrCat("header string ", Quoted(text), " is above the limit of ", kMaxStringBytes, " bytes"));
  };
  if (header.remark.size() > kMaxStringBytes) return too_long(header.remark);
  for (const auto& [key, value] : header.ext_fields) {
    if (key.size() > kMaxStringBytes) return too_long(key);
    if (value.size() > kMaxStringBytes) return too_long(value);
  }
  return absl::OkStatus();
}

// Writes everything but the body, which is counted. @return The end of what was written.
char* WriteHead(char* to, const Frame& frame) {
  char* const header_start = to + kPrefixBytes;
  char* const header_end =
      IsBinary(frame) ? WriteBinaryHeader(header_start, frame.header) : WriteJsonHeader(header_start, frame.header);
  const auto header_bytes = static_cast<std::uint32_t>(header_end - header_start);
  StoreBigEndian32(to, static_cast<std::uint32_t>(kHeaderWordBytes + header_bytes + frame.body.size()));
  StoreBigEndian32(to + kLengthBytes, static_cast<std::uint32_t>(frame.serialize) << 24 | header_bytes);
  return header_end;
}

absl::Status NoFrame(std::string_view stream, std::string_view why) {
  std::string text = "this is no RocketMQ frame: ";
  if (const std::optional<ForeignProtocol> foreign = DetectForeignProtocol(stream)) {
    absl::StrAppend(&text, Describe(*foreign));
  } else {
    absl::StrAppend(&text, why);
  }
  absl::StrAppend(&text, "; it begins with ", Quoted(stream.substr(0, kQuotedBytes)));
  return absl::InvalidArgumentError(text);
}

struct Prefix {
  std::size_t frame_bytes = 0;
  std::size_t header_bytes = 0;
  std::uint32_t serialize = 0;
};

Prefix ReadPrefix(std::string_view stream) {
  const std::uint32_t header_word = LoadBigEndian32(stream.data() + kLengthBytes);
  return {.frame_bytes = kLengthBytes + LoadBigEndian32(stream.data()),
          .header_bytes = header_word & kMaxHeaderBytes,
          .serialize = header_word >> 24};
}

absl::Status CheckHeaderWord(std::string_view stream, const Prefix& prefix) {
  std::size_t least = 0;
  switch (prefix.serialize) {
    case static_cast<std::uint32_t>(SerializeType::kJson):
      least = kMinJsonHeaderBytes;
      break;
    case static_cast<std::uint32_t>(SerializeType::kRocketMq):
      least = kMinBinaryHeaderBytes;
      break;
    default:
      return NoFrame(stream, absl::StrCat("header form ", prefix.serialize, " is neither JSON (0) nor ROCKETMQ (1)"));
  }
  const std::size_t most = prefix.frame_bytes - kPrefixBytes;
  if (prefix.header_bytes < least || prefix.header_bytes > most) {
    return NoFrame(stream, absl::StrCat("a header of ", prefix.header_bytes, " bytes does not fit a frame of ",
                                        prefix.frame_bytes));
  }
  return absl::OkStatus();
}

}  // namespace

std::size_t EncodedSizeBound(const Frame& frame) {
  const std::size_t rest = kPrefixBytes + frame.body.size();
  if (IsBinary(frame)) return rest + BinaryHeaderBytes(frame.header);
  const std::size_t quick = rest + JsonHeaderBound(frame.header);
  // Close to the limit only the exact size tells whether the frame may be sent.
  return quick <= kMaxFrameBytes ? quick : rest + JsonHeaderBytes(frame.header);
}

bool FitsItsForm(const Frame& frame) { return !IsBinary(frame) || CheckBinaryHeader(frame.header).ok(); }

absl::Status AppendFrameHead(const Frame& frame, std::string& out) {
  if (absl::Status fits = CheckStrings(frame.header); !fits.ok()) return fits;
  if (IsBinary(frame)) {
    if (absl::Status fits = CheckBinaryHeader(frame.header); !fits.ok()) return fits;
  }
  const std::size_t bound = EncodedSizeBound(frame);
  if (bound > kMaxFrameBytes) return TooLarge(bound);

  const std::size_t head_bound = bound - frame.body.size();
  if (head_bound <= kSmallHeadBytes) {
    // The bound of a JSON header is several times what is written, and `resize` would fill it with zeros first.
    char head[kSmallHeadBytes];
    out.append(head, static_cast<std::size_t>(WriteHead(head, frame) - head));
    return absl::OkStatus();
  }
  const std::size_t start = out.size();
  out.resize(start + head_bound);
  out.resize(static_cast<std::size_t>(WriteHead(out.data() + start, frame) - out.data()));
  return absl::OkStatus();
}

absl::Status AppendFrame(const Frame& frame, std::string& out) {
  absl::Status appended = AppendFrameHead(frame, out);
  if (appended.ok()) out.append(frame.body);
  return appended;
}

absl::StatusOr<FrameExtent> PeekFrame(std::string_view stream) {
  if (stream.size() < kLengthBytes) return FrameExtent{};
  const std::size_t length = LoadBigEndian32(stream.data());
  if (length > kMaxFrameBytes - kLengthBytes) {
    if (DetectForeignProtocol(stream)) return NoFrame(stream, "");
    absl::Status too_large = TooLarge(kLengthBytes + length);
    return absl::ResourceExhaustedError(
        absl::StrCat("the peer announces something that cannot be read: ", too_large.message(),
                     "; the stream begins with ", Quoted(stream.substr(0, kQuotedBytes))));
  }
  if (length < kHeaderWordBytes)
    return NoFrame(stream, absl::StrCat("length ", length, " leaves no room for a header"));
  if (stream.size() < kPrefixBytes) return FrameExtent{};
  const Prefix prefix = ReadPrefix(stream);
  if (MayBecomeHttp2(stream)) return FrameExtent{};  // One byte more tells which protocol this is instead.
  if (absl::Status valid = CheckHeaderWord(stream, prefix); !valid.ok()) return valid;
  return FrameExtent{.bytes = prefix.frame_bytes};
}

absl::StatusOr<Frame> DecodeFrame(std::string_view bytes) {
  const absl::StatusOr<FrameExtent> extent = PeekFrame(bytes);
  if (!extent.ok()) return extent.status();
  if (bytes.size() < kPrefixBytes || extent->bytes != bytes.size()) {
    return absl::InvalidArgumentError(absl::StrCat(bytes.size(), " bytes are not one whole frame; it begins with ",
                                                   Quoted(bytes.substr(0, kQuotedBytes))));
  }
  const Prefix prefix = ReadPrefix(bytes);
  const std::string_view header_bytes = bytes.substr(kPrefixBytes, prefix.header_bytes);
  const bool binary = prefix.serialize == static_cast<std::uint32_t>(SerializeType::kRocketMq);
  absl::StatusOr<Header> header = binary ? ParseBinaryHeader(header_bytes) : ParseJsonHeader(header_bytes);
  if (!header.ok()) return header.status();
  return Frame{.header = *std::move(header),
               .body = std::string(bytes.substr(kPrefixBytes + prefix.header_bytes)),
               .serialize = binary ? SerializeType::kRocketMq : SerializeType::kJson};
}

}  // namespace corocket::wire
