#include "core/doctor/facts_json_shapes.hpp"

namespace devstack::core::api {

template <>
const Shape& shape_of<HostEntryFact>() {
    static constexpr Field fields[] = {
        {"name", slot<&HostEntryFact::name>},
        {"address", slot<&HostEntryFact::address>},
        {"where", slot<&HostEntryFact::where>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<NameServerFact>() {
    static constexpr Field fields[] = {
        {"address", slot<&NameServerFact::address>},
        {"where", slot<&NameServerFact::where>},
        {"outcome", slot<&NameServerFact::outcome>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ClockFact>() {
    static constexpr Field fields[] = {
        {"service", slot<&ClockFact::service>},
        {"pid", slot<&ClockFact::pid>},
        {"shift", slot<&ClockFact::shift>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

}  // namespace devstack::core::api
