#include "client/lib/tcp_socket.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

constexpr size_t kReadBytes = 16 << 10;  // the longest record of TLS

struct AddressListDeleter {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, AddressListDeleter>;

absl::StatusOr<AddressList> Lookup(const HostPort& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int code = getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &list);
  if (code != 0) {
    return absl::UnavailableError(
        absl::StrFormat("host \"%s\": %s", address.host, gai_strerror(code)));
  }
  return AddressList(list);
}

/// Waits until the socket is ready for `events`. Errors: DeadlineExceeded.
absl::Status WaitFor(int fd, int16_t events, absl::Time deadline) {
  pollfd wait{fd, events, 0};
  const absl::Duration left = std::max(deadline - absl::Now(), absl::ZeroDuration());
  if (poll(&wait, 1, static_cast<int>(absl::ToInt64Milliseconds(left))) == 1) {
    return absl::OkStatus();
  }
  return absl::DeadlineExceededError("no answer in time");
}

absl::Status ConnectOne(int fd, const addrinfo& where, absl::Duration timeout) {
  if (fd < 0) return absl::UnavailableError(std::strerror(errno));
  if (connect(fd, where.ai_addr, where.ai_addrlen) == 0) return absl::OkStatus();
  if (errno != EINPROGRESS) return absl::UnavailableError(std::strerror(errno));
  if (!WaitFor(fd, POLLOUT, absl::Now() + timeout).ok()) {
    return absl::DeadlineExceededError(
        absl::StrFormat("no answer within %s", absl::FormatDuration(timeout)));
  }
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? absl::OkStatus() : absl::UnavailableError(std::strerror(error));
}

}  // namespace

absl::StatusOr<HostPort> SplitAddress(const std::string& server) {
  const size_t colon = server.rfind(':');
  const bool split = colon != std::string::npos && colon > 0 && colon + 1 < server.size();
  if (!split) {
    return absl::InvalidArgumentError(
        absl::StrFormat("server: is \"%s\", must be host:port", server));
  }
  HostPort address{server.substr(0, colon), server.substr(colon + 1)};
  if (address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  return address;
}

absl::StatusOr<std::vector<std::string>> ResolveHost(const HostPort& address) {
  PARALLAX_ASSIGN_OR_RETURN(const AddressList list, Lookup(address));
  std::vector<std::string> addresses;
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST];
    const int code =
        getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof(text), nullptr, 0, NI_NUMERICHOST);
    if (code == 0) addresses.emplace_back(text);
  }
  return addresses;
}

absl::StatusOr<TcpSocket> TcpSocket::Connect(const HostPort& address, absl::Duration timeout) {
  PARALLAX_ASSIGN_OR_RETURN(const AddressList list, Lookup(address));
  absl::Status status = absl::UnavailableError("the host has no address");
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
    TcpSocket made(
        socket(one->ai_family, one->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, one->ai_protocol));
    status = ConnectOne(made.fd_, *one, timeout);
    if (status.ok()) return made;
  }
  return status;
}

TcpSocket::~TcpSocket() {
  if (fd_ >= 0) close(fd_);
}

TcpSocket::TcpSocket(TcpSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

absl::Status TcpSocket::Send(std::string_view bytes, absl::Time deadline) const {
  while (!bytes.empty()) {
    PARALLAX_RETURN_IF_ERROR(WaitFor(fd_, POLLOUT, deadline));
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return absl::UnavailableError(std::strerror(errno));
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> TcpSocket::Receive(absl::Time deadline) const {
  PARALLAX_RETURN_IF_ERROR(WaitFor(fd_, POLLIN, deadline));
  std::string bytes(kReadBytes, '\0');
  const ssize_t received = recv(fd_, bytes.data(), bytes.size(), 0);
  if (received < 0) return absl::UnavailableError(std::strerror(errno));
  bytes.resize(static_cast<size_t>(received));
  return bytes;
}

}  // namespace parallax::client
