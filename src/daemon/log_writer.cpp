#include "devstack/daemon/log_writer.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/platform/clock.hpp"

#include "daemon/capture_file.hpp"
#include "daemon/log_cap.hpp"
#include "daemon/pipe_peek.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <sys/ioctl.h>

// A pipe is either armed (it was found empty, and the loop tells when there is something in it), or
// parked (it has given little: one timer for all of them comes half a millisecond later, and many
// lines cost as much as one), or next in turn (it has given much). Nothing wakes up while nobody
// writes. A parked pipe is not in the epoll set: of a pipe in there every single write wakes us.
//
// Callbacks are posted, never called from within a turn: they may do what they like with us.

namespace devstack::daemon {

namespace {

namespace asio = boost::asio;
namespace limits = core::limits;
using namespace std::chrono_literals;

/// The kernel may refuse, then the pipe stays as it is. A terminal is no pipe.
void grow_pipe(CaptureSource& source, int wish) {
    int size = ::fcntl(source.pipe, F_SETPIPE_SZ, wish);
    if (size < 0) size = ::fcntl(source.pipe, F_GETPIPE_SZ);
    if (size > 0) source.half_size = static_cast<std::size_t>(size) / 2;
    if (size < 0) source.is_terminal = source.needs_copy = true;
}

void prepare_pipe(CaptureSource& source) {
    int is_nonblocking = 1;
    ::ioctl(source.pipe, FIONBIO, &is_nonblocking);
    grow_pipe(source, limits::output_pipe_size);
}

bool is_full(std::size_t taken, std::size_t half_size) {
    return taken + taken / 3 >= 2 * half_size;
}

/// How fast a pipe fills, measured over at least a fifth of a millisecond: single turns say
/// nothing.
class FillRate {
public:
    void add(std::size_t taken, std::size_t half_size, TimePoint now) {
        bytes_ += taken;
        // A child that had to wait for us would have written more.
        has_been_full_ |= is_full(taken, half_size);
        const Duration elapsed = now - begin_;
        if (elapsed < 200us) return;
        const double fills = static_cast<double>(bytes_) / static_cast<double>(half_size);
        const double seconds = std::chrono::duration<double>(elapsed).count();
        time_to_fill_ = seconds / fills / (has_been_full_ ? 2 : 1);
        begin_ = now;
        bytes_ = 0;
        has_been_full_ = false;
    }
    /// Seconds until the pipe is half full.
    double time_to_fill() const { return time_to_fill_; }

private:
    TimePoint begin_{};
    std::size_t bytes_ = 0;
    bool has_been_full_ = false;
    double time_to_fill_ = 1;
};

std::size_t bytes_waiting(const CaptureSource& source) {
    int count = 0;
    // A terminal counts only what has gone through its line discipline, which may be behind.
    if (source.is_terminal) return limits::capture_turn_max;
    if (::ioctl(source.pipe, FIONREAD, &count) != 0 || count < 0) return limits::capture_turn_max;
    return static_cast<std::size_t>(count);
}

}  // namespace

class LogWriter::Implementation {
public:
    Implementation(asio::io_context& loop, std::string log_dir, Observer observer)
        : loop_{loop},
          log_dir_{std::move(log_dir)},
          observer_{std::move(observer)},
          coalesce_timer_{loop} {}
    ~Implementation() {
        for (auto& [id, pipe] : pipes_) {
            disarm(pipe);
        }
    }
    Implementation(const Implementation&) = delete;
    Implementation& operator=(const Implementation&) = delete;

    void capture(const std::string& service,
                 CaptureSource source,
                 platform::FileDescriptor pipe,
                 std::function<void()> at_end);
    void drain(const std::string& service);

private:
    using PipeId = std::uint64_t;
    struct Service {
        explicit Service(CaptureFile captured) : file{std::move(captured)} {}
        CaptureFile file;
        std::vector<PipeId> pipes;
        bool has_grown = false;
    };
    struct Pipe {
        platform::FileDescriptor file;
        asio::posix::stream_descriptor armed;  ///< Has the descriptor while it is not parked.
        CaptureSource source;
        std::string service;
        std::function<void()> at_end;
        FillRate rate;
    };
    struct Parked {
        PipeId id;
        TimePoint due;
    };

