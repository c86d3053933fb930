#include "daemon/prepare_stamp.hpp"

#include "devstack/base/shown_path.hpp"

#include "daemon/file_signature.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <glob.h>

namespace devstack::daemon {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> expand(const std::vector<std::string>& patterns) {
    std::vector<std::string> files;
    for (const std::string& pattern : patterns) {
        glob_t found{};
        if (::glob(pattern.c_str(), GLOB_NOCHECK | GLOB_BRACE, nullptr, &found) == 0) {
            files.insert(files.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
        }
        ::globfree(&found);
    }
    return files;
}

/// FNV-1a of the content; a missing file has a value of its own. Content and not time: a checkout
/// touches files without changing them.
std::string digest_of(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) return "missing";
    std::uint64_t hash = 14695981039346656037U;
    std::array<char, 65536> buffer;
    while (file.read(buffer.data(), buffer.size()) || file.gcount() > 0) {
        for (std::streamsize i = 0; i < file.gcount(); ++i) {
            hash ^= static_cast<unsigned char>(buffer[static_cast<std::size_t>(i)]);
            hash *= 1099511628211U;
        }
    }
    std::ostringstream text;
    text << std::hex << hash;
    return text.str();
}

std::map<std::string, std::string> digests_of(const core::PrepareStep& step) {
    std::map<std::string, std::string> digests;
    for (const std::string& file : expand(step.inputs))
        digests[file] = digest_of(file);
    return digests;
}

bool is_newer_than_all(const std::string& created, const std::vector<std::string>& inputs) {
    std::error_code error;
    const auto made = fs::last_write_time(created, error);
    if (error) return false;
    return std::ranges::all_of(inputs, [&](const std::string& input) {
        std::error_code ignored;
        return fs::last_write_time(input, ignored) <= made;
    });
}

}  // namespace

std::string PrepareStamps::file_of(const core::ServicePlan& service) const {
    return dir_ + "/" + service.name;
}

PrepareStamps::Answer PrepareStamps::check(const core::ServicePlan& service,
                                           const std::string& project_dir) const {
    const core::PrepareStep& step = *service.prepare;
    if (step.creates.empty() && step.inputs.empty()) return {true, "it runs before every start"};
    std::error_code ignored;
    if (!step.creates.empty() && !fs::exists(step.creates, ignored)) {
        return {true, shown_path(step.creates, project_dir) + " is missing"};
    }
    if (step.inputs.empty()) return {};

    std::ifstream stamp{file_of(service)};
    if (!stamp) {
        // Somebody else prepared it before devstack came: believe the times.
        if (!step.creates.empty() && is_newer_than_all(step.creates, expand(step.inputs))) {
            return {};
        }
        return {true, "it has not run here yet"};
    }
    std::map<std::string, std::string> recorded;
    for (std::string line; std::getline(stamp, line);) {
        const std::size_t space = line.find(' ');
        if (space != std::string::npos) recorded[line.substr(space + 1)] = line.substr(0, space);
    }
    for (const auto& [file, digest] : digests_of(step)) {
        const auto found = recorded.find(file);
        if (found == recorded.end() || found->second != digest) {
            return {true, shown_path(file, project_dir) + " has changed since it ran"};
        }
    }
    return {};
}

std::string PrepareStamps::signature_of(const core::ServicePlan& service) const {
    std::string signature = signature_of_file(file_of(service));
    if (!service.prepare->creates.empty()) {
        signature += signature_of_file(service.prepare->creates);
    }
    for (const std::string& input : expand(service.prepare->inputs))
        signature += signature_of_file(input);
    return signature;
}

Status PrepareStamps::record(const core::ServicePlan& service) const {
    std::error_code error;
    fs::create_directories(dir_, error);
    const std::string path = file_of(service);
    const std::string fresh = path + ".new";
    {
        std::ofstream file{fresh, std::ios::trunc};
        for (const auto& [input, digest] : digests_of(*service.prepare)) {
            file << digest << ' ' << input << '\n';
        }
        file.flush();
        if (!file) return Error{Error::Kind::system, "cannot write " + fresh};
    }
    fs::rename(fresh, path, error);
    if (error) return Error{Error::Kind::system, "cannot rename " + fresh + ": " + error.message()};
    return ok();
}

}  // namespace devstack::daemon
