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

/// As the keeper's child does it. Empty when the block is refused.
std::optional<SpawnRequest> decode(std::string bytes) {
    const auto header = check_spawn_block(bytes.data(), bytes.size());
    if (!header) return std::nullopt;
    std::vector<char*> pointers(spawn_block_pointers(*header));
    const SpawnBlock block = point_into_spawn_block(*header, bytes.data(), pointers.data());
    SpawnRequest request;
    request.working_dir = block.working_dir;
    request.parent_death_signal = header->parent_death_signal;
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
    request.environment.emplace_back(spawn_block_max, 'x');
    CHECK(refusal_of(request) == "the command and its environment are too large");
}

TEST_CASE("a block that is cut anywhere is refused", "[unit][spawn_block]") {
    const std::string block = encode(make_request());
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
    const std::string block = encode(make_request());
    std::mt19937 random{4711};  // The same damage every time.
    int accepted = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string damaged = block;
        for (int hits = 0; hits < 3; ++hits)
            damaged[random() % damaged.size()] = static_cast<char>(random() % 256);
        const auto decoded = decode(damaged);
        if (!decoded) continue;
        ++accepted;
        REQUIRE(encode(*decoded).size() == damaged.size());
    }
    CHECK(accepted > 0);
}
