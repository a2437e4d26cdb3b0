#include "server/security/tls_files.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/file.h"
#include "core/base/key_pair.h"
#include "core/base/openssl.h"
#include "core/base/status_macros.h"
#include "server/security/file_stamp.h"

namespace parallax::server::security {
namespace {

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  PARALLAX_ASSIGN_OR_RETURN(std::string pem, base::ReadFile(path));
  if (pem.size() <= base::kMaxPemBytes) return pem;
  return base::InvalidField({.field = path,
                             .value = absl::StrFormat("%u bytes", pem.size()),
                             .bound = absl::StrFormat("<= %u bytes", base::kMaxPemBytes)});
}

absl::StatusOr<TlsMaterial> Read(const TlsPaths& paths) {
  TlsMaterial material;
  PARALLAX_ASSIGN_OR_RETURN(material.certificate_pem, ReadPem(paths.certificate));
  PARALLAX_ASSIGN_OR_RETURN(material.key_pem, base::ReadPrivateFile(paths.key, base::kMaxPemBytes));
  PARALLAX_RETURN_IF_ERROR(
      base::ParseCertificates("certificate", material.certificate_pem).status());
  PARALLAX_RETURN_IF_ERROR(base::ParseKey("key", material.key_pem).status());
  if (!base::IsKeyOf(material.key_pem, material.certificate_pem)) {
    return base::InvalidField(
        {.field = "key", .value = paths.key, .bound = "the key of " + paths.certificate});
  }
  if (paths.client_ca.empty()) return material;
  PARALLAX_ASSIGN_OR_RETURN(material.client_ca_pem, ReadPem(paths.client_ca));
  PARALLAX_RETURN_IF_ERROR(base::ParseCertificates("client_ca", material.client_ca_pem).status());
  return material;
}

}  // namespace

TlsFiles::TlsFiles(TlsPaths paths, OnProblem on_problem)
    : paths_(std::move(paths)), on_problem_(std::move(on_problem)) {}

absl::StatusOr<std::unique_ptr<TlsFiles>> TlsFiles::Open(const TlsPaths& paths,
                                                         OnProblem on_problem) {
  std::unique_ptr<TlsFiles> files(new TlsFiles(paths, std::move(on_problem)));
  const base::MutexLock lock(files->mutex_);
  files->seen_ = files->Examine();
  PARALLAX_ASSIGN_OR_RETURN(TlsMaterial material, Read(paths));
  files->material_ = std::make_shared<const TlsMaterial>(std::move(material));
  return files;
}

TlsFiles::Stats TlsFiles::Examine() const {
  return {StampOf(paths_.certificate), StampOf(paths_.key), StampOf(paths_.client_ca)};
}

std::shared_ptr<const TlsMaterial> TlsFiles::Current() {
  absl::Status problem;
  std::shared_ptr<const TlsMaterial> current;
  {
    const base::MutexLock lock(mutex_);
    // Taken before they are read: what is replaced in between is read again by the next call.
    const Stats now = Examine();
    if (!std::equal(now.begin(), now.end(), seen_.begin(), SameFile)) {
      seen_ = now;
      absl::StatusOr<TlsMaterial> material = Read(paths_);
      problem = material.status();
      if (problem.ok()) material_ = std::make_shared<const TlsMaterial>(*std::move(material));
    }
    current = material_;
  }
  if (!problem.ok()) on_problem_(problem);
  return current;
}

}  // namespace parallax::server::security
