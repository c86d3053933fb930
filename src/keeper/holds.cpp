#include "holds.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <sys/mman.h>

namespace devstack::keeper {

bool Holds::reserve() {
    void* memory = ::mmap(nullptr,
                          holds_max * sizeof(Hold),
                          PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                          -1,
                          0);
    if (memory == MAP_FAILED) return false;
    holds_ = static_cast<Hold*>(memory);
    return true;
}

Hold* Holds::find(std::uint64_t token) {
    Hold* const end = holds_ + used_end_;
    Hold* const found =
        std::find_if(holds_, end, [&](const Hold& it) { return it.token == token; });
    return found == end ? nullptr : found;
}

void Holds::add(std::uint64_t token,
                const Hold::Label& label,
                platform::FileDescriptor descriptor) {
    if (find(token) != nullptr) return;
    Hold* hold = find(0);
    if (hold == nullptr) {
        if (used_end_ == holds_max) return;
        hold = std::construct_at(holds_ + used_end_++);
    }
    hold->token = token;
    hold->label = label;
    hold->descriptor = std::move(descriptor);
}

void Holds::release(std::uint64_t token) {
    Hold* const hold = find(token);
    if (hold == nullptr) return;
    hold->token = 0;
    hold->descriptor.reset();
}

std::size_t Holds::count() const {
    return static_cast<std::size_t>(
        std::count_if(holds_, holds_ + used_end_, [](const Hold& it) { return it.token != 0; }));
}

}  // namespace devstack::keeper
