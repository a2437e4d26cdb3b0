#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/finding.h"
#include "client/lib/credentials.h"
#include "core/base/certificate.h"

namespace parallax::client {

// What `parallax doctor` finds out about the files that a client was told to use, without the
// daemon. A file that no other command would take fails with kExitUsage, as there; a certificate
// that no daemon would take, with kExitDenied.

/// How long before its end a certificate is warned of.
inline constexpr absl::Duration kSoon = absl::Hours(24 * 30);

/// The authorities in `path`, which the daemon's certificate is to be of: "authorities".
Finding ExamineAuthorities(const std::string& path, absl::Time now);

/// `paths.tls_cert` and `paths.tls_key`, of which at least one is named: "client_certificate".
Finding ExamineClientCertificate(const CredentialPaths& paths, absl::Time now);

/// The token in `path`: "token". Nothing of its secret is repeated.
Finding ExamineToken(const std::string& path);

/// What the daemon calls `token`, and the audit log: "tokens/4f0c…", of the digits that are no
/// secret. "a token of another form" for what parallaxd never made.
std::string TokenName(const std::string& token);

/// The names of a certificate, which may hold any bytes, as text.
std::string Printable(const std::vector<std::string>& names);

/// Adds to `finding`, so far without a fault, whether the certificate is in force at `now`.
/// @param renewal  what to do where it is not, or soon no more.   @param code  of a failure
void JudgeValidity(const base::Validity& validity, absl::Time now, const std::string& renewal,
                   ExitCode code, Finding& finding);

}  // namespace parallax::client
