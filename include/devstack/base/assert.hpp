#pragma once

namespace devstack {

/// Reports a broken belief of our own on standard error and aborts. The keeper makes it survivable.
[[noreturn]] void assertion_failed(const char* condition,
                                   const char* belief,
                                   const char* file,
                                   int line) noexcept;

}  // namespace devstack

/// Our own bug, never a user's mistake: active in every build.
#define DEVSTACK_ASSERT(condition, belief) \
    (static_cast<bool>(condition)          \
         ? static_cast<void>(0)            \
         : ::devstack::assertion_failed(#condition, belief, __FILE__, __LINE__))
