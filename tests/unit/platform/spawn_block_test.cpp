#include "devstack/platform/spawn_block.hpp"

#include "support/catch.hpp"

#include <cstring>
#include <random>
#include <vector>

using namespace devstack;
using namespace devstack::platform;

namespace {

SpawnRequest make_request() {
    SpawnRequest request;
    request.argv = {"npm", "run", "", "dev"};
    request.environment = {"PATH=/usr/bin", "EMPTY=", "TEXT=two words"};
    request.working_dir = "/home/chi/shop";
    request.parent_death_signal = 9;
    return request;
}

std::string encode(const SpawnRequest& request) {
    const auto block = encode_spawn_block(request);
    REQUIRE(block.has_value());
    return *block;
}

SpawnSettings make_settings() {
    SpawnSettings settings;
    settings.identity = SpawnIdentity{"", 1000, 1001, {27, 33, 1001}};
    settings.umask = 027;
    settings.limits = {{4, 0, 0}, {7, 100, ~std::uint64_t{}}};
    settings.nice = -5;
    settings.oom_score_adj = 300;
    settings.capabilities = SpawnCapabilities{0xff, 0x1f};
    settings.no_new_privileges = true;
    settings.terminal = SpawnTerminal{24, 80};
    settings.holds_input_open = true;
    return settings;
}

SpawnSettings unpack(const SpawnBlockSettings& packed, const char* groups) {
    using Has = SpawnBlockSettings::Has;
    SpawnSettings settings;
    if (packed.has_any(Has::identity)) {
        settings.identity = SpawnIdentity{"", packed.user, packed.group, {}};
        settings.identity->groups.resize(packed.group_count);
        std::memcpy(settings.identity->groups.data(), groups, packed.group_count * 4);
    }
    if (packed.has_any(Has::umask)) settings.umask = packed.file_mode_mask;
    for (std::uint32_t i = 0; i < SpawnBlockSettings::limit_count; ++i) {
        if ((packed.has_limit >> i & 1) == 0) continue;
        settings.limits.push_back({i, packed.limits[i].soft, packed.limits[i].hard});
    }
    if (packed.has_any(Has::nice)) settings.nice = packed.nice_value;
    if (packed.has_any(Has::oom_score_adj)) settings.oom_score_adj = packed.oom_score;
    if (packed.has_any(Has::capabilities)) {
        settings.capabilities = SpawnCapabilities{packed.bounding, packed.ambient};
    }
    settings.no_new_privileges = packed.has_any(Has::no_new_privileges);
    if (packed.has_any(Has::terminal)) {
        settings.terminal = SpawnTerminal{packed.rows, packed.columns};
    }
    settings.holds_input_open = packed.has_any(Has::open_input);
    return settings;
}

void check_same(const SpawnSettings& a, const SpawnSettings& b) {
    REQUIRE(a.identity.has_value() == b.identity.has_value());
    if (a.identity) {
        CHECK(a.identity->user == b.identity->user);
        CHECK(a.identity->group == b.identity->group);
        CHECK(a.identity->groups == b.identity->groups);
    }
    CHECK(a.umask == b.umask);
    CHECK(a.limits == b.limits);
    CHECK(a.nice == b.nice);
    CHECK(a.oom_score_adj == b.oom_score_adj);
    CHECK(a.capabilities == b.capabilities);
    CHECK(a.no_new_privileges == b.no_new_privileges);
    CHECK(a.terminal == b.terminal);
    CHECK(a.holds_input_open == b.holds_input_open);
}

/// As the keeper's child does it. Empty when the block is refused.
std::optional<SpawnRequest> decode(std::string bytes) {
    const auto header = check_spawn_block(bytes.data(), bytes.size());
    if (!header) return std::nullopt;
    std::vector<char*> pointers(spawn_block_pointers(*header));
    const SpawnBlock block = point_into_spawn_block(*header, bytes.data(), pointers.data());
    SpawnRequest request;
    request.working_dir = block.working_dir;
    request.parent_death_signal = header->parent_death_signal;
    const SpawnBlockSettings settings = read_spawn_settings(*header, bytes.data());
    request.settings = unpack(settings, groups_of_spawn_block(settings, bytes.data()));
    for (char** it = block.argv; *it != nullptr; ++it)
        request.argv.emplace_back(*it);
    for (char** it = block.environment; *it != nullptr; ++it)
        request.environment.emplace_back(*it);
    return request;
}

std::string refusal_of(const SpawnRequest& request) {
    const auto block = encode_spawn_block(request);
    return block ? "" : block.error().message;
}

}  // namespace

