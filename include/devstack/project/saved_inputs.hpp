#pragma once

#include "devstack/base/result.hpp"

#include <cstdint>
#include <optional>
#include <set>
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

/// Keeps the inputs of a plan in `state_dir` (0600), so that a daemon that is started again goes on
/// with the same plan, whatever somebody is editing meanwhile. Each plan that takes the place of
/// another one has inputs of its own `number`; which ones are in force stands in the ledger.
Status save_inputs(const std::string& state_dir,
                   std::uint32_t number,
                   const std::vector<InputFile>& inputs);
/// Empty when there are none, or when they are damaged.
std::optional<std::vector<InputFile>> load_saved_inputs(const std::string& state_dir,
                                                        std::uint32_t number);
/// Removes all but these.
void remove_saved_inputs(const std::string& state_dir, const std::set<std::uint32_t>& kept);

}  // namespace devstack::project
