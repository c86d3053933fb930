// What processes are at: some of the tables of facts_json.cpp.

#include "devstack/core/doctor/facts_json.hpp"

#include "core/api/json_fields.hpp"

namespace devstack::core::api {

using namespace doctor;

template <>
const Shape& shape_of<ThreadFact>() {
    static constexpr Field fields[] = {
        {"pid", slot<&ThreadFact::pid>},
        {"thread", slot<&ThreadFact::thread>},
        {"name", slot<&ThreadFact::name>},
        {"state", slot<&ThreadFact::state>},
        {"system_call", slot<&ThreadFact::system_call>},
        {"wait_channel", slot<&ThreadFact::wait_channel>},
        {"lock_owner", slot<&ThreadFact::lock_owner>},
        {"lock", slot<&ThreadFact::lock>},
        {"peer", slot<&ThreadFact::peer>},
        {"fifo", slot<&ThreadFact::fifo>},
        {"fifo_end", slot<&ThreadFact::fifo_end>},
        {"frames", slot<&ThreadFact::frames>},
        {"language", slot<&ThreadFact::language>},
        {"wanted_cpu_percent", slot<&ThreadFact::wanted_cpu_percent>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<GoFrameFact>() {
    static constexpr Field fields[] = {
        {"function", slot<&GoFrameFact::function>},
        {"file", slot<&GoFrameFact::file>},
        {"line", slot<&GoFrameFact::line>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<GoroutineFact>() {
    static constexpr Field fields[] = {
        {"pid", slot<&GoroutineFact::pid>},
        {"number", slot<&GoroutineFact::number>},
        {"count", slot<&GoroutineFact::count>},
        {"state", slot<&GoroutineFact::state>},
        {"seconds", slot<&GoroutineFact::seconds>},
        {"frames", slot<&GoroutineFact::frames>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<PeerFact>() {
    static constexpr Field fields[] = {
        {"pid", slot<&PeerFact::pid>},
        {"peer", slot<&PeerFact::peer>},
        {"count", slot<&PeerFact::count>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

}  // namespace devstack::core::api