TEST_CASE("a spawn request comes out of its block as it went in", "[unit][spawn_block]") {
    const SpawnRequest request = make_request();
    const auto decoded = decode(encode(request));
    REQUIRE(decoded);
    CHECK(decoded->argv == request.argv);
    CHECK(decoded->environment == request.environment);
    CHECK(decoded->working_dir == request.working_dir);
    CHECK(decoded->parent_death_signal == request.parent_death_signal);
}

TEST_CASE("settings come out of a block as they went in, all of them or one",
          "[unit][spawn_block]") {
    SpawnRequest request = make_request();
    request.settings = make_settings();
    auto decoded = decode(encode(request));
    REQUIRE(decoded);
    CHECK(decoded->argv == request.argv);
    CHECK(decoded->environment == request.environment);
    CHECK(decoded->working_dir == request.working_dir);
    check_same(decoded->settings, request.settings);
    request.settings = {};
    request.settings.nice = 0;
    decoded = decode(encode(request));
    REQUIRE(decoded);
    check_same(decoded->settings, request.settings);
}

TEST_CASE("the path of a cgroup stands behind the groups", "[unit][spawn_block]") {
    SpawnRequest request = make_request();
    request.settings = make_settings();
    request.settings.cgroup = "/sys/fs/cgroup/devstack-1/api";
    request.settings.needs_cgroup = true;
    const std::string block = encode(request);
    const auto header = check_spawn_block(block.data(), block.size());
    REQUIRE(header);
    const SpawnBlockSettings packed = read_spawn_settings(*header, block.data());
    CHECK(packed.has_any(SpawnBlockSettings::cgroup_needed));
    CHECK(std::string{cgroup_of_spawn_block(packed, block.data())} ==
          "/sys/fs/cgroup/devstack-1/api/cgroup.procs");
    CHECK(decode(block)->argv == request.argv);
    // One that does not end is none.
    std::string torn = block;
    torn[sizeof(SpawnBlockHeader) + header->settings_size - 1] = 'x';
    CHECK_FALSE(check_spawn_block(torn.data(), torn.size()));
    request.settings.cgroup += '\0';
    CHECK(refusal_of(request) == "no cgroup has a zero byte in its name");
}

TEST_CASE("a block without settings is the one that it always was", "[unit][spawn_block]") {
    const std::string block = encode({{"a", "b"}, {"C=d"}, "/e", 15});
    CHECK(block == std::string("\x02\0\0\0\x01\0\0\0\x0f\0\0\0\0\0\0\0/e\0a\0b\0C=d\0", 27));
}

namespace {

/// A block whose settings have `added` at their end.
std::string with_longer_settings(const std::string& added) {
    SpawnRequest request = make_request();
    request.settings.nice = 5;
    std::string block = encode(request);
    SpawnBlockHeader header;
    std::memcpy(&header, block.data(), sizeof header);
    const auto size = static_cast<std::uint32_t>(header.settings_size + added.size());
    header.settings_size = size;
    std::memcpy(block.data(), &header, sizeof header);
    std::memcpy(block.data() + sizeof header, &size, sizeof size);
    block.insert(sizeof header + sizeof(SpawnBlockSettings), added);
    return block;
}

}  // namespace

TEST_CASE("settings that have grown are taken as long as nothing unknown is asked for",
          "[unit][spawn_block]") {
    const auto decoded = decode(with_longer_settings(std::string(16, '\0')));
    REQUIRE(decoded);
    CHECK(decoded->settings.nice == 5);
    CHECK(decoded->argv == make_request().argv);
    CHECK_FALSE(decode(with_longer_settings(std::string(15, '\0') + "x")));
    SpawnRequest request = make_request();
    request.settings.nice = 5;
    std::string block = encode(request);
    block[sizeof(SpawnBlockHeader) + offsetof(SpawnBlockSettings, has) + 3] = '\x80';
    CHECK_FALSE(decode(block));
}

