#include "core/base/one_thread.h"

#include "absl/cleanup/cleanup.h"

namespace parallax::base {
namespace {

thread_local bool on_one_thread = false;

}  // namespace

void OnOneThread(const std::function<void()>& task) {
  const absl::Cleanup restore = [before = on_one_thread] { on_one_thread = before; };
  on_one_thread = true;
  task();
}

bool IsOnOneThread() { return on_one_thread; }

}  // namespace parallax::base
