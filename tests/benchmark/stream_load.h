#pragma once

#include <grpcpp/grpcpp.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "parallax/v1/ingest.pb.h"

namespace parallax::benchmarks {

/// What one stream sends: its Hello and its batches, serialised beforehand.
struct StreamScript {
  grpc::ByteBuffer hello;
  std::vector<grpc::ByteBuffer> batches;  ///< seq 0, 1, …
};

/// What a load took.
struct LoadResult {
  double seconds = 0.0;             ///< First batch of any stream written, to last ack read.
  std::vector<double> ack_seconds;  ///< One a batch: handed to gRPC, to covered by an ack.
  int credit = 0;                   ///< As the server said in its Welcome.
};

grpc::ByteBuffer Serialize(const v1::StreamRequest& message);

/// Opens one channel and one IngestService.Stream for each script, sends all batches as fast as the
/// server's credit allows, and waits for the last ack. Errors: those of the streams.
absl::StatusOr<LoadResult> RunLoad(const std::string& target,
                                   const std::vector<StreamScript>& scripts);

}  // namespace parallax::benchmarks