TEST_CASE("settings that are shorter than ours ask for nothing in the rest",
          "[unit][spawn_block]") {
    SpawnRequest request = make_request();
    request.settings.nice = 5;
    std::string block = encode(request);
    constexpr std::uint32_t size = offsetof(SpawnBlockSettings, bounding);
    SpawnBlockHeader header;
    std::memcpy(&header, block.data(), sizeof header);
    header.settings_size = size;
    std::memcpy(block.data(), &header, sizeof header);
    std::memcpy(block.data() + sizeof header, &size, sizeof size);
    block.erase(sizeof header + size, sizeof(SpawnBlockSettings) - size);
    const auto decoded = decode(block);
    REQUIRE(decoded);
    check_same(decoded->settings, request.settings);
    CHECK(decoded->argv == request.argv);
}

TEST_CASE("a request without arguments and environment is a block too", "[unit][spawn_block]") {
    const auto decoded = decode(encode({{"true"}, {}, "/", 0}));
    REQUIRE(decoded);
    CHECK(decoded->argv == std::vector<std::string>{"true"});
    CHECK(decoded->environment.empty());
}

TEST_CASE("what execve could not express is refused", "[unit][spawn_block]") {
    SpawnRequest request = make_request();
    request.argv.clear();
    CHECK(refusal_of(request) == "there is no program to start");
    request.argv = {""};
    CHECK(refusal_of(request) == "there is no program to start");
    request = make_request();
    request.working_dir.clear();
    CHECK(refusal_of(request) == "there is no directory to start in");
    const std::string zero_byte =
        "a command, its directory and its environment can not hold a zero byte";
    for (std::string SpawnRequest::*text : {&SpawnRequest::working_dir}) {
        request = make_request();
        (request.*text).push_back('\0');
        CHECK(refusal_of(request) == zero_byte);
    }
    for (std::vector<std::string> SpawnRequest::*texts :
         {&SpawnRequest::argv, &SpawnRequest::environment}) {
        request = make_request();
        (request.*texts).back().push_back('\0');
        CHECK(refusal_of(request) == zero_byte);
    }
    request = make_request();
    request.settings.limits = {{SpawnBlockSettings::limit_count, 0, 0}};
    CHECK(refusal_of(request) == "there is no such limit");
    request = make_request();
    request.environment.emplace_back(spawn_block_max, 'x');
    CHECK(refusal_of(request) == "the command and its environment are too large");
}

TEST_CASE("a block that is cut anywhere is refused", "[unit][spawn_block]") {
    SpawnRequest request = make_request();
    if (GENERATE(true, false)) request.settings = make_settings();
    const std::string block = encode(request);
    for (std::size_t size = 0; size < block.size(); ++size)
        REQUIRE_FALSE(decode(block.substr(0, size)));
    CHECK_FALSE(decode(block + '\0'));
    CHECK_FALSE(decode(block + "x"));
}

TEST_CASE("a block whose counts lie is refused", "[unit][spawn_block]") {
    const auto with_counts = [](std::uint32_t arguments, std::uint32_t variables) {
        std::string block = encode(make_request());
        const SpawnBlockHeader header{arguments, variables, 0, 0};
        std::memcpy(block.data(), &header, sizeof header);
        return block;
    };
    CHECK(decode(with_counts(4, 3)));
    CHECK(decode(with_counts(7, 0)));  // Another request, but a sound one.
    CHECK_FALSE(decode(with_counts(0, 7)));
    CHECK_FALSE(decode(with_counts(4, 4)));
    CHECK_FALSE(decode(with_counts(4, 2)));
    CHECK_FALSE(decode(with_counts(0xffffffff, 0xffffffff)));
    CHECK_FALSE(decode(with_counts(8, 0xffffffff)));
}

TEST_CASE("a damaged block never leads outside of itself", "[unit][spawn_block]") {
    SpawnRequest request = make_request();
    const bool has_settings = GENERATE(true, false);
    if (has_settings) request.settings = make_settings();
    const std::string block = encode(request);
    std::mt19937 random{4711};  // The same damage every time.
    int accepted = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string damaged = block;
        for (int hits = 0; hits < 3; ++hits)
            damaged[random() % damaged.size()] = static_cast<char>(random() % 256);
        const auto decoded = decode(damaged);
        if (!decoded) continue;
        ++accepted;
        REQUIRE((has_settings || encode(*decoded).size() == damaged.size()));
    }
    CHECK(accepted > 0);
}
