// Writes what was recorded from real servers into two folders, for the fuzzers to begin with.

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"
#include "tests/golden/golden_frames.h"

namespace {

bool Write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return static_cast<bool>(file.flush());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: write_seeds FOLDER   (an absolute path; FOLDER/frames and FOLDER/bodies are made)\n";
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  std::error_code error;
  std::filesystem::create_directories(folder / "frames", error);
  std::filesystem::create_directories(folder / "bodies", error);
  int number = 0;
  for (const corocket::test::GoldenFrame& golden : corocket::test::GoldenFrames()) {
    const std::string name = absl::StrCat("golden-", ++number);
    bool written = Write(folder / "frames" / name, golden.bytes);
    const absl::StatusOr<corocket::wire::Frame> frame = corocket::wire::DecodeFrame(golden.bytes);
    if (frame.ok() && !frame->body.empty()) written = written && Write(folder / "bodies" / name, frame->body);
    if (!written) {
      std::cerr << "cannot write to " << folder << "; give a folder that can be made and written\n";
      return 1;
    }
  }
  std::cout << number << " seeds in " << folder << "\n";
}
