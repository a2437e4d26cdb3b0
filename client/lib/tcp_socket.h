#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace parallax::client {

struct HostPort {
  std::string host;
  std::string port;
};

/// Splits "host:port" or "[::1]:port". Errors: InvalidArgument.
absl::StatusOr<HostPort> SplitAddress(const std::string& server);

/// Numeric addresses of a host. Errors: Unavailable with the resolver's own words.
absl::StatusOr<std::vector<std::string>> ResolveHost(const HostPort& address);

/// A TCP connection that closes itself; for looking at what answers at a port, not for samples.
class TcpSocket {
 public:
  /// Tries the host's addresses in turn. Errors: Unavailable with errno's text; DeadlineExceeded.
  static absl::StatusOr<TcpSocket> Connect(const HostPort& address, absl::Duration timeout);
  ~TcpSocket();
  TcpSocket(TcpSocket&& other) noexcept;
  TcpSocket(const TcpSocket&) = delete;
  TcpSocket& operator=(const TcpSocket&) = delete;
  TcpSocket& operator=(TcpSocket&&) = delete;

  /// Errors of both: Unavailable with errno's text; DeadlineExceeded.
  absl::Status Send(std::string_view bytes, absl::Time deadline) const;
  /// What has come, at least one byte; nothing where the peer has closed the connection.
  absl::StatusOr<std::string> Receive(absl::Time deadline) const;

 private:
  explicit TcpSocket(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace parallax::client
