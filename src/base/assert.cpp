#include "devstack/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace devstack {

void assertion_failed(const char* condition,
                      const char* belief,
                      const char* file,
                      int line) noexcept {
    std::fprintf(stderr,
                 "devstack: this is a bug in devstack: believed that %s, but not %s (%s:%d)\n",
                 belief,
                 condition,
                 file,
                 line);
    std::abort();
}

}  // namespace devstack
