#include "server/maintenance.h"

#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/store/backup.h"
#include "core/store/check.h"

namespace parallax::server {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitDamaged = 7;  // what a failed check is for `parallax`, too

int Refuse(const absl::Status& status) {
  fprintf(stderr, "parallaxd: %s\n", std::string(status.message()).c_str());
  return kExitFailed;
}

int RunCheck(const std::string& directory) {
  const absl::StatusOr<store::StoreCheck> check = store::CheckStore(directory);
  if (!check.ok()) return Refuse(check.status());
  printf(
      "checked %lld pages, %lld streams, %lld batches, %lld chunks, %lld pages of the pyramid, "
      "%lld reports, %lld parameter sets\n",
      static_cast<long long>(check->pages), static_cast<long long>(check->streams),
      static_cast<long long>(check->batches), static_cast<long long>(check->chunks),
      static_cast<long long>(check->pyramid_pages), static_cast<long long>(check->reports),
      static_cast<long long>(check->parameter_sets));
  for (const std::string& damage : check->damages) printf("damaged: %s\n", damage.c_str());
  if (check->damages.empty()) printf("nothing is damaged\n");
  return check->damages.empty() ? 0 : kExitDamaged;
}

int RunBackup(const std::string& directory, const std::string& target) {
  if (const absl::Status status = store::BackUpStore(directory, target); !status.ok()) {
    return Refuse(status);
  }
  printf("%s is a copy of %s as it was at one moment; parallaxd --data %s runs on it\n",
         target.c_str(), directory.c_str(), target.c_str());
  return 0;
}

}  // namespace

void DeclareMaintenance(std::function<int()>* run, CLI::App* app) {
  struct Arguments {
    std::string directory;
    std::string target;
  };
  const auto arguments = std::make_shared<Arguments>();

  CLI::App* check = app->add_subcommand(
      "check",
      "verify every checksum of a store and its ledger, also while a daemon runs on it; exit code "
      "7 where something is damaged, which is named");
  check->add_option("directory", arguments->directory, "data directory")->required();
  check->callback(
      [run, arguments] { *run = [arguments] { return RunCheck(arguments->directory); }; });

  CLI::App* backup = app->add_subcommand(
      "backup", "copy a store as it is at one moment, also while a daemon runs on it");
  backup->add_option("directory", arguments->directory, "data directory")->required();
  backup->add_option("target", arguments->target, "new directory of the copy")->required();
  backup->callback([run, arguments] {
    *run = [arguments] { return RunBackup(arguments->directory, arguments->target); };
  });
}

}  // namespace parallax::server