    template <typename Callback>
    auto while_alive(Callback callback);
    void arm(PipeId id);
    static void disarm(Pipe& pipe);
    void park(PipeId id, TimePoint due);
    void set_timer(TimePoint due);
    void wake_parked();
    void take_turn(PipeId id);
    CaptureTurn take(Pipe& pipe, std::size_t max);
    void finish(PipeId id);
    void tell(const std::string& service, const std::string& what);
    void tell_notices(const std::string& service, CaptureFile& file);
    void keep_within_size();
    void tell_rotated(const std::string& service);
    void tell_grown();

    asio::io_context& loop_;
    std::string log_dir_;
    Observer observer_;
    PipePeek peek_;
    asio::steady_timer coalesce_timer_;
    std::map<std::string, Service> services_;
    std::map<PipeId, Pipe> pipes_;
    PipeId last_id_ = 0;
    std::vector<Parked> parked_;
    std::vector<Parked> woken_;  ///< Here to keep its memory.
    TimePoint timer_due_ = TimePoint::max();
    std::size_t parked_before_ = 0;
    std::vector<std::string> grown_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// A handler that does nothing when the writer is gone before it is called.
template <typename Callback>
auto LogWriter::Implementation::while_alive(Callback callback) {
    return [weak = std::weak_ptr<bool>{alive_}, callback = std::move(callback)](auto... arguments) {
        if (!weak.expired()) callback(arguments...);
    };
}

void LogWriter::Implementation::capture(const std::string& service,
                                        CaptureSource source,
                                        platform::FileDescriptor pipe,
                                        std::function<void()> at_end) {
    source.pipe = pipe.get();
    prepare_pipe(source);
    auto entry = services_.try_emplace(service, CaptureFile{log_dir_, service, peek_}).first;
    const PipeId id = ++last_id_;
    entry->second.pipes.push_back(id);
    pipes_.emplace(id,
                   Pipe{std::move(pipe),
                        asio::posix::stream_descriptor{loop_},
                        source,
                        service,
                        std::move(at_end),
                        {}});
    arm(id);
}

void LogWriter::Implementation::arm(PipeId id) {
    Pipe& pipe = pipes_.find(id)->second;
    boost::system::error_code error;
    if (!pipe.armed.is_open()) pipe.armed.assign(pipe.file.get(), error);
    if (error) {
        tell(pipe.service, "cannot capture " + pipe.service + ": " + error.message());
        finish(id);
        return;
    }
    pipe.armed.async_wait(asio::posix::stream_descriptor::wait_read,
                          while_alive([this, id](const boost::system::error_code& failed) {
                              if (failed) return;
                              take_turn(id);
                          }));
}

void LogWriter::Implementation::disarm(Pipe& pipe) {
    if (pipe.armed.is_open()) pipe.armed.release();
}

void LogWriter::Implementation::park(PipeId id, TimePoint due) {
    disarm(pipes_.find(id)->second);
    parked_.push_back({id, due});
    if (due < timer_due_) set_timer(due);
}

void LogWriter::Implementation::set_timer(TimePoint due) {
    timer_due_ = due;
    coalesce_timer_.expires_at(due);
    coalesce_timer_.async_wait(while_alive([this](const boost::system::error_code& error) {
        if (!error) wake_parked();
    }));
}

void LogWriter::Implementation::wake_parked() {
    const TimePoint now = platform::now() + limits::capture_coalesce_delay_min;
    woken_.swap(parked_);
    parked_before_ = woken_.size();
    timer_due_ = TimePoint::max();
    for (const Parked& woken : woken_) {
        if (woken.due <= now) {
            take_turn(woken.id);
        } else {
            park(woken.id, woken.due);
        }
    }
    woken_.clear();
}

void LogWriter::Implementation::take_turn(PipeId id) {
    const auto pipe = pipes_.find(id);
    if (pipe == pipes_.end()) return;
    const CaptureTurn turn = take(pipe->second, limits::capture_turn_max);
    if (turn.is_closed) {
        finish(id);
        return;
    }
    if (turn.taken == 0) return arm(id);
    const TimePoint now = platform::now();
    CaptureSource& source = pipe->second.source;
    pipe->second.rate.add(turn.taken, source.half_size, now);
    if (is_full(turn.taken, source.half_size) && !std::exchange(source.has_grown, true)) {
        grow_pipe(source, limits::output_pipe_size_max);
    }
    // As many pipes will be parked as the last time, mostly.
    const Duration longest = std::max<Duration>(
        limits::capture_coalesce_delay, limits::capture_coalesce_delay_per_pipe * parked_before_);
    const double seconds =
        std::min(std::chrono::duration<double>(longest).count(), pipe->second.rate.time_to_fill());
    const auto delay = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
    if (delay >= limits::capture_coalesce_delay_min) return park(id, now + delay);
    if (turn.is_empty) return arm(id);
    asio::post(loop_, while_alive([this, id] { take_turn(id); }));
}

CaptureTurn LogWriter::Implementation::take(Pipe& pipe, std::size_t max) {
    Service& service = services_.find(pipe.service)->second;
    const CaptureTurn turn = service.file.take(pipe.source, max);
    tell_notices(pipe.service, service.file);
    if (service.file.take_rotated()) {
        keep_within_size();
        tell_rotated(pipe.service);
    }
    if (!turn.has_grown || std::exchange(service.has_grown, true)) return turn;
    if (grown_.empty()) asio::post(loop_, while_alive([this] { tell_grown(); }));
    grown_.push_back(pipe.service);
    return turn;
}

void LogWriter::Implementation::tell(const std::string& service, const std::string& what) {
    if (!observer_.noticed) return;
    asio::post(loop_, while_alive([this, service, what] { observer_.noticed(service, what); }));
}

void LogWriter::Implementation::tell_notices(const std::string& service, CaptureFile& file) {
    for (const std::string& notice : file.take_notices()) {
        tell(service, notice);
    }
}

void LogWriter::Implementation::keep_within_size() {
    if (!observer_.size_max) return;
    if (const auto removed = remove_oldest_logs(log_dir_, observer_.size_max())) {
        tell("", *removed);
    }
}

void LogWriter::Implementation::tell_rotated(const std::string& service) {
    if (!observer_.rotated) return;
    asio::post(loop_, while_alive([this, service] { observer_.rotated(service); }));
}

void LogWriter::Implementation::tell_grown() {
    const auto grown = std::exchange(grown_, {});
    for (const std::string& name : grown) {
        services_.find(name)->second.has_grown = false;
    }
    const std::weak_ptr<bool> alive = alive_;
    for (const std::string& name : grown) {
        if (alive.expired() || !observer_.grown) return;
        observer_.grown(name);
    }
}

void LogWriter::Implementation::finish(PipeId id) {
    const auto pipe = pipes_.find(id);
    const auto service = services_.find(pipe->second.service);
    std::erase(service->second.pipes, id);
    if (service->second.pipes.empty()) service->second.file.close();
    tell_notices(service->first, service->second.file);
    if (pipe->second.at_end) {
        asio::post(loop_, while_alive([at_end = std::move(pipe->second.at_end)] { at_end(); }));
    }
    disarm(pipe->second);
    pipes_.erase(pipe);
}

void LogWriter::Implementation::drain(const std::string& service) {
    const auto found = services_.find(service);
    if (found == services_.end()) return;
    for (const PipeId id : found->second.pipes) {
        Pipe& pipe = pipes_.find(id)->second;
        // Only what is there now: somebody may go on writing without end.
        std::size_t left = bytes_waiting(pipe.source);
        while (left > 0) {
            const CaptureTurn turn = take(pipe, left);
            if (turn.taken == 0) break;
            left -= std::min(left, turn.taken);
        }
    }
}

LogWriter::LogWriter(boost::asio::io_context& loop, std::string log_dir, Observer observer)
    : implementation_{
          std::make_unique<Implementation>(loop, std::move(log_dir), std::move(observer))} {}

LogWriter::~LogWriter() = default;

void LogWriter::capture(const std::string& service,
                        std::uint32_t run,
                        core::LogStream stream,
                        platform::FileDescriptor pipe,
                        std::function<void()> at_end) {
    CaptureSource source;
    source.run = run;
    source.stream = stream;
    implementation_->capture(service, source, std::move(pipe), std::move(at_end));
}

void LogWriter::drain(const std::string& service) {
    implementation_->drain(service);
}

}  // namespace devstack::daemon
