#pragma once

#include "absl/status/statusor.h"
#include "parallax/v1/twin.pb.h"
#include "server/part_writer.h"
#include "server/service_context.h"

namespace parallax::server {

/// The calls of TwinService; status codes as documented in twin.proto. Blocking: called on the
/// executor. Thread-safe.
class TwinHandler {
 public:
  explicit TwinHandler(const ServiceContext& context) : context_(context) {}

  absl::StatusOr<v1::ListTwinsResponse> ListTwins(const v1::ListTwinsRequest& request);
  absl::StatusOr<v1::DescribeTwinResponse> DescribeTwin(const v1::DescribeTwinRequest& request);
  absl::StatusOr<NextPart<v1::SimulateResponse>> Simulate(const v1::SimulateRequest& request);

 private:
  const ServiceContext& context_;
};

}  // namespace parallax::server
