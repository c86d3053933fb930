#pragma once

#include "devstack/base/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace devstack::project {

/// A file that a plan was made from, as it was then.
struct InputFile {
    std::string path;  ///< "" for the text of the built-in profile.
    std::string text;
    std::string problem;  ///< Why it could not be read; empty if it could.

    bool operator==(const InputFile&) const = default;
};

/// Keeps the inputs of the running plan in `state_dir` (0600), so that a daemon that is started
/// again goes on with the same plan, whatever somebody is editing meanwhile.
Status save_inputs(const std::string& state_dir, const std::vector<InputFile>& inputs);
/// Empty when there are none, or when they are damaged.
std::optional<std::vector<InputFile>> load_saved_inputs(const std::string& state_dir);

}  // namespace devstack::project
