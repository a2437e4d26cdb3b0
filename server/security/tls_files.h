#pragma once

#include <sys/stat.h>

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/base/mutex.h"

namespace parallax::server::security {

/// Where the daemon's certificate stands.
struct TlsPaths {
  std::string certificate;  ///< PEM: its own first, then those between it and the authority
  std::string key;          ///< PEM of its private key, without password; mode 0600 or 0400
  std::string client_ca;  ///< PEM: the authorities of rigs' certificates; empty: none is asked for
};

/// What stood there, whole and fitting. All in PEM; the key is a secret.
struct TlsMaterial {
  std::string certificate_pem;
  std::string key_pem;
  std::string client_ca_pem;
};

/// The files of a TlsPaths, which other processes replace: every handshake looks whether they are
/// still those that were read, by a stat of each. New ones count from then on if they fit together;
/// else the old ones stay in force and the problem is told, since between two renames they do not
/// fit for a moment. Thread-safe.
class TlsFiles {
 public:
  using OnProblem = std::function<void(const absl::Status&)>;

  /// Errors: those of base::ReadPrivateFile for the key, of base::ReadFile for the others;
  /// InvalidArgument naming the field, "certificate", "key" or "client_ca", where it is no PEM of
  /// such a thing or the key is not the certificate's.
  static absl::StatusOr<std::unique_ptr<TlsFiles>> Open(const TlsPaths& paths,
                                                        OnProblem on_problem);

  /// What is in force now; another object where it is another than before.
  std::shared_ptr<const TlsMaterial> Current();

 private:
  using Stats = std::array<struct stat, 3>;

  TlsFiles(TlsPaths paths, OnProblem on_problem);
  Stats Examine() const;

  const TlsPaths paths_;
  const OnProblem on_problem_;

  base::Mutex mutex_;
  Stats seen_ ABSL_GUARDED_BY(mutex_) = {};  // the files as they were when they were read last
  std::shared_ptr<const TlsMaterial> material_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parallax::server::security
