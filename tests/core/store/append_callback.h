#pragma once

#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "core/store/append.h"

namespace parallax::store {

/// Called on the answering thread with what became of a batch.
using AppendCallback = std::function<void(const absl::StatusOr<AppendOutcome>&)>;

/// An observer that calls `done` for each of its batches.
inline std::shared_ptr<AppendObserver> Calling(AppendCallback done) {
  class Observer final : public AppendObserver {
   public:
    explicit Observer(AppendCallback done) : done_(std::move(done)) {}
    void OnAppended(std::span<AppendedBatch> batches) override {
      for (const AppendedBatch& appended : batches) done_(appended.outcome);
    }

   private:
    const AppendCallback done_;
  };
  return std::make_shared<Observer>(std::move(done));
}

}  // namespace parallax::store
