#pragma once

#include <functional>

#include "core/pipeline/job_runner.h"
#include "core/store/store.h"
#include "server/change_publisher.h"
#include "server/metrics.h"
#include "server/security/guard.h"
#include "server/webhook_sender.h"

namespace parallax::server {

/// Writes a line when a job starts and when it ends, tells the audit log of the parameter sets that
/// jobs put to use by themselves, and passes on what others want to know.
class JobLog final : public pipeline::JobObserver {
 public:
  using OnStep = std::function<void(const store::JobRow& job, pipeline::JobStep step)>;

  /// All outlive it. @param on_step  may be empty
  JobLog(store::Store& store, Metrics& metrics, ChangePublisher& changes, WebhookSender& webhooks,
         security::Guard& guard, const OnStep& on_step)
      : store_(store),
        metrics_(metrics),
        changes_(changes),
        webhooks_(webhooks),
        guard_(guard),
        on_step_(on_step) {}

  void OnJobStarted(const store::JobRow& job) override;
  void OnJobProgress(const store::JobRow& job) override;
  void OnJobEnded(const store::JobRow& job) override;
  void OnJobStep(const store::JobRow& job, pipeline::JobStep step) override;

 private:
  void TellOfPromotion(const store::JobRow& job);

  store::Store& store_;
  Metrics& metrics_;
  ChangePublisher& changes_;
  WebhookSender& webhooks_;
  security::Guard& guard_;
  const OnStep& on_step_;
};

}  // namespace parallax::server
