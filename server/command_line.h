#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <memory>
#include <ostream>
#include <utility>

#include "absl/status/statusor.h"

namespace parallax::server {

inline constexpr int kExitDone = 0;
inline constexpr int kExitError = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitCheckFailed = 7;  ///< as that of `parallax`

/// What a command of parallaxd besides serving does: the program's exit code, or why it could not.
/// What it has to say goes to `out`.
using Command = std::function<absl::StatusOr<int>(std::ostream& out)>;

/// Declares that `verb`, where the command line names it, is what is `chosen`; its options are
/// filled in before it runs.
template <typename Options>
void SetCommand(CLI::App& verb, Command* chosen, std::shared_ptr<Options> options,
                absl::StatusOr<int> (*run)(const Options&, std::ostream&)) {
  verb.callback([chosen, options = std::move(options), run] {
    *chosen = [options, run](std::ostream& out) { return run(*options, out); };
  });
}

}  // namespace parallax::server
