#pragma once

#include <grpcpp/support/server_callback.h>

#include <atomic>

#include "parallax/v1/analysis.pb.h"
#include "server/admission.h"
#include "server/executor.h"
#include "server/service_context.h"

namespace parallax::server {

/// Answers AnalysisService.WhatIf, one call at a time, on a thread of its own that takes no other
/// core: jobs and calls go on beside it. A call ends at the analysis' next check once its caller
/// has gone or the server shuts down. Thread-safe.
class WhatIfDesk {
 public:
  explicit WhatIfDesk(const ServiceContext& context) : context_(context) {}

  /// The reactor of one call; RESOURCE_EXHAUSTED where another is under way, and what Admit says.
  /// Other status codes as documented in analysis.proto.
  grpc::ServerWriteReactor<v1::WhatIfResponse>* Start(const grpc::CallbackServerContext& call,
                                                      const Admission& admission,
                                                      const v1::WhatIfRequest& request);

 private:
  class Call;

  const ServiceContext& context_;
  std::atomic<bool> busy_{false};
  Executor executor_{/*threads=*/1, /*capacity=*/1};  ///< last: ends before what it uses
};

}  // namespace parallax::server
