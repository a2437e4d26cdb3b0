#include "client/lib/probe.h"

#include <fcntl.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "client/lib/status.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "parallax/v1/twin.grpc.pb.h"

namespace parallax::client {
namespace {

constexpr char kHealthMethod[] = "/grpc.health.v1.Health/Check";
constexpr std::string_view kServing("\x08\x01", 2);  // HealthCheckResponse{status: SERVING}

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

/// A socket that closes itself.
class Socket {
 public:
  explicit Socket(const addrinfo& where)
      : fd_(socket(where.ai_family, where.ai_socktype | SOCK_NONBLOCK, where.ai_protocol)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

absl::Status ConnectOne(const addrinfo& where, absl::Duration timeout) {
  const Socket socket(where);
  if (socket.fd() < 0) return absl::UnavailableError(std::strerror(errno));
  if (connect(socket.fd(), where.ai_addr, where.ai_addrlen) == 0) return absl::OkStatus();
  if (errno != EINPROGRESS) return absl::UnavailableError(std::strerror(errno));
  pollfd wait{socket.fd(), POLLOUT, 0};
  if (poll(&wait, 1, static_cast<int>(absl::ToInt64Milliseconds(timeout))) != 1) {
    return absl::DeadlineExceededError(
        absl::StrFormat("no answer within %s", absl::FormatDuration(timeout)));
  }
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? absl::OkStatus() : absl::UnavailableError(std::strerror(error));
}

/// Bytes of a ByteBuffer.
std::string Dump(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return "";
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

std::optional<std::string> Header(const grpc::ClientContext& context, const char* key) {
  const auto& metadata = context.GetServerInitialMetadata();
  const auto found = metadata.find(key);
  if (found == metadata.end()) return std::nullopt;
  return std::string(found->second.data(), found->second.size());
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

absl::Status ConnectTcp(const HostPort& address, absl::Duration timeout) {
  PARALLAX_ASSIGN_OR_RETURN(const AddressList list, Lookup(address));
  absl::Status status = absl::UnavailableError("the host has no address");
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
    status = ConnectOne(*one, timeout);
    if (status.ok()) return status;
  }
  return status;
}

absl::Status CheckHealth(const std::shared_ptr<grpc::Channel>& channel, absl::Duration timeout) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  const grpc::ByteBuffer request(nullptr, 0);
  grpc::ByteBuffer response;
  struct {
    base::Mutex mutex;
    base::CondVar changed;
    std::optional<grpc::Status> status ABSL_GUARDED_BY(mutex);
  } end;
  stub.UnaryCall(&context, kHealthMethod, grpc::StubOptions(), &request, &response,
                 [&](grpc::Status result) {
                   base::MutexLock lock(end.mutex);
                   end.status = std::move(result);
                   end.changed.NotifyAll();
                 });
  base::MutexLock lock(end.mutex);
  while (!end.status.has_value()) end.changed.Wait(end.mutex);
  if (!end.status->ok()) return FromGrpc(*end.status);
  if (Dump(response) == kServing) return absl::OkStatus();
  return absl::UnavailableError("the server answers, and says that it does not serve");
}

absl::StatusOr<DaemonFacts> AskDaemon(const std::shared_ptr<grpc::Channel>& channel,
                                      absl::Duration timeout, const base::Clock& clock) {
  const std::unique_ptr<v1::TwinService::Stub> stub = v1::TwinService::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  v1::ListTwinsResponse response;
  const absl::Time start = clock.Now();
  const grpc::Status status = stub->ListTwins(&context, v1::ListTwinsRequest(), &response);
  if (!status.ok()) return FromGrpc(status);
  DaemonFacts facts;
  facts.round_trip = clock.Now() - start;
  facts.twins = response.twins_size();
  facts.version = Header(context, "parallax-version");
  const std::optional<std::string> time = Header(context, "parallax-time-unix-ns");
  int64_t time_unix_ns = 0;
  if (time.has_value() && absl::SimpleAtoi(*time, &time_unix_ns)) {
    facts.clock_ahead = absl::FromUnixNanos(time_unix_ns) - (start + facts.round_trip / 2);
  }
  return facts;
}

}  // namespace parallax::client
