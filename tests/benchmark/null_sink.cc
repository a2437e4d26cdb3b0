#include "tests/benchmark/null_sink.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <csignal>
#include <memory>

#include "absl/strings/str_format.h"
#include "core/base/file.h"
#include "core/base/memory_policy.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "parallax/v1/ingest.pb.h"

namespace parallax::benchmarks {
namespace {

grpc::ByteBuffer SerializeResponse(const v1::StreamResponse& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

/// One stream. Thread-safe: gRPC calls reads and writes on different threads.
class SinkReactor final : public grpc::ServerGenericBidiReactor {
 public:
  explicit SinkReactor(int credit) : credit_(credit) { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    {
      base::MutexLock lock(mutex_);
      if (ok) {
        ++received_;
      } else {
        reading_ = false;
      }
      Advance();
    }
    if (ok) StartRead(&request_);
  }

  void OnWriteDone(bool ok) override {
    base::MutexLock lock(mutex_);
    writing_ = false;
    if (ok) {
      Advance();
    } else if (!finished_) {
      finished_ = true;
      Finish(grpc::Status::CANCELLED);
    }
  }

  void OnDone() override { delete this; }

 private:
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finished_) return;
    if (answered_ == received_) {
      if (reading_) return;
      finished_ = true;
      Finish(grpc::Status::OK);
      return;
    }
    v1::StreamResponse response;
    if (answered_ == 0) {
      response.mutable_welcome()->set_credit(credit_);
    } else {
      response.mutable_ack()->set_seq(answered_ - 1);
    }
    ++answered_;
    writing_ = true;
    response_ = SerializeResponse(response);
    StartWrite(&response_);
  }

  const int credit_;
  grpc::ByteBuffer request_;
  base::Mutex mutex_;
  uint64_t received_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t answered_ ABSL_GUARDED_BY(mutex_) = 0;
  bool reading_ ABSL_GUARDED_BY(mutex_) = true;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ByteBuffer response_ ABSL_GUARDED_BY(mutex_);
};

class SinkService final : public grpc::CallbackGenericService {
 public:
  explicit SinkService(int credit) : credit_(credit) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new SinkReactor(credit_);
  }

 private:
  const int credit_;
};

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CredentialsOf(
    const std::string& certificates) {
  if (certificates.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  PARALLAX_ASSIGN_OR_RETURN(options.pem_root_certs, base::ReadFile(certificates + "/ca.crt"));
  grpc::SslServerCredentialsOptions::PemKeyCertPair& pair =
      options.pem_key_cert_pairs.emplace_back();
  PARALLAX_ASSIGN_OR_RETURN(pair.cert_chain, base::ReadFile(certificates + "/server.crt"));
  PARALLAX_ASSIGN_OR_RETURN(pair.private_key, base::ReadFile(certificates + "/server.key"));
  return grpc::SslServerCredentials(options);
}

}  // namespace

absl::Status RunNullSink(const NullSinkOptions& options) {
  base::KeepFreedMemory();  // as the daemon does
  // Blocked before any thread starts, so that sigwait is the only one to see it.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  PARALLAX_ASSIGN_OR_RETURN(const auto credentials, CredentialsOf(options.certificates));
  SinkService service(options.credit);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", credentials, &port);
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return absl::UnavailableError("the null sink cannot listen");
  if (absl::Status status =
          base::WriteFileAtomically(options.port_file, absl::StrFormat("{\"grpc\": %d}", port));
      !status.ok()) {
    return status;
  }
  int signal = 0;
  sigwait(&signals, &signal);
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  return absl::OkStatus();
}

}  // namespace parallax::benchmarks
