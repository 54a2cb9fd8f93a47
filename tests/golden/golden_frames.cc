#include "tests/golden/golden_frames.h"

#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "nlohmann/json.hpp"

namespace corocket::test {
namespace {

constexpr char kFile[] = "tests/golden/frames.json";

GoldenFrame Load(const nlohmann::json& entry) {
  GoldenFrame frame{.name = entry.at("name").get<std::string>(),
                    .serialize = entry.at("serialize").get<std::string>(),
                    .server = entry.at("server").get<std::string>(),
                    .direction = entry.at("direction").get<std::string>(),
                    .capture = entry.at("capture").get<std::string>(),
                    .header = entry.at("header"),
                    .body_text = std::nullopt,
                    .bytes = {}};
  if (entry.contains("bodyText")) frame.body_text = entry.at("bodyText").get<std::string>();
  if (!absl::HexStringToBytes(entry.at("hex").get<std::string>(), &frame.bytes)) {
    throw std::runtime_error(frame.Title() + ": its bytes are not in hexadecimal");
  }
  return frame;
}

std::vector<GoldenFrame> LoadAll() {
  std::ifstream file(kFile);
  if (!file) throw std::runtime_error(std::string("cannot open ") + kFile);
  std::vector<GoldenFrame> frames;
  for (const nlohmann::json& entry : nlohmann::json::parse(file)) frames.push_back(Load(entry));
  return frames;
}

}  // namespace

const std::vector<GoldenFrame>& GoldenFrames() {
  static const std::vector<GoldenFrame> frames = LoadAll();
  return frames;
}

}  // namespace corocket::test
