#include "server/backup_desk.h"

#include <memory>
#include <string>
#include <utility>

#include "core/base/sha256.h"
#include "server/priority.h"
#include "server/status.h"

namespace parallax::server {
namespace {

constexpr char kBackupMethod[] = "/parallax.v1.OperationsService/Backup";
constexpr size_t kMaxPartBytes = size_t{1} << 20;

}  // namespace

/// Every step runs on the desk's thread, where the disk may be waited for; a slow reader holds one
/// part in memory. Deletes itself in OnDone.
class BackupDesk::Call final : public grpc::ServerWriteReactor<v1::BackupResponse> {
 public:
  Call(BackupDesk& desk, security::Guard& guard, security::Identity caller)
      : desk_(&desk), guard_(&guard), caller_(std::move(caller)) {
    desk_->executor_.PostContinuation([this] { Begin(); });
  }
  /// A call that is refused.
  explicit Call(const absl::Status& refusal) { Finish(ToGrpc(refusal)); }

  void OnWriteDone(bool ok) override {
    if (!ok) cancelled_ = true;
    desk_->executor_.PostContinuation([this] { Next(); });
  }
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override {
    if (desk_ != nullptr) desk_->busy_ = false;
    delete this;
  }

 private:
  void Begin() {
    LowerOwnPriority(kBackgroundNice);
    absl::StatusOr<std::unique_ptr<store::StoreCopy>> copy =
        desk_->context_.store.Copy([this] { return !cancelled_; });
    if (!copy.ok()) return End(copy.status());
    copy_ = *std::move(copy);
    part_.set_total_bytes(copy_->bytes());
    StartWrite(&part_);
  }

  /// Writes the part after the one that was written, or ends the call.
  void Next() {
    if (cancelled_) return End(absl::CancelledError("the caller is gone"));
    if (part_.has_sha256()) return End(absl::OkStatus());
    if (sent_ == copy_->bytes()) {
      part_.set_sha256(digest_.FinishHex());
      StartWrite(&part_);
      return;
    }
    absl::StatusOr<std::string> bytes = copy_->Read(sent_, kMaxPartBytes);
    if (bytes.ok() && bytes->empty()) bytes = absl::UnavailableError("the copy was cut");
    if (!bytes.ok()) return End(bytes.status());
    sent_ += bytes->size();
    digest_.Update(*bytes);
    part_.set_data(*std::move(bytes));
    StartWrite(&part_);
  }

  /// REQUIRES: nothing of the call is touched afterwards.
  void End(const absl::Status& status) {
    copy_.reset();  // here and not in OnDone: giving back many gigabytes takes a while
    guard_->Done(kBackupMethod, caller_, /*target=*/"", status);
    Finish(ToGrpc(status));
  }

  BackupDesk* const desk_ = nullptr;
  security::Guard* const guard_ = nullptr;
  const security::Identity caller_;
  std::atomic<bool> cancelled_{false};
  // Used by one step at a time.
  std::unique_ptr<store::StoreCopy> copy_;
  uint64_t sent_ = 0;
  base::Sha256 digest_;
  v1::BackupResponse part_;
};

grpc::ServerWriteReactor<v1::BackupResponse>* BackupDesk::Start(
    const grpc::CallbackServerContext& call, const Admission& admission,
    const v1::BackupRequest& request) {
  absl::StatusOr<Admitted> admitted = admission.Admit(call, kBackupMethod, request);
  if (!admitted.ok()) return new Call(admitted.status());
  if (busy_.exchange(true)) {
    context_.on_refused("backups");
    return new Call(UnderWay("backup"));
  }
  return new Call(*this, admission.guard, std::move(admitted->identity));
}

}  // namespace parallax::server
