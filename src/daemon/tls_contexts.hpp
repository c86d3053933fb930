#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/probes/probe.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace devstack::daemon {

/// TLS settings shared by all probes that trust the same: made when first needed, since reading the
/// certificates of a system takes milliseconds.
class TlsContexts {
public:
    /// `ca_file` replaces the certificates of the system; it is read anew when it has changed.
    Result<std::shared_ptr<boost::asio::ssl::context>> find_or_make(core::TlsMode mode,
                                                                    const std::string& ca_file);

private:
    struct Entry {
        std::shared_ptr<boost::asio::ssl::context> context;
        std::filesystem::file_time_type changed_at{};
    };
    std::map<std::pair<core::TlsMode, std::string>, Entry> entries_;
};

}  // namespace devstack::daemon
