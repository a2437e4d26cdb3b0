// Feeds IdentityOfCertificate arbitrary bytes as PEM, and as DER within PEM, so that mutations
// reach the parser of certificates. Whoever is let in is exactly one rig, by an id that could be
// one, and the same one whenever it is asked.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "core/base/check.h"
#include "core/signal/validate.h"
#include "server/security/client_certificate.h"
#include "tests/fuzz/answer.h"

namespace {

void Check(std::string_view pem) {
  using namespace parallax::server::security;
  const absl::StatusOr<Identity> identity = IdentityOfCertificate(pem);
  if (!identity.ok()) return;
  PARALLAX_CHECK(identity->role == Role::kRig && identity->rigs.size() == 1);
  PARALLAX_CHECK(parallax::signal::CheckId("", "", identity->rigs.front()).ok());
  PARALLAX_CHECK(identity->name == "rigs/" + identity->rigs.front());
  const auto again = IdentityOfCertificate(parallax::fuzz::Answer(std::string(pem)));
  PARALLAX_CHECK(again.ok() && again->name == identity->name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view data(reinterpret_cast<const char*>(bytes), size);
  Check(data);
  const std::string base64 = absl::Base64Escape({data.data(), data.size()});
  std::string pem = "-----BEGIN CERTIFICATE-----\n";
  for (size_t at = 0; at < base64.size(); at += 64) pem += base64.substr(at, 64) + "\n";
  Check(pem + "-----END CERTIFICATE-----\n");
  return 0;
}
