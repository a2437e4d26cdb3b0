#include "client/cli/doctor_files.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/openssl.h"

namespace parallax::client {
namespace {

constexpr char kAuthorities[] = "authorities";
constexpr char kClientCertificate[] = "client_certificate";
constexpr char kToken[] = "token";
constexpr size_t kTokenIdChars = 16;
constexpr char kRenewRig[] = "have it renewed: parallaxd certs issue DIR --rig ID --renew";

/// A file that every other command refuses as well, before it asks anybody.
Finding Unusable(const std::string& check, const absl::Status& status) {
  Finding finding = Failure(check, status);
  finding.code = kExitUsage;
  return finding;
}

void Warn(std::string text, std::string next_step, Finding& finding) {
  finding.result = CheckResult::kWarning;
  finding.text += ", " + text;
  finding.next_step = std::move(next_step);
}

std::string DayOf(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

/// What a certificate that can be used says of itself.
void DescribeRig(const base::X509Ptr& certificate, absl::Time now, Finding& finding) {
  const absl::StatusOr<base::Validity> validity = base::ValidityOf(*certificate);
  if (!validity.ok()) {
    finding = Unusable(kClientCertificate, validity.status());
    return;
  }
  const std::vector<std::string> uris = base::UrisOf(*certificate);
  finding.text += uris.empty() ? ": names no rig" : ": " + Printable(uris);
  finding.text += absl::StrFormat(", signed by \"%s\"", base::IssuerOf(*certificate));
  JudgeValidity(*validity, now, kRenewRig, kExitDenied, finding);
  if (uris.size() == 1 || finding.result != CheckResult::kOk) return;
  Warn(absl::StrFormat("%u URIs, must be exactly one, parallax://rig/ID", uris.size()),
       "a rig's certificate is made by: parallaxd certs issue DIR --rig ID", finding);
}

}  // namespace

std::string Printable(const std::vector<std::string>& names) {
  return absl::StrJoin(names, ", ", [](std::string* out, const std::string& name) {
    out->append(absl::CHexEscape(name));
  });
}

void JudgeValidity(const base::Validity& validity, absl::Time now, const std::string& renewal,
                   ExitCode code, Finding& finding) {
  if (now > validity.end || now < validity.begin) {
    const bool over = now > validity.end;
    finding.result = CheckResult::kFailed;
    finding.code = code;
    finding.text +=
        over ? ", expired " + DayOf(validity.end) : ", not valid before " + DayOf(validity.begin);
    finding.next_step =
        over ? renewal
             : "set this machine's clock, which says " + DayOf(now) + ", or wait until then";
    return;
  }
  finding.text += ", valid until " + DayOf(validity.end);
  if (validity.end - now >= kSoon) return;
  Warn(absl::StrFormat("in %d days", absl::ToInt64Hours(validity.end - now) / 24), renewal,
       finding);
}

std::string TokenName(const std::string& token) {
  const std::vector<std::string> parts = absl::StrSplit(token, absl::MaxSplits('_', 2));
  const bool formed = parts.size() == 3 && parts[0] == "parallax" &&
                      parts[1].size() == kTokenIdChars &&
                      std::all_of(parts[1].begin(), parts[1].end(),
                                  [](unsigned char c) { return absl::ascii_isxdigit(c); });
  return formed ? "tokens/" + parts[1] : "a token of another form";
}

Finding ExamineAuthorities(const std::string& path, absl::Time now) {
  const absl::StatusOr<Credentials> read = ReadCredentials({.tls_ca = path}, "");
  if (!read.ok()) return Unusable(kAuthorities, read.status());
  const absl::StatusOr<std::vector<base::X509Ptr>> authorities =
      base::ParseCertificates("tls-ca", read->ca_pem);
  if (!authorities.ok()) {
    Finding finding = Unusable(kAuthorities, authorities.status());
    finding.text = path + ": " + finding.text;
    finding.next_step = "give --tls-ca the ca.crt of the daemon's authority";
    return finding;
  }
  // The one that ends first is told of.
  Finding worst = {.check = kAuthorities, .text = ""};
  absl::Time first_end = absl::InfiniteFuture();
  for (const base::X509Ptr& authority : *authorities) {
    const absl::StatusOr<base::Validity> validity = base::ValidityOf(*authority);
    if (!validity.ok()) return Unusable(kAuthorities, validity.status());
    if (validity->end >= first_end) continue;
    first_end = validity->end;
    worst = {.check = kAuthorities,
             .text = absl::StrFormat("%s: \"%s\"", path, base::SubjectOf(*authority))};
    JudgeValidity(*validity, now, "have the authority made anew, and certificates by it",
                  kExitUnavailable, worst);
  }
  // The others may vouch for the daemon all the same.
  if (authorities->size() > 1 && worst.result == CheckResult::kFailed) {
    worst.result = CheckResult::kWarning;
    worst.code = kExitOk;
  }
  return worst;
}

Finding ExamineClientCertificate(const CredentialPaths& paths, absl::Time now) {
  const absl::StatusOr<Credentials> read =
      ReadCredentials({.tls_cert = paths.tls_cert, .tls_key = paths.tls_key}, "");
  if (!read.ok()) {
    Finding finding = Unusable(kClientCertificate, read.status());
    const bool alone = paths.tls_cert.empty() || paths.tls_key.empty();
    if (absl::IsInvalidArgument(read.status())) {
      finding.next_step = alone ? "give both, --tls-cert and --tls-key"
                                : "give the .crt and .key that were issued together";
    }
    return finding;
  }
  const absl::StatusOr<std::vector<base::X509Ptr>> chain =
      base::ParseCertificates("tls-cert", read->certificate_pem);
  if (!chain.ok()) return Unusable(kClientCertificate, chain.status());
  Finding finding = {.check = kClientCertificate, .text = paths.tls_cert};
  DescribeRig(chain->front(), now, finding);
  return finding;
}

Finding ExamineToken(const std::string& path) {
  const absl::StatusOr<Credentials> read =
      ReadCredentials({.token_file = path, .plain_text = PlainText::kAccepted}, "");
  if (!read.ok()) return Unusable(kToken, read.status());
  return {.check = kToken, .text = path + ": " + TokenName(read->token)};
}

}  // namespace parallax::client
