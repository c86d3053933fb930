#pragma once

namespace devstack::cli {

// The same program is also keeper and daemon: `devstack __keeper …`, `devstack __daemon …`. Nobody
// types these; they are started by `up` and by the keeper. Both return the process's exit code.
int run_keeper_mode(int argc, char** argv);
int run_daemon_mode(int argc, char** argv);
/// Looks at a project for its daemon, and prints a diagnosis as JSON.
int run_doctor_mode(int argc, char** argv);
int run_compress_mode(int argc, char** argv);

}  // namespace devstack::cli
