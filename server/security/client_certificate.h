#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/security/identity.h"

namespace parallax::server::security {

/// The URI that names a rig in a certificate: "parallax://rig/7".
/// REQUIRES: signal::CheckId accepts `rig`.
std::string RigUri(std::string_view rig);

/// The rig of such a URI, compared byte by byte: no other scheme, capitals, port, query, fragment,
/// escapes or further path. Errors: InvalidArgument naming field "uri".
absl::StatusOr<std::string> ParseRigUri(std::string_view uri);

/// Who holds the client certificate `pem`, as gRPC's auth context has it ("x509_pem_cert"): the rig
/// of the one URI among its subject alternative names. Names of other kinds are not looked at, and
/// neither is the subject. The certificate must have been verified: by whom it is signed and until
/// when it is valid is TLS's to check before this is asked.
/// Errors: Unauthenticated naming the field, "certificate" or "certificate.uri", where it is no
/// certificate, where it has no URI, several, or one that is no rig's.
absl::StatusOr<Identity> IdentityOfCertificate(std::string_view pem);

}  // namespace parallax::server::security
