// parallax backup TARGET
#include "client/lib/backup.h"

#include "absl/strings/str_format.h"
#include "client/cli/verbs.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

constexpr double kMegabyte = 1e6;

struct BackupOptions {
  std::string folder;
};

std::string BackupLine(const BackupProgress& progress, absl::Duration elapsed) {
  const double done = static_cast<double>(progress.bytes) / kMegabyte;
  const double total = static_cast<double>(progress.total_bytes) / kMegabyte;
  const double seconds = absl::ToDoubleSeconds(elapsed);
  const double rate = seconds > 0.0 ? done / seconds : 0.0;
  const double rest = rate > 0.0 ? (total - done) / rate : 0.0;
  return absl::StrFormat("backup: %.0f of %.0f MB, %.1f MB/s, %.0f s left", done, total, rate,
                         rest);
}

absl::StatusOr<ExitCode> Backup(const BackupOptions& options, Context& context) {
  const base::Clock& clock = context.environment().clock;
  absl::Time start = absl::InfiniteFuture();
  context.Progress("backup: the daemon makes a copy");
  const absl::StatusOr<TakenBackup> taken =
      TakeBackup(context.client(), options.folder, [&](const BackupProgress& progress) {
        // The rate is that of the way here, without the time that the copy took.
        if (progress.bytes == 0) start = clock.Now();
        context.Progress(BackupLine(progress, clock.Now() - start));
      });
  context.Progress("");
  PARALLAX_RETURN_IF_ERROR(taken.status());
  context.Emit({{"folder", options.folder}, {"bytes", taken->bytes}, {"sha256", taken->sha256}},
               {{"folder", "bytes", "sha256"},
                {{options.folder, std::to_string(taken->bytes), taken->sha256}}});
  context.Note(absl::StrFormat("parallaxd --data %s runs on it, parallaxd check %s verifies it",
                               options.folder, options.folder));
  return kExitOk;
}

}  // namespace

void AddBackup(CLI::App& app, Selection& selection) {
  CLI::App* const verb = app.add_subcommand(
      "backup", "takes a copy of all that the daemon stores, as it is at one moment");
  const auto options = std::make_shared<BackupOptions>();
  verb->add_option("TARGET", options->folder, "folder to make, a data directory of parallaxd then")
      ->required();
  SetAction(*verb, selection, options, Backup);
}

}  // namespace parallax::client
