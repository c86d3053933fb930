// Some of the tables of facts_json.cpp: what databases and stores have told.

#include "devstack/core/doctor/facts_json.hpp"

#include "core/api/json_fields.hpp"

namespace devstack::core::api {

using namespace doctor;

template <>
const Shape& shape_of<LockWaitFact>() {
    static constexpr Field fields[] = {
        {"pid", slot<&LockWaitFact::pid>},
        {"who", slot<&LockWaitFact::who>},
        {"seconds", slot<&LockWaitFact::seconds>},
        {"query", slot<&LockWaitFact::query>},
        {"blocker_pid", slot<&LockWaitFact::blocker_pid>},
        {"blocker", slot<&LockWaitFact::blocker>},
        {"blocker_state", slot<&LockWaitFact::blocker_state>},
        {"blocker_seconds", slot<&LockWaitFact::blocker_seconds>},
        {"blocker_query", slot<&LockWaitFact::blocker_query>},
        {"port", slot<&LockWaitFact::port>},
        {"blocker_port", slot<&LockWaitFact::blocker_port>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<QueueFact>() {
    static constexpr Field fields[] = {
        {"kind", slot<&QueueFact::kind>},
        {"name", slot<&QueueFact::name>},
        {"waiting", slot<&QueueFact::waiting>},
        {"has_told", slot<&QueueFact::has_told>},
        {"consumers", slot<&QueueFact::consumers>},
        {"elsewhere", slot<&QueueFact::elsewhere>},
        {"others", slot<&QueueFact::others>},
        {"idle_takers", slot<&QueueFact::idle_takers>},
        {"has_busy_takers", slot<&QueueFact::has_busy_takers>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<SessionFact>() {
    static constexpr Field fields[] = {
        {"id", slot<&SessionFact::id>},
        {"port", slot<&SessionFact::port>},
        {"service", slot<&SessionFact::service>},
        {"state", slot<&SessionFact::state>},
        {"seconds", slot<&SessionFact::seconds>},
        {"query", slot<&SessionFact::query>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<StoreClientFact>() {
    static constexpr Field fields[] = {
        {"service", slot<&StoreClientFact::service>},
        {"count", slot<&StoreClientFact::count>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

}  // namespace devstack::core::api
