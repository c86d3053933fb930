#include "devstack/platform/spawn_block.hpp"

#include <algorithm>
#include <cstring>

namespace devstack::platform {

namespace {

Error invalid(const std::string& message) {
    return {Error::Kind::invalid, message};
}

bool has_zero_byte(const std::string& text) {
    return text.find('\0') != std::string::npos;
}

void append_string(std::string& block, const std::string& text) {
    block.append(text.c_str(), text.size() + 1);
}

}  // namespace

Result<std::string> encode_spawn_block(const SpawnRequest& request) {
    if (request.argv.empty() || request.argv.front().empty()) {
        return invalid("there is no program to start");
    }
    if (request.working_dir.empty()) return invalid("there is no directory to start in");
    if (has_zero_byte(request.working_dir) || std::ranges::any_of(request.argv, has_zero_byte) ||
        std::ranges::any_of(request.environment, has_zero_byte)) {
        return invalid("a command, its directory and its environment can not hold a zero byte");
    }
    std::size_t size = sizeof(SpawnBlockHeader) + request.working_dir.size() + 1;
    for (const std::string& argument : request.argv)
        size += argument.size() + 1;
    for (const std::string& variable : request.environment)
        size += variable.size() + 1;
    if (size > spawn_block_max) return invalid("the command and its environment are too large");

    SpawnBlockHeader header;
    header.argument_count = static_cast<std::uint32_t>(request.argv.size());
    header.environment_count = static_cast<std::uint32_t>(request.environment.size());
    header.parent_death_signal = request.parent_death_signal;
    std::string block;
    block.reserve(size);
    block.resize(sizeof header);
    std::memcpy(block.data(), &header, sizeof header);
    append_string(block, request.working_dir);
    for (const std::string& argument : request.argv)
        append_string(block, argument);
    for (const std::string& variable : request.environment)
        append_string(block, variable);
    return block;
}

std::optional<SpawnBlockHeader> check_spawn_block(const char* bytes, std::size_t size) {
    SpawnBlockHeader header;
    if (size <= sizeof header || size > spawn_block_max) return std::nullopt;
    std::memcpy(&header, bytes, sizeof header);
    const char* const strings = bytes + sizeof header;
    const char* const end = bytes + size;
    if (end[-1] != '\0') return std::nullopt;
    // In 64 bits the sum can not overflow.
    const std::uint64_t expected =
        std::uint64_t{1} + header.argument_count + header.environment_count;
    if (static_cast<std::uint64_t>(std::count(strings, end, '\0')) != expected) return std::nullopt;
    const bool has_directory = *strings != '\0';
    const bool has_program = header.argument_count > 0 && strings[std::strlen(strings) + 1] != '\0';
    if (!has_directory || !has_program) return std::nullopt;
    return header;
}

std::size_t spawn_block_pointers(const SpawnBlockHeader& header) {
    return std::size_t{header.argument_count} + 1 + header.environment_count + 1;
}

SpawnBlock point_into_spawn_block(const SpawnBlockHeader& header, char* bytes, char** pointers) {
    char* string = bytes + sizeof header;
    const auto next_string = [&string] {
        return std::exchange(string, string + std::strlen(string) + 1);
    };
    SpawnBlock block;
    block.working_dir = next_string();
    block.argv = pointers;
    block.environment = pointers + header.argument_count + 1;
    for (std::uint32_t i = 0; i < header.argument_count; ++i)
        block.argv[i] = next_string();
    block.argv[header.argument_count] = nullptr;
    for (std::uint32_t i = 0; i < header.environment_count; ++i)
        block.environment[i] = next_string();
    block.environment[header.environment_count] = nullptr;
    return block;
}

}  // namespace devstack::platform
