#include "sdk/net/write_batch.h"

#include <utility>

#include "sdk/wire/codec.h"

namespace corocket::net {
namespace {

// What a buffer may keep between batches.
constexpr std::size_t kKeptBytes = 512 * 1024;

}  // namespace

absl::Status WriteBatch::Add(wire::Frame frame) {
  if (frame.body.size() < kLargeBodyBytes) return wire::AppendFrame(frame, encoded_);
  if (absl::Status status = wire::AppendFrameHead(frame, encoded_); !status.ok()) return status;
  bodies_.push_back({.at = encoded_.size(), .bytes = std::move(frame.body)});
  return absl::OkStatus();
}

void WriteBatch::Layout() {
  const std::string_view encoded = encoded_;
  std::size_t from = 0;
  for (const Body& body : bodies_) {
    pieces_.push_back(encoded.substr(from, body.at - from));
    pieces_.emplace_back(body.bytes);
    from = body.at;
  }
  if (from < encoded.size()) pieces_.push_back(encoded.substr(from));
}

std::span<const std::string_view> WriteBatch::NextChunk() {
  if (pieces_.empty()) Layout();
  chunk_.clear();
  std::size_t room = kChunkBytes;
  while (room > 0 && next_piece_ < pieces_.size()) {
    std::string_view& piece = pieces_[next_piece_];
    const std::string_view part = piece.substr(0, room);
    chunk_.push_back(part);
    room -= part.size();
    piece.remove_prefix(part.size());
    if (piece.empty()) ++next_piece_;
  }
  return chunk_;
}

void WriteBatch::Clear() {
  encoded_.clear();
  if (encoded_.capacity() > kKeptBytes) encoded_.shrink_to_fit();
  bodies_.clear();
  pieces_.clear();
  next_piece_ = 0;
  chunk_.clear();
}

}  // namespace corocket::net
