#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "parallax/v1/ingest.grpc.pb.h"
#include "parallax/v1/query.grpc.pb.h"
#include "tests/benchmark/lab_access.h"
#include "tests/benchmark/stream_load.h"

namespace parallax::benchmarks {

/// Shape of one load.
struct LoadShape {
  int channels = 20;
  int samples = 1000;             ///< A channel and batch.
  int batches = 1000;             ///< A stream.
  int streams = 1;                ///< Each on a rig of its own.
  int64_t period_ns = 1'000'000;  ///< Between samples of a channel, by the device's clock.
};

/// The daemon's side of the benchmark: rigs of `channels` temperatures, their runs, their ledgers.
class IngestRigs {
 public:
  /// Registers one rig a stream. Errors: those of the RPCs and of LabAccess::OfRig.
  static absl::StatusOr<IngestRigs> Create(const std::string& target, const LabAccess& access,
                                           const LoadShape& shape);

  /// Opens run `run_id` on every rig and returns what to stream to it: a random walk quantised to
  /// 0.01 Cel, the same for every call.
  absl::StatusOr<std::vector<StreamScript>> OpenRuns(const std::string& run_id);

  /// Fails unless the ledger of every run says that all samples are stored.
  absl::Status CheckStored(const std::string& run_id);

 private:
  struct BenchRig {
    v1::Rig rig;
    std::shared_ptr<grpc::ChannelCredentials> credentials;  ///< of its connection
  };

  IngestRigs(std::shared_ptr<grpc::Channel> channel, const LoadShape& shape);

  LoadShape shape_;
  std::shared_ptr<grpc::Channel> channel_;  ///< of the operator
  std::vector<BenchRig> rigs_;
};

}  // namespace parallax::benchmarks
