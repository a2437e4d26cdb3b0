#pragma once

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace parallax::server {

inline constexpr int kLiveNice = 10;        ///< what watchers wait for: after ingest
inline constexpr int kBackgroundNice = 19;  ///< what nobody waits for

/// Makes the calling thread yield to those of normal priority.
inline void LowerOwnPriority(int nice) {
  // Linux gives every thread its own nice value; a refusal costs nothing but politeness.
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), nice);
}

}  // namespace parallax::server
