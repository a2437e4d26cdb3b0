#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/security/identity.h"

namespace parallax::server::security {

/// The URI that names a rig in a certificate: "parallax://rig/7".
/// REQUIRES: signal::CheckId accepts `rig`.
std::string RigUri(std::string_view rig);

/// The rig of such a URI, compared byte by byte: no other scheme, capitals, port, query, fragment,
/// escapes or further path. Errors: InvalidArgument naming field "uri".
absl::StatusOr<std::string> ParseRigUri(std::string_view uri);

/// Whether the client certificate `pem` is one that an authority in `authorities_pem` signed for a
/// TLS client, directly or through those in `chain_pem`, which may be empty, and that is in force
/// at `now`. TLS itself has checked that the peer has its key; that it checked no more is so that
/// who is refused can be told why, and the audit log as well. Errors: Unauthenticated naming field
/// "certificate" and what is wrong with it.
absl::Status VerifyClientCertificate(std::string_view pem, std::string_view chain_pem,
                                     std::string_view authorities_pem, absl::Time now);

/// Who holds the client certificate `pem`, as gRPC's auth context has it ("x509_pem_cert"): the rig
/// of the one URI among its subject alternative names. Names of other kinds are not looked at, and
/// neither is the subject. By whom it is signed and until when it is valid is
/// VerifyClientCertificate's to check before this is asked. Errors: Unauthenticated naming the
/// field, "certificate" or "certificate.uri", where it is no certificate, where it has no URI,
/// several, or one that is no rig's.
absl::StatusOr<Identity> IdentityOfCertificate(std::string_view pem);

}  // namespace parallax::server::security
