#include "daemon/ledger.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/platform/write_all.hpp"
#include "devstack/project/ledger_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace devstack::daemon {

namespace api = core::api;

namespace {

constexpr mode_t file_mode = 0600;

Error failure(const std::string& path) {
    const int error = errno;
    return {Error::Kind::system, "cannot write " + path + ": " + std::strerror(error)};
}

}  // namespace

Ledger::Ledger(const std::string& state_dir, api::LedgerHeader header)
    : path_{project::ledger_path(state_dir)}, header_{std::move(header)} {}

Status Ledger::add(const api::LedgerTurn& turn) {
    const std::string line = to_text(turn) + "\n";
    if (!platform::write_all(file_.get(), line)) {
        Error error = failure(path_);
        // What was written of it would spoil the next line.
        has_missed_ = true;
        (void)!::ftruncate(file_.get(), static_cast<off_t>(size_));
        return error;
    }
    size_ += line.size();
    return ok();
}

bool Ledger::is_to_be_replaced() const {
    return has_missed_ || size_ > core::limits::ledger_size_max;
}

Status Ledger::replace(const api::LedgerTurn& state) {
    const std::string next = path_ + ".new";
    platform::FileDescriptor file{
        ::open(next.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC, file_mode)};
    const std::string text = to_text(header_) + "\n" + to_text(state) + "\n";
    const bool is_written = file.is_open() && platform::write_all(file.get(), text) &&
                            std::rename(next.c_str(), path_.c_str()) == 0;
    if (!is_written) {
        Error error = failure(path_);
        ::unlink(next.c_str());
        return error;
    }
    file_ = std::move(file);
    // Big from the start when there are many services: it is replaced when it has doubled.
    size_ = text.size() > core::limits::ledger_size_max / 2 ? 0 : text.size();
    has_missed_ = false;
    return ok();
}

void Ledger::remove() {
    ::unlink(path_.c_str());
}

}  // namespace devstack::daemon
