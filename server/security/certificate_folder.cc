#include "server/security/certificate_folder.h"

#include <unistd.h>

#include "absl/strings/str_format.h"
#include "core/base/file.h"
#include "core/base/openssl.h"
#include "core/base/status_macros.h"

namespace parallax::server::security {
namespace {

KeyPairPaths PathsOf(const std::string& folder, std::string_view name) {
  return {.certificate = absl::StrFormat("%s/%s.crt", folder, name),
          .key = absl::StrFormat("%s/%s.key", folder, name)};
}

absl::StatusOr<KeyPairPaths> ReplacePair(const KeyPairPaths& paths, const KeyPair& pair) {
  PARALLAX_RETURN_IF_ERROR(
      base::WriteFileAtomically(paths.key, pair.key_pem, base::Readers::kOwner));
  PARALLAX_RETURN_IF_ERROR(
      base::WriteFileAtomically(paths.certificate, pair.certificate_pem, base::Readers::kOwner));
  return paths;
}

/// Writes both or, where none may be replaced, neither.
absl::StatusOr<KeyPairPaths> WritePair(const std::string& folder, std::string_view name,
                                       const KeyPair& pair, OnExisting on_existing) {
  const KeyPairPaths paths = PathsOf(folder, name);
  if (on_existing == OnExisting::kReplace) return ReplacePair(paths, pair);
  PARALLAX_RETURN_IF_ERROR(
      base::WriteNewFile(paths.certificate, pair.certificate_pem, base::Readers::kOwner));
  const absl::Status written = base::WriteNewFile(paths.key, pair.key_pem, base::Readers::kOwner);
  if (written.ok()) return paths;
  unlink(paths.certificate.c_str());
  return written;
}

absl::StatusOr<KeyPair> ReadAuthority(const std::string& folder) {
  const KeyPairPaths paths = PathsOf(folder, "ca");
  KeyPair pair;
  // A certificate is no secret, but whoever could change this one could have another key trusted.
  PARALLAX_ASSIGN_OR_RETURN(pair.certificate_pem,
                            base::ReadPrivateFile(paths.certificate, base::kMaxPemBytes));
  PARALLAX_ASSIGN_OR_RETURN(pair.key_pem, base::ReadPrivateFile(paths.key, base::kMaxPemBytes));
  return pair;
}

}  // namespace

absl::StatusOr<KeyPairPaths> InitAuthority(const std::string& folder, const AuthoritySpec& spec,
                                           absl::Time now) {
  PARALLAX_ASSIGN_OR_RETURN(const KeyPair pair, MakeAuthority(spec, now));
  return WritePair(folder, "ca", pair, OnExisting::kRefuse);
}

absl::StatusOr<KeyPairPaths> IssueServerInto(const std::string& folder, const ServerSpec& spec,
                                             absl::Time now, OnExisting on_existing) {
  PARALLAX_ASSIGN_OR_RETURN(const KeyPair authority, ReadAuthority(folder));
  PARALLAX_ASSIGN_OR_RETURN(const KeyPair pair, IssueServer(authority, spec, now));
  return WritePair(folder, "server", pair, on_existing);
}

absl::StatusOr<KeyPairPaths> IssueRigInto(const std::string& folder, const RigSpec& spec,
                                          absl::Time now, OnExisting on_existing) {
  PARALLAX_ASSIGN_OR_RETURN(const KeyPair authority, ReadAuthority(folder));
  PARALLAX_ASSIGN_OR_RETURN(const KeyPair pair, IssueRig(authority, spec, now));
  return WritePair(folder, absl::StrFormat("rig-%s", spec.rig), pair, on_existing);
}

}  // namespace parallax::server::security
