#include "server/session_log.h"

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "server/log.h"

namespace parallax::server {
namespace {

std::string Digits(uint64_t count) { return absl::StrFormat("%u", count); }

/// A link that broke or a daemon that ends; anything else somebody should look at.
bool IsUsual(const absl::Status& why) {
  return why.ok() || absl::IsCancelled(why) || absl::IsUnavailable(why);
}

}  // namespace

void SessionLog::OnOpened(const std::string& run, const std::string& producer,
                          uint64_t resume_from_seq) {
  Log(LogLevel::kInfo, "stream opened",
      {{"run", run}, {"producer", producer}, {"resume_from", Digits(resume_from_seq)}});
}

void SessionLog::OnEnded(const std::string& run, const std::string& producer, const Ledger& ledger,
                         const absl::Status& why) {
  uint64_t rejected = 0;
  for (const auto& [reason, samples] : ledger.rejected) rejected += samples;
  Log(IsUsual(why) ? LogLevel::kInfo : LogLevel::kWarning, "stream ended",
      {{"run", run},
       {"producer", producer},
       {"received", Digits(ledger.received)},
       {"stored", Digits(ledger.stored)},
       {"duplicate", Digits(ledger.duplicate)},
       {"rejected", Digits(rejected)},
       {"error", why.ok() ? "" : base::Plain(why)}});
}

}  // namespace parallax::server
