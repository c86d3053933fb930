#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <string>
#include <vector>

namespace devstack::core::doctor {

/// "thread teller-1 (4711)".
std::string name_of(const ThreadFact& thread);
/// Of the other end that a thread waits for: "127.0.0.1:7529", "port 7529". 0: none.
int port_of_peer(const std::string& peer);
/// The frames that tell something: without those of the C library that only wait or start.
std::vector<std::string> telling_frames(const ThreadFact& thread);
/// It is in a function that waits for a lock. That is what its names say; those of clocks, and of
/// what blocks for something else, are much like them.
bool is_at_lock(const ThreadFact& thread);
/// "cleanup (keys.go:33), called by store (keys.go:27)": the innermost so many of them.
std::string render_calls(std::vector<std::string> frames, std::size_t shown_max);
/// "transfer (bank.cpp:41)": the innermost of them that is the program's own; empty: not known.
std::string place_of(const ThreadFact& thread);

}  // namespace devstack::core::doctor
