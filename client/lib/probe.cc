#include "client/lib/probe.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <string_view>

#include "absl/strings/numbers.h"
#include "client/lib/status.h"
#include "core/base/mutex.h"
#include "parallax/v1/twin.grpc.pb.h"

namespace parallax::client {
namespace {

constexpr char kHealthMethod[] = "/grpc.health.v1.Health/Check";
constexpr std::string_view kServing("\x08\x01", 2);  // HealthCheckResponse{status: SERVING}

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
