#ifndef COROCKET_TESTS_GOLDEN_GOLDEN_FRAMES_H_
#define COROCKET_TESTS_GOLDEN_GOLDEN_FRAMES_H_

#include <optional>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"

namespace corocket::test {

/// A frame recorded from real programs; the README tells where from.
struct GoldenFrame {
  std::string name;
  std::string serialize;
  std::string server;
  std::string direction;
  std::string capture;
  /// What an independent decoder made of the header.
  nlohmann::json header;
  /// The first 400 characters of a JSON body.
  std::optional<std::string> body_text;
  /// As on the wire.
  std::string bytes;

  /// For failure messages.
  [[nodiscard]] std::string Title() const { return capture + " " + name + " (" + serialize + ")"; }
};

/// All recorded frames. Throws when the file cannot be read.
[[nodiscard]] const std::vector<GoldenFrame>& GoldenFrames();

}  // namespace corocket::test

#endif  // COROCKET_TESTS_GOLDEN_GOLDEN_FRAMES_H_
