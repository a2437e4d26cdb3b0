#include "server/maintenance_commands.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/store/backup.h"
#include "core/store/check.h"
#include "core/store/shrink.h"

namespace parallax::server {
namespace {

struct CheckOptions {
  std::string directory;
};

struct ShrinkOptions {
  std::string directory;
};

struct BackupOptions {
  std::string directory;
  std::string target;
};

absl::StatusOr<int> Check(const CheckOptions& options, std::ostream& out) {
  PARALLAX_ASSIGN_OR_RETURN(const store::StoreCheck check, store::CheckStore(options.directory));
  out << absl::StrFormat(
      "checked %d pages, %d streams, %d batches, %d chunks, %d pages of the pyramid, %d reports, "
      "%d parameter sets, %d designs, %d models, %d retired runs\n",
      check.pages, check.streams, check.batches, check.chunks, check.pyramid_pages, check.reports,
      check.parameter_sets, check.designs, check.models, check.retired_runs);
  for (const std::string& damage : check.damages) out << "damaged: " << damage << "\n";
  if (!check.damages.empty()) return kExitCheckFailed;
  out << "nothing is damaged\n";
  return kExitDone;
}

absl::StatusOr<int> BackUp(const BackupOptions& options, std::ostream& out) {
  PARALLAX_RETURN_IF_ERROR(store::BackUpStore(options.directory, options.target));
  out << absl::StrFormat(
      "%s is a copy of %s as it was at one moment; parallaxd --data %s runs on it\n",
      options.target, options.directory, options.target);
  return kExitDone;
}

absl::StatusOr<int> Shrink(const ShrinkOptions& options, std::ostream& out) {
  PARALLAX_ASSIGN_OR_RETURN(const store::Shrinkage size, store::ShrinkStore(options.directory));
  out << absl::StrFormat("%d bytes before, %d bytes now\n", size.before, size.after);
  return kExitDone;
}

}  // namespace

void AddMaintenanceCommands(CLI::App& app, Command* chosen) {
  CLI::App* const check = app.add_subcommand(
      "check",
      "verify every checksum of a store and its ledger, also while a daemon runs on it; exit code "
      "7 where something is damaged, which is named");
  const auto check_options = std::make_shared<CheckOptions>();
  check->add_option("directory", check_options->directory, "data directory")->required();
  SetCommand(*check, chosen, check_options, Check);

  CLI::App* const backup = app.add_subcommand(
      "backup", "copy a store as it is at one moment, also while a daemon runs on it");
  const auto backup_options = std::make_shared<BackupOptions>();
  backup->add_option("directory", backup_options->directory, "data directory")->required();
  backup->add_option("target", backup_options->target, "new directory of the copy")->required();
  SetCommand(*backup, chosen, backup_options, BackUp);

  CLI::App* const shrink = app.add_subcommand(
      "shrink",
      "give back to the disk what retention freed, while no daemon runs on the store; it needs "
      "free space for two copies of what is left and may be interrupted");
  const auto shrink_options = std::make_shared<ShrinkOptions>();
  shrink->add_option("directory", shrink_options->directory, "data directory")->required();
  SetCommand(*shrink, chosen, shrink_options, Shrink);
}

}  // namespace parallax::server
