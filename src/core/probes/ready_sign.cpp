#include "devstack/core/probes/ready_sign.hpp"

#include "devstack/base/match.hpp"

namespace devstack::core {

namespace {

std::string describe_source(const LogSign& sign) {
    return sign.stream ? std::string{name_of(*sign.stream)} : "output";
}

}  // namespace

std::string describe(const ReadySign& sign) {
    return match(
        sign,
        [](const LogSign& it) {
            return "a line of its " + describe_source(it) + " matches \"" + it.pattern + "\"";
        },
        [](const NotifySign&) { return std::string{"it says READY=1"}; });
}

std::string describe_absence(const ReadySign& sign) {
    return match(
        sign,
        [](const LogSign& it) {
            return "no line of its " + describe_source(it) + " has matched \"" + it.pattern + "\"";
        },
        [](const NotifySign&) { return std::string{"it has not said READY=1"}; });
}

}  // namespace devstack::core
