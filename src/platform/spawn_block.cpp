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

bool has_settings(const SpawnSettings& settings) {
    return settings.identity || settings.umask || !settings.limits.empty() || settings.nice ||
           settings.oom_score_adj || settings.capabilities || settings.no_new_privileges ||
           settings.terminal || settings.holds_input_open || !settings.cgroup.empty();
}

/// What a child writes to; with the zero byte at its end.
std::string path_of_cgroup(const SpawnSettings& settings) {
    return settings.cgroup.empty() ? "" : settings.cgroup + "/cgroup.procs" + '\0';
}

SpawnBlockSettings pack(const SpawnSettings& settings) {
    using Has = SpawnBlockSettings::Has;
    SpawnBlockSettings packed;
    if (settings.identity) {
        packed.has |= Has::identity;
        packed.user = settings.identity->user;
        packed.group = settings.identity->group;
        packed.group_count = static_cast<std::uint32_t>(settings.identity->groups.size());
    }
    if (settings.umask) packed.has |= Has::umask;
    packed.file_mode_mask = settings.umask.value_or(0);
    if (settings.nice) packed.has |= Has::nice;
    packed.nice_value = settings.nice.value_or(0);
    if (settings.oom_score_adj) packed.has |= Has::oom_score_adj;
    packed.oom_score = settings.oom_score_adj.value_or(0);
    if (settings.capabilities) {
        packed.has |= Has::capabilities;
        packed.bounding = settings.capabilities->bounding;
        packed.ambient = settings.capabilities->ambient;
    }
    if (settings.no_new_privileges) packed.has |= Has::no_new_privileges;
    if (settings.terminal) {
        packed.has |= Has::terminal;
        packed.rows = settings.terminal->rows;
        packed.columns = settings.terminal->columns;
    }
    if (settings.holds_input_open) packed.has |= Has::open_input;
    packed.cgroup_size = static_cast<std::uint32_t>(path_of_cgroup(settings).size());
    if (settings.needs_cgroup) packed.has |= Has::cgroup_needed;
    for (const SpawnLimit& limit : settings.limits) {
        packed.has_limit |= 1U << limit.resource;
        packed.limits[limit.resource] = {limit.soft, limit.hard};
    }
    return packed;
}

void append_settings(std::string& block, const SpawnSettings& settings) {
    const SpawnBlockSettings packed = pack(settings);
    const std::size_t at = block.size();
    block.resize(at + sizeof packed + packed.group_count * sizeof(std::uint32_t));
    std::memcpy(block.data() + at, &packed, sizeof packed);
    if (packed.group_count > 0) {
        std::memcpy(block.data() + at + sizeof packed,
                    settings.identity->groups.data(),
                    packed.group_count * sizeof(std::uint32_t));
    }
    block += path_of_cgroup(settings);
}

/// What a later version may have put behind the settings that we know.
bool is_unknown_zero(const char* settings, std::uint32_t size) {
    return size <= sizeof(SpawnBlockSettings) || std::all_of(settings + sizeof(SpawnBlockSettings),
                                                             settings + size,
                                                             [](char byte) { return byte == 0; });
}

/// `available`: bytes from the settings to the end of the block.
bool check_settings(const SpawnBlockHeader& header, const char* settings, std::size_t available) {
    constexpr std::uint32_t known = (SpawnBlockSettings::cgroup_needed << 1) - 1;
    std::uint32_t size = 0;
    if (header.settings_size > available || header.settings_size < sizeof size) return false;
    std::memcpy(&size, settings, sizeof size);
    if (size < sizeof size || size > header.settings_size) return false;
    const SpawnBlockSettings packed =
        read_spawn_settings(header, settings - sizeof(SpawnBlockHeader));
    const std::uint64_t groups = std::uint64_t{packed.group_count} * sizeof(std::uint32_t);
    const std::uint64_t end = size + groups + packed.cgroup_size;
    const bool ends_path =
        packed.cgroup_size == 0 || (end <= available && settings[end - 1] == '\0');
    return end == header.settings_size && ends_path && (packed.has & ~known) == 0 &&
           packed.has_limit < (1U << SpawnBlockSettings::limit_count) &&
           is_unknown_zero(settings, size);
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
    const SpawnSettings& settings = request.settings;
    const auto is_unknown = [](const SpawnLimit& limit) {
        return limit.resource >= SpawnBlockSettings::limit_count;
    };
    if (std::ranges::any_of(settings.limits, is_unknown)) return invalid("there is no such limit");
    std::size_t settings_size = has_settings(settings) ? sizeof(SpawnBlockSettings) : 0;
    if (settings.identity)
        settings_size += settings.identity->groups.size() * sizeof(std::uint32_t);
    if (has_zero_byte(settings.cgroup)) return invalid("no cgroup has a zero byte in its name");
    settings_size += path_of_cgroup(settings).size();
    std::size_t size = sizeof(SpawnBlockHeader) + settings_size + request.working_dir.size() + 1;
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
    header.settings_size = static_cast<std::uint32_t>(settings_size);
    std::memcpy(block.data(), &header, sizeof header);
    if (settings_size > 0) append_settings(block, settings);
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
    const bool has_settings = header.settings_size > 0;
    const std::size_t available = size - sizeof header;
    if (has_settings && !check_settings(header, bytes + sizeof header, available)) {
        return std::nullopt;
    }
    const char* const strings = bytes + sizeof header + header.settings_size;
    const char* const end = bytes + size;
    if (strings == end || end[-1] != '\0') return std::nullopt;
    // In 64 bits the sum can not overflow.
    const std::uint64_t expected =
        std::uint64_t{1} + header.argument_count + header.environment_count;
    if (static_cast<std::uint64_t>(std::count(strings, end, '\0')) != expected) return std::nullopt;
    const bool has_directory = *strings != '\0';
    const bool has_program = header.argument_count > 0 && strings[std::strlen(strings) + 1] != '\0';
    if (!has_directory || !has_program) return std::nullopt;
    return header;
}

SpawnBlockSettings read_spawn_settings(const SpawnBlockHeader& header, const char* bytes) {
    SpawnBlockSettings settings;
    settings.size = 0;
    if (header.settings_size == 0) return settings;
    std::uint32_t size = 0;
    std::memcpy(&size, bytes + sizeof header, sizeof size);
    std::memcpy(static_cast<void*>(&settings),
                bytes + sizeof header,
                std::min<std::size_t>(size, sizeof settings));
    return settings;
}

const char* groups_of_spawn_block(const SpawnBlockSettings& settings, const char* bytes) {
    return bytes + sizeof(SpawnBlockHeader) + settings.size;
}

const char* cgroup_of_spawn_block(const SpawnBlockSettings& settings, const char* bytes) {
    return groups_of_spawn_block(settings, bytes) +
           std::size_t{settings.group_count} * sizeof(std::uint32_t);
}

std::size_t spawn_block_pointers(const SpawnBlockHeader& header) {
    return std::size_t{header.argument_count} + 1 + header.environment_count + 1;
}

SpawnBlock point_into_spawn_block(const SpawnBlockHeader& header, char* bytes, char** pointers) {
    char* string = bytes + sizeof header + header.settings_size;
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
