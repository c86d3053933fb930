// Any bytes as an event journal: reading must end, and every event has one place.

#include "devstack/project/event_reader.hpp"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using namespace devstack;

namespace {

void expect(bool condition) {
    if (!condition) std::abort();
}

const std::string& directory() {
    static const std::string made = [] {
        std::string pattern = (std::filesystem::temp_directory_path() / "dsfuzzXXXXXX").string();
        return std::string{::mkdtemp(pattern.data())};
    }();
    return made;
}

project::EventAnswer read(const project::EventQuery& query) {
    auto answer = project::read_events(directory(), query);
    expect(answer.has_value());
    return std::move(*answer);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{static_cast<const char*>(static_cast<const void*>(data)), size};
    const std::size_t half = size / 2;
    std::ofstream{directory() + "/events.jsonl.1", std::ios::binary} << bytes.substr(0, half);
    std::ofstream{directory() + "/events.jsonl", std::ios::binary} << bytes.substr(half);
    project::EventQuery query;
    const auto all = read(query);
    std::uint64_t last = 0;
    for (const auto& event : all.events) {
        expect(event.sequence > last);
        last = event.sequence;
    }
    query.tail = 2;
    const auto tail = read(query);
    expect(tail.events.size() <= 2);
    query.after = last / 2;
    query.events_max = 1;
    const auto some = read(query);
    expect(some.events.empty() || some.events[0].sequence > last / 2);
    return 0;
}
