#include "tests/benchmark/bare_append.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_format.h"
#include "core/base/random.h"

namespace parallax::benchmarks {
namespace {

absl::Status ErrnoStatus(const char* what, const std::string& path) {
  return absl::UnavailableError(absl::StrFormat("%s %s: %s", what, path, std::strerror(errno)));
}

/// Bytes that no disk can make less of.
std::string RandomBytes() {
  base::Random random(/*seed=*/1, /*stream=*/0);
  std::string bytes(kBareAppendBytes, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.Below(256));
  return bytes;
}

bool WriteWhole(int fd, const std::string& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t written = write(fd, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    done += static_cast<size_t>(written);
  }
  return true;
}

}  // namespace

absl::StatusOr<std::vector<double>> MeasureBareAppends(const std::string& folder, int count) {
  using Clock = std::chrono::steady_clock;
  const std::string path = folder + "/bare_append";
  const std::string bytes = RandomBytes();
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus("cannot create", path);
  const absl::Cleanup remove = [&] {
    close(fd);
    unlink(path.c_str());
  };
  std::vector<double> seconds;
  for (int i = 0; i < count; ++i) {
    const Clock::time_point begin = Clock::now();
    if (!WriteWhole(fd, bytes)) return ErrnoStatus("cannot append to", path);
    if (fdatasync(fd) != 0) return ErrnoStatus("cannot sync", path);
    seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  return seconds;
}

}  // namespace parallax::benchmarks
