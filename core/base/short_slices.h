#pragma once

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace parallax::base {

/// Lets the calling thread wake while others compute: it asks for turns of 0.1 ms on a processor,
/// and who asks for short turns need not wait for the end of another's of some 3 ms. Linux from
/// 6.12 on grants that to everybody (sched(7), SCHED_OTHER); before, it changes nothing.
inline void AskForShortSlices() {
  // struct sched_attr of <linux/sched/types.h>, whose other types clash with <sched.h>.
  struct Attributes {
    uint32_t size = sizeof(Attributes);
    uint32_t policy = SCHED_OTHER;
    uint64_t flags = 0;
    int32_t nice = 0;
    uint32_t priority = 0;
    uint64_t slice_ns = 100'000;
    uint64_t deadline_ns = 0;
    uint64_t period_ns = 0;
  } attributes;
  attributes.nice = getpriority(PRIO_PROCESS, 0);
  // A refusal costs nothing but speed.
  (void)syscall(SYS_sched_setattr, 0, &attributes, 0);
}

/// The same for a thread that somebody else has made, however often it comes by.
inline void AskForShortSlicesOnce() {
  [[maybe_unused]] thread_local const bool asked = (AskForShortSlices(), true);
}

}  // namespace parallax::base
