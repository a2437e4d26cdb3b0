#pragma once

#include <string>
#include <vector>

#include "client/cli/context.h"
#include "client/cli/exit_code.h"

namespace parallax::client {

/// What came of one check of `parallax doctor`.
enum class CheckResult {
  kOk,
  kWarning,  ///< works, and will not for long or not everywhere
  kDiffers,  ///< works, but the two sides are not alike
  kUnknown,
  kFailed,
};

struct Finding {
  std::string check;  ///< "server_certificate"; a stable name
  CheckResult result = CheckResult::kOk;
  std::string text;         ///< what was looked at and what was found
  std::string next_step;    ///< what to do about it; may be empty
  ExitCode code = kExitOk;  ///< of a failure
};

Finding Passed(const std::string& check, std::string text);
/// A failure as a status tells it; the next step that the status names stands apart.
Finding Failure(const std::string& check, const absl::Status& status);

/// Findings in the order in which one needs the other.
class Findings {
 public:
  void Add(Finding finding);
  /// Whether a check of that name has failed, and whether any has.
  bool Failed(const std::string& check) const;
  bool AnyFailed() const;
  /// Prints them. Returns the exit code of the first failure; kExitOk where there is none.
  ExitCode Emit(Context& context) const;

 private:
  std::vector<Finding> findings_;
};

}  // namespace parallax::client
