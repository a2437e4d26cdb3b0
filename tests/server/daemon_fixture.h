#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "parallax/v1/analysis.grpc.pb.h"
#include "parallax/v1/calibration.grpc.pb.h"
#include "parallax/v1/ingest.grpc.pb.h"
#include "parallax/v1/model.grpc.pb.h"
#include "parallax/v1/operations.grpc.pb.h"
#include "parallax/v1/query.grpc.pb.h"
#include "parallax/v1/twin.grpc.pb.h"
#include "server/daemon.h"
#include "server/status.h"
#include "tests/server/fake_clock.h"
#include "tests/server/gated_store.h"
#include "tests/server/rig_samples.h"
#include "tests/server/test_stream.h"

namespace parallax::server {

/// A directory that is gone after the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// What the daemons of tests serve as their dashboard, whatever was built.
inline constexpr char kTestPage[] = "<!doctype html>";

/// A daemon in this process, on a free port, with a store of its own and a clock that stands still;
/// rig "board" with run "one" is there already.
class DaemonTest : public ::testing::Test {
 protected:
  void SetUp() override;

  /// Starts the daemon anew on the same directory.
  void Restart();

  /// Calls `method` of a stub: Call(*query_, &v1::QueryService::Stub::GetRun, request).
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }

  /// The bytes that a method answers to a request of bytes; for services whose messages we do not
  /// compile. Empty where the call fails.
  std::string CallBytes(const std::string& method, const std::string& request);
  /// The bytes of grpc.health.v1.HealthCheckResponse: 08 01 is SERVING, 08 02 NOT_SERVING.
  std::string Health() { return CallBytes("/grpc.health.v1.Health/Check", ""); }

  v1::StreamRequest Hello(const std::string& producer, uint64_t epoch = 0) const;
  v1::Run GetRun();

  TemporaryDirectory directory_;
  TemporaryDirectory page_;
  FakeClock clock_;
  DaemonOptions options_;
  std::vector<absl::Status> store_failures_;  ///< what the store told its owner
  GatedStore* store_ = nullptr;               ///< the daemon's
  std::unique_ptr<Daemon> daemon_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::IngestService::Stub> ingest_;
  std::unique_ptr<v1::QueryService::Stub> query_;
  std::unique_ptr<v1::AnalysisService::Stub> analysis_;
  std::unique_ptr<v1::CalibrationService::Stub> calibration_;
  std::unique_ptr<v1::ModelService::Stub> model_;
  std::unique_ptr<v1::TwinService::Stub> twin_;
  std::unique_ptr<v1::OperationsService::Stub> operations_;
  std::string schema_hash_;
};

}  // namespace parallax::server
