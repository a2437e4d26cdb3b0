#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/lib/campaign.h"
#include "parallax/v1/ingest.grpc.pb.h"
#include "tests/benchmark/lab_access.h"

namespace parallax::benchmarks {

/// How rigs stream.
struct SteadyPace {
  int rigs = 8;
  double seconds = 20.0;
  double rate_hz = 100.0;  ///< Batches a second, each with one sample of every channel.
};

/// One rig of the recorded campaign, streaming the first reading of every channel with its noise,
/// again and again at the rate that is asked for.
class SteadyRig {
 public:
  /// Registers rig `number` and opens its run. Errors: those of the RPCs and of LabAccess::OfRig.
  static absl::StatusOr<std::unique_ptr<SteadyRig>> Open(
      const std::string& target, const LabAccess& access,
      const std::shared_ptr<grpc::Channel>& people, const client::Campaign& campaign, int number,
      const SteadyPace& pace);

  /// Returns when all is acknowledged, or the stream has ended.
  void Stream();

  const std::string& run() const { return run_; }  ///< its name
  size_t channels() const { return noise_.size(); }
  size_t samples() const { return sent_.size() * noise_.size(); }
  /// When the sample of this source time was handed to gRPC: ticks of the steady clock.
  int64_t SentAt(int64_t time_unix_ns) const;

 private:
  absl::Status Register(v1::IngestService::Stub& people, const client::Campaign& campaign,
                        const std::string& rig_id);

  std::unique_ptr<v1::IngestService::Stub> stub_;  ///< by the rig's own credentials
  std::string run_, schema_hash_;
  int64_t start_unix_ns_ = 0;
  int64_t period_ns_ = 0;
  std::vector<double> first_, noise_;
  std::vector<std::atomic<int64_t>> sent_;
};

/// Several of them, under one daemon.
struct SteadyRigs {
  std::vector<std::unique_ptr<SteadyRig>> rigs;
  std::map<std::string, SteadyRig*> by_run;
  size_t samples = 0;  ///< that they stream in all

  /// @param campaign_folder  of the campaign whose rig they are.
  /// Errors: those of SteadyRig::Open and of client::LoadCampaign.
  static absl::StatusOr<SteadyRigs> Open(const std::string& target, const LabAccess& access,
                                         const std::string& campaign_folder,
                                         const SteadyPace& pace);
  void Stream();
};

}  // namespace parallax::benchmarks
