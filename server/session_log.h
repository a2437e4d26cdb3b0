#pragma once

#include <string>

#include "server/ingest_context.h"

namespace parallax::server {

/// Writes a line when a stream begins and when it ends, each with its run, and passes on the rest.
class SessionLog final : public SessionObserver {
 public:
  /// @param next  told of acks; outlives this.
  explicit SessionLog(SessionObserver& next) : next_(next) {}

  void OnAcked(absl::Duration since_read) override { next_.OnAcked(since_read); }
  void OnOpened(const std::string& run, const std::string& producer,
                uint64_t resume_from_seq) override;
  void OnEnded(const std::string& run, const std::string& producer, const Ledger& ledger,
               const absl::Status& why) override;

 private:
  SessionObserver& next_;
};

}  // namespace parallax::server
