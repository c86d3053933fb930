#pragma once

#include "core/doctor/picture.hpp"

#include <string>

namespace devstack::core::doctor {

/// "crypto.pbkdf2Sync" of a place like "verify (auth.js:2), called by login (auth.js:9)": the call
/// in that line which computes, or waits, in the thread of the event loop (Node.js, "Don't Block
/// the Event Loop"). Empty: none is known to be there.
std::string find_blocking_call(const std::string& place, const Picture& picture);

/// A process that is busy at such a place computes rather than spins: it would come to an end, and
/// begin again with the next request. Where none is known, the finding stays as it is.
void tell_blocking_call(const ServiceFact& service,
                        const std::string& place,
                        const Picture& picture,
                        Finding& finding);

}  // namespace devstack::core::doctor
