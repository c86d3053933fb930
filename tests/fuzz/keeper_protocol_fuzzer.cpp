// What a daemon gone mad could send to the keeper: any bytes as a message, and any bytes as the
// spawn block in it.

#include "devstack/platform/spawn_block.hpp"

#include "keeper/request.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

using namespace devstack;

namespace {

void expect(bool condition) {
    if (!condition) std::abort();
}

/// Whether what they say can be done, and to read it stays within the block.
void take_settings(const platform::SpawnBlockHeader& header, const char* block) {
    const platform::SpawnBlockSettings settings = platform::read_spawn_settings(header, block);
    expect(settings.has_limit < (1U << platform::SpawnBlockSettings::limit_count));
    const char* groups = platform::groups_of_spawn_block(settings, block);
    for (std::uint32_t i = 0; i < settings.group_count; ++i) {
        std::uint32_t group = 0;
        std::memcpy(&group, groups + i * sizeof group, sizeof group);
    }
}

/// Unpacks the block as the keeper's child does, and packs what came out of it again.
void take_block(const char* bytes, std::size_t size) {
    const auto header = platform::check_spawn_block(bytes, size);
    if (!header) return;
    // Memory of exactly this size, so that a step beyond it is seen.
    const auto block = std::make_unique<char[]>(size);
    std::memcpy(block.get(), bytes, size);
    take_settings(*header, block.get());
    std::vector<char*> pointers(platform::spawn_block_pointers(*header));
    const auto unpacked = platform::point_into_spawn_block(*header, block.get(), pointers.data());
    platform::SpawnRequest request;
    request.working_dir = unpacked.working_dir;
    request.parent_death_signal = header->parent_death_signal;
    request.argv.assign(unpacked.argv, unpacked.argv + header->argument_count);
    request.environment.assign(unpacked.environment,
                               unpacked.environment + header->environment_count);
    const auto packed = platform::encode_spawn_block(request);
    // Settings have more than one form; the strings only one.
    const std::size_t head = sizeof(platform::SpawnBlockHeader);
    const std::size_t strings = head + header->settings_size;
    expect(packed.has_value() && packed->size() - head == size - strings);
    expect(std::memcmp(packed->data() + head, bytes + strings, size - strings) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const char* bytes = static_cast<const char*>(static_cast<const void*>(data));
    if (const auto request = keeper::read_request(bytes, size)) {
        expect(request->label.back() == '\0');
        if (request->block != nullptr) {
            expect(request->block >= bytes && request->block + request->block_size == bytes + size);
            take_block(request->block, request->block_size);
        }
    }
    take_block(bytes, size);
    return 0;
}
