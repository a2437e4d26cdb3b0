#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace parallax::server {

/// A parallaxd process of its own, with JSON log lines on a pipe.
class DaemonProcess {
 public:
  explicit DaemonProcess(std::vector<std::string> flags);
  ~DaemonProcess();  ///< kill -9 where it still runs

  /// Reads log lines until `event`; the whole line, or empty at the end of the log.
  std::string AwaitEvent(const std::string& event);
  /// Waits for "ready"; 0 where the process ended instead.
  int AwaitPort();
  void Signal(int signal) const;
  /// Waits for the end: the exit code, or -signal.
  int Wait();
  /// All log lines read so far.
  const std::string& log() const { return log_; }

 private:
  std::string ReadLine();

  pid_t pid_ = -1;
  int log_fd_ = -1;
  std::string log_;
};

}  // namespace parallax::server
