#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "parallax/v1/ingest.pb.h"

namespace parallax::benchmarks {

/// What one stream sends: its Hello and its batches, serialised beforehand.
struct StreamScript {
  grpc::ByteBuffer hello;
  std::vector<grpc::ByteBuffer> batches{};                ///< seq 0, 1, …
  std::shared_ptr<grpc::ChannelCredentials> credentials;  ///< of its connection
  /// When each batch is due, since the load's begin, ascending; empty: as soon as credit allows.
  std::vector<double> due_seconds{};
};

/// What a load took.
struct LoadResult {
  double seconds = 0.0;              ///< First batch of any stream written, to last ack read.
  std::vector<double> ack_seconds;   ///< One a batch: due, or handed to gRPC, to covered by an ack.
  std::vector<double> late_seconds;  ///< Of batches with a due time: due, to handed to gRPC.
  int credit = 0;                    ///< As the server said in its Welcome.
};

grpc::ByteBuffer Serialize(const v1::StreamRequest& message);

/// Opens one channel and one IngestService.Stream for each script, sends all batches, and waits for
/// the last ack. A batch goes out as soon as the server's credit allows, and not before it is due.
/// What is due does not wait for what came before (an open loop): where the server or this process
/// falls behind, the time counts, since it counts from when the batch was due.
/// Errors: those of the streams.
absl::StatusOr<LoadResult> RunLoad(const std::string& target,
                                   const std::vector<StreamScript>& scripts);

}  // namespace parallax::benchmarks
