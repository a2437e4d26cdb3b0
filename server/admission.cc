#include "server/admission.h"

namespace parallax::server {

absl::Status Admission::Admit(const grpc::CallbackServerContext& call) const {
  CallerProof proof;
  const auto found = call.client_metadata().find("authorization");
  if (found != call.client_metadata().end()) {
    proof.authorization.assign(found->second.data(), found->second.size());
  }
  return authenticate(proof);
}

}  // namespace parallax::server
