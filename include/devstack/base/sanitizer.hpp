#pragma once

namespace devstack {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DEVSTACK_HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DEVSTACK_HAS_SANITIZER 1
#endif
#endif

/// True in builds that watch every access to memory: GCC and Clang say so in words of their own.
#ifdef DEVSTACK_HAS_SANITIZER
inline constexpr bool has_sanitizer = true;
#else
inline constexpr bool has_sanitizer = false;
#endif

#undef DEVSTACK_HAS_SANITIZER

}  // namespace devstack
