#ifndef COROCKET_TESTS_SUPPORT_REAL_SERVERS_FILE_DESCRIPTOR_H_
#define COROCKET_TESTS_SUPPORT_REAL_SERVERS_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace corocket::test {

/// Owns one file descriptor and closes it. Move-only; -1 owns nothing.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace corocket::test

#endif  // COROCKET_TESTS_SUPPORT_REAL_SERVERS_FILE_DESCRIPTOR_H_
