#pragma once

#include <string>

// What lies around programs, and tells them who is where and what time it is.
namespace devstack::core::doctor {

/// A line of /etc/hosts about a name that somebody here uses.
struct HostEntryFact {
    std::string name;
    std::string address;
    std::string where;  ///< "/etc/hosts:9".
};

/// Who is asked for names, where one could not be looked up.
struct NameServerFact {
    std::string address;
    std::string where;    ///< "/etc/resolv.conf:1".
    std::string outcome;  ///< "answers", "no answer", "refused".
};

/// A process whose clock libfaketime shifts.
struct ClockFact {
    std::string service;
    int pid = 0;
    std::string shift;  ///< "-1h".
};

}  // namespace devstack::core::doctor
